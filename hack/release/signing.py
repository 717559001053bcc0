"""Signatures: made and checked with a key pair of this moment, as the workflow makes them without a key of its own."""

from pathlib import Path

from release.errors import ReleaseError
from release.running import run_ok
from sandbox.commands import run_command
from sandbox.modules import Module, Say

COSIGN = Module(Path(__file__).parent / "cosign", ("github.com/sigstore/cosign/v3/cmd/cosign",), 300)
OFFLINE = ("--tlog-upload=false", "--use-signing-config=false", "--yes")


def check_signing(files: list[Path], scratch: Path, say: Say) -> str:
    """Raise ReleaseError unless each file's signature holds, and no longer when one byte was added."""
    cosign, environment = COSIGN.build(say) / "cosign", {"COSIGN_PASSWORD": ""}
    run_ok(cosign, "generate-key-pair", folder=scratch, environment=environment)
    key, public = scratch / "cosign.key", scratch / "cosign.pub"
    for file in files:
        bundle = scratch / f"{file.name}.sigstore.json"
        run_ok(cosign, "sign-blob", "--key", key, "--bundle", bundle, *OFFLINE, file, environment=environment)
        verify = (cosign, "verify-blob", "--key", public, "--bundle", bundle, "--insecure-ignore-tlog=true")
        run_ok(*verify, file)
        changed = scratch / f"changed-{file.name}"
        changed.write_bytes(file.read_bytes() + b"\0")
        if run_command((*verify, changed)).returncode == 0:
            raise ReleaseError(f"a changed {file.name} still has a good signature")
    return f"{len(files)} files signed with a key pair of this moment, and a changed byte found out"
