"""What each copy should hold, and how far the files are from it.

The CRD is written by hand in deploy/crds and stands once more in the chart, because Helm packs only what lies in the
chart's own folder. deploy/manifests is the chart with its default values, for people without Helm. The chart's page
holds a table of its values. deploy/argocd/argocd-cm.yaml holds the Lua files beside it.
"""

import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from manifests.argocd import CONFIG_MAP, config_map
from manifests.helm import render
from manifests.values import fill_in

SOURCE = Path("deploy/crds/modeldeployments.yaml")
CHART = Path("charts/modelward")
CHART_COPY = CHART / "files/crds/modeldeployments.yaml"
PAGE, VALUES = CHART / "README.md", CHART / "values.yaml"
RENDERED = Path("deploy/manifests/modelward.yaml")

HEAD = """\
# Everything that modelward needs, for `kubectl apply --server-side -f`. Rendered from charts/modelward with its default
# values by `python -m manifests`: change the chart, not this file.
apiVersion: v1
kind: Namespace
metadata:
  name: modelward-system
  labels:
    app.kubernetes.io/name: modelward
    pod-security.kubernetes.io/enforce: restricted
"""
# Helm's own marks mean nothing to somebody who applies the file without it.
_HELM_MARK = re.compile(r"^ *(app\.kubernetes\.io/managed-by|helm\.sh/chart): .*\n|^# Source: .*\n", re.MULTILINE)


def render_manifests(root: Path, helm: Path) -> str:
    """Render the chart as it lies there, with its namespace in front and without Helm's marks."""
    text = render(helm, root / CHART, release="modelward", namespace="modelward-system")
    return HEAD + re.sub(r"\n+---\n", "\n---\n", _HELM_MARK.sub("", text)).strip("\n") + "\n"


def write(root: Path, helm: Path) -> Iterator[Path]:
    """Write the copies, the CRD first since the chart is rendered with it; yields each file that changed."""
    yield from _replace(root / CHART_COPY, _read(root / SOURCE))
    yield from _replace(root / PAGE, _page(root))
    yield from _replace(root / RENDERED, render_manifests(root, helm))
    yield from _replace(root / CONFIG_MAP, config_map(root))


def differences(root: Path, helm: Path) -> str:
    """Return a unified diff from the files to what they should hold; empty where all is well."""
    wanted = {
        CHART_COPY: _read(root / SOURCE),
        PAGE: _page(root),
        RENDERED: render_manifests(root, helm),
        CONFIG_MAP: config_map(root),
    }
    return "".join(_diff(root, path, text) for path, text in wanted.items())


def _page(root: Path) -> str:
    return fill_in(_read(root / PAGE), _read(root / VALUES), PAGE)


def _replace(path: Path, text: str) -> Iterator[Path]:
    if _read(path) == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    yield path


def _diff(root: Path, path: Path, wanted: str) -> str:
    lines = difflib.unified_diff(
        _read(root / path).splitlines(keepends=True),
        wanted.splitlines(keepends=True),
        fromfile=str(path),
        tofile=f"{path} (as it should be)",
    )
    return "".join(lines)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
