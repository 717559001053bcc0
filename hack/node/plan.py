"""What the outside tells the inside of a node, and both tell the tests: one file of JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

VARIABLE = "MODELWARD_NODE"


@dataclass(frozen=True)
class Plan:
    """A node: where its files stand, what it is made of, which images it has."""

    state: str
    name: str
    kind: str
    kubeconfig: str
    kubectl: str
    helm: str
    images: tuple[str, ...]
    plane: str = ""
    node: str = ""
    names: str = ""
    plugins: str = ""
    snapshotter: str = "overlayfs"

    def save(self) -> Path:
        """Write it where its other files are."""
        path = Path(self.state) / "plan.json"
        path.write_text(json.dumps(asdict(self)))
        return path

    @classmethod
    def load(cls, path: Path) -> "Plan":
        """Read it."""
        found = json.loads(path.read_text())
        return cls(**{**found, "images": tuple(found["images"])})

    def image(self, name: str) -> Path:
        """Find the archive of an image by the name before its tag: `modelward`, `postgres`."""
        return next(Path(path) for path in self.images if Path(path).name.startswith(f"{name}-"))
