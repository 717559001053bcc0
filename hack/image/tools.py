"""What builds images: Docker where an engine answers, else buildah, which needs none. Command lines, and their run."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from sandbox.commands import run_command
from sandbox.errors import SandboxError

Command = list[str]


@dataclass(frozen=True)
class Recipe:
    """One image: what it is called, what it is made of, and the build's arguments."""

    name: str
    dockerfile: Path
    context: Path
    arguments: tuple[tuple[str, str], ...] = ()

    @property
    def flags(self) -> Command:
        """What docker and buildah both understand."""
        given = [part for key, value in self.arguments for part in ("--build-arg", f"{key}={value}")]
        return ["--file", str(self.dockerfile), "--tag", self.name, *given, str(self.context)]


@dataclass(frozen=True)
class Docker:
    """A Docker engine; bases come from its registry, packages from the network."""

    title = "Docker"
    is_offline = False

    def build_command(self, recipe: Recipe) -> Command:
        """Build an image."""
        return ["docker", "build", "--quiet", *recipe.flags]

    def save_command(self, name: str, file: Path) -> Command:
        """Write an image into a file."""
        return ["docker", "save", "--output", str(file), name]


@dataclass(frozen=True)
class Buildah:
    """buildah with a store of its own: no engine, no network, and as root no more than a chroot."""

    store: Path
    driver: str
    title = "buildah"
    is_offline = True

    @property
    def program(self) -> Command:
        """Buildah on our store, so that nobody else's images are seen or changed."""
        places = ["--root", str(self.store / "root"), "--runroot", str(self.store / "run")]
        return ["buildah", *places, "--storage-driver", self.driver]

    def build_command(self, recipe: Recipe) -> Command:
        """Build an image of bases that are there."""
        return [*self.program, "build", "--quiet", "--pull-never", "--isolation", "chroot", *recipe.flags]

    def save_command(self, name: str, file: Path) -> Command:
        """Write an image into a file: an archive with a name inside, which the kubelet finds it by."""
        return [*self.program, "push", "--quiet", name, f"docker-archive:{file}:{name}"]

    def import_commands(self, tar: Path, name: str, container: str) -> list[Command]:
        """Make an image of one layer out of a file system in a tar file."""
        return [
            [*self.program, "from", "--quiet", "--name", container, "scratch"],
            [*self.program, "add", "--quiet", container, str(tar), "/"],
            [*self.program, "commit", "--quiet", "--rm", container, name],
        ]

    def exists_command(self, name: str) -> Command:
        """Succeed if an image is there."""
        return [*self.program, "inspect", "--type", "image", "--format", "{{.FromImageID}}", name]

    def remove_command(self, name: str) -> Command:
        """Forget an image."""
        return [*self.program, "rmi", "--force", name]


Tool = Docker | Buildah


def why_not_docker() -> str | None:
    """Say why Docker cannot be had; None where it can."""
    if shutil.which("docker") is None:
        return "docker is not installed"
    return "no Docker engine answers" if run_command(["docker", "info"]).returncode else None


def why_not_buildah() -> str | None:
    """Say why an image cannot be built without Docker; None where it can."""
    lacking = [tool for tool in ("buildah", "mmdebstrap", "busybox") if shutil.which(tool) is None]
    if lacking:
        return f"{', '.join(lacking)} not installed (on Debian: apt-get install buildah mmdebstrap busybox-static)"
    return "buildah without Docker is used as root only" if os.geteuid() else None


def run(command: Command) -> str:
    """Run a command to its end; SandboxError carries the end of what it said."""
    done = run_command(command)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise SandboxError(f"{' '.join(command)} failed:\n{said}")
    return done.stdout
