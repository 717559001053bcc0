"""Where images are built and kept as files: each is named after all that goes into it, and built where it is not."""

import secrets
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from image import base, wheels
from image.tools import Buildah, Docker, Recipe, Tool, run, why_not_buildah, why_not_docker
from sandbox.cache import forget_old, make_once
from sandbox.commands import run_command
from sandbox.errors import SandboxError
from sandbox.kept import cache_folder

Say = Callable[[str], None]
ROOT = Path(__file__).parent.parent.parent
# what .dockerignore lets into the build of the operator's image
PARTS = (
    "LICENSE",
    "README.md",
    "pyproject.toml",
    "deploy/crds",
    "operator/modelward",
    "operator/Dockerfile",
    "requirements/dev.txt",
    "requirements/operator.txt",
)


@dataclass(frozen=True)
class Store:
    """Builds images with one tool and keeps their archives in the user's cache."""

    tool: Tool
    say: Say

    def archive(self, recipe: Recipe) -> Path:
        """Return the archive of an image, built unless one of the same making is there."""
        name = recipe.name.removeprefix("localhost/").replace(":", "-").replace("/", "-")
        files = sorted(path for path in (recipe.dockerfile, *recipe.context.rglob("*")) if path.is_file())
        key = wheels.digest_of(files, repr(recipe.arguments), self.tool.title, recipe.name, *self._bases())

        def make(file: Path) -> None:
            self.say(f"building the image {recipe.name} with {self.tool.title}")
            self.build(recipe)
            run(self.tool.save_command(recipe.name, file))
            self._clear(recipe.name)

        folder = cache_folder() / "images"
        made = make_once(folder / f"{name}-{key}.tar", make)
        forget_old(folder, f"{name}-*.tar")
        return made

    def build(self, recipe: Recipe) -> None:
        """Build an image; with buildah its base is one of ours."""
        if isinstance(self.tool, Buildah):
            recipe = self._on_our_base(recipe, self.tool)
        run(self.tool.build_command(recipe))

    def _on_our_base(self, recipe: Recipe, tool: Buildah) -> Recipe:
        bare = "ARG BASE=busybox" in recipe.dockerfile.read_text()
        name = base.BUSYBOX_BASE if bare else base.PYTHON_BASE
        if run_command(tool.exists_command(name)).returncode:
            self.say("taking the base in: a quarter of a minute")
            with tempfile.TemporaryDirectory() as scratch:
                tar = base.busybox_tar(Path(scratch)) if bare else base.debian_tar(self.say)
                for command in tool.import_commands(tar, name, f"base-{secrets.token_hex(4)}"):
                    run(command)
        return replace(recipe, arguments=(("BASE", name), *recipe.arguments))

    def _bases(self) -> tuple[str, ...]:
        """What else an image depends on: the base that is taken in when it is needed."""
        return (base.debian_release(), *base.PACKAGES) if isinstance(self.tool, Buildah) else ()

    def _clear(self, name: str) -> None:
        """Keep buildah's store small: the archive is what is kept."""
        if isinstance(self.tool, Buildah):
            run_command(self.tool.remove_command(name))


def buildah() -> Buildah:
    """Return buildah with our store; SandboxError says why it cannot be had."""
    lacking = why_not_buildah()
    if lacking:
        raise SandboxError(lacking)
    return Buildah(cache_folder() / "image-store", "vfs")


def any_tool() -> Tool:
    """Take Docker, or else buildah; SandboxError says why neither."""
    no_docker, no_buildah = why_not_docker(), why_not_buildah()
    if no_docker is None:
        return Docker()
    if no_buildah is None:
        return buildah()
    raise SandboxError(f"nothing here builds images: {no_docker}; {no_buildah}")


def operator_context(tool: Tool, folder: Path, say: Say) -> Path:
    """Gather what the operator's image is built of, with the wheels where there will be no network."""
    for part in PARTS:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    if tool.is_offline:
        python = base.python_of(base.debian_tar(say))
        shutil.copytree(wheels.cached(python, say), folder / "requirements" / "wheels")
    return folder


def operator_recipe(tool: Tool, context: Path, name: str, version: str, revision: str) -> Recipe:
    """Build the operator's image of a gathered context."""
    stamps = (("VERSION", version), ("REVISION", revision))
    offline = (("PIP_NO_INDEX", "1"),) if tool.is_offline else ()
    return Recipe(name, context / "operator" / "Dockerfile", context, (*offline, *stamps))
