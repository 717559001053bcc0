"""What recipes for GitOps controllers are held against: Argo CD's own code, and the resources they are pasted into.

Built once from pinned Go modules into the user's cache.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import go
from sandbox.commands import run_command
from sandbox.errors import SandboxError
from sandbox.kept import cache_folder
from sandbox.modules import Module, build_lock

Say = Callable[[str], None]
HACK = Path(__file__).parent.parent
ARGO_CD = Module(HACK / "argocd", ("modelward.dev/hack/argocd",), 240)
DEFINITIONS = HACK / "crds"
FILES = {
    "github.com/argoproj/argo-cd/v3": "manifests/crds/application-crd.yaml",
    "github.com/fluxcd/helm-controller": "config/crd/bases/helm.toolkit.fluxcd.io_helmreleases.yaml",
    "github.com/fluxcd/kustomize-controller": "config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml",
}
Json = dict[str, Any]


@dataclass(frozen=True)
class GitOps:
    """The program, and the folder of the definitions."""

    program: Path
    folder: Path

    @property
    def definitions(self) -> list[Path]:
        """The CustomResourceDefinitions of Application, HelmRelease and Kustomization."""
        return [self.folder / Path(file).name for file in FILES.values()]

    def argo_cd(self, data: dict[str, str], *tasks: Json) -> list[Any]:
        """Have Argo CD read a ConfigMap's data and do tasks; hack/argocd/main.go says which there are."""
        done = run_command([self.program], stdin=json.dumps({"data": data, "tasks": tasks}))
        if done.returncode:
            raise SandboxError(f"Argo CD does not take it: {done.stderr.strip()[-2000:]}")
        answers: list[Any] = json.loads(done.stdout)
        return answers


def build(say: Say = print) -> GitOps:
    """Build what is not built yet; a second call, or a second clone, finds it there."""
    program = ARGO_CD.build(say) / "argocd"
    folder = cache_folder() / f"definitions-{_digest()}"
    if not folder.exists():
        with build_lock(say):
            if not folder.exists():
                _collect(folder, say)
    return GitOps(program, folder)


def _digest() -> str:
    digest = hashlib.sha256(repr(FILES).encode())
    for path in sorted(DEFINITIONS.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _collect(folder: Path, say: Say) -> None:
    """Collect beside the final place and rename: what stands there is whole."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="building-") as scratch:
        out = Path(scratch) / "definitions"
        out.mkdir()
        for module, source in _download(go.find(say)).items():
            shutil.copyfile(source / FILES[module], out / Path(FILES[module]).name)
        out.rename(folder)


def _download(tool: Path) -> dict[str, Path]:
    """Fetch the modules that publish the definitions, held against go.sum; nothing of them is built."""
    said = go.run(tool, DEFINITIONS, "mod", "download", "-json", *FILES)
    decoder, modules = json.JSONDecoder(), dict[str, Path]()
    while said.strip():
        found, end = decoder.raw_decode(said.lstrip())
        modules[found["Path"]] = Path(found["Dir"])
        said = said.lstrip()[end:]
    return modules


if __name__ == "__main__":
    build()
