"""deploy/argocd/argocd-cm.yaml: the Lua files beside it as Argo CD's ConfigMap wants them, to be pasted.

The files lie as in Argo CD's own repository, where they can be contributed as they are.
"""

from collections.abc import Iterator
from pathlib import Path

import yaml

FOLDER = Path("deploy/argocd")
SCRIPTS = FOLDER / "resource_customizations/modelward.dev/ModelDeployment"
CONFIG_MAP = FOLDER / "argocd-cm.yaml"
KEY = "resource.customizations.%s.modelward.dev_ModelDeployment"
HEAD = """\
# Health and actions of ModelDeployments for Argo CD: merge into the ConfigMap argocd-cm, for example with
# `kubectl patch configmap argocd-cm -n argocd --patch-file deploy/argocd/argocd-cm.yaml`. Made from the Lua files
# beside it by `make manifests`: change those.
"""


class _Text(str):
    """Text that is written as a block, as people write Lua into YAML."""

    __slots__ = ()


def _block(dumper: yaml.SafeDumper, text: _Text) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")


class _Dumper(yaml.SafeDumper):
    """Writes such text."""


_Dumper.add_representer(_Text, _block)


def config_map(root: Path) -> str:
    """Write the ConfigMap."""
    data = {KEY % "health": _read(root / SCRIPTS / "health.lua"), KEY % "actions": _Text(_dump(_actions(root)))}
    names = {"name": "argocd-cm", "namespace": "argocd", "labels": {"app.kubernetes.io/part-of": "argocd"}}
    return HEAD + _dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": names, "data": data})


def _actions(root: Path) -> dict[str, object]:
    folder = root / SCRIPTS / "actions"
    return {"discovery.lua": _read(folder / "discovery.lua"), "definitions": list(_definitions(folder))}


def _definitions(folder: Path) -> Iterator[dict[str, str]]:
    for script in sorted(folder.glob("*/action.lua")):
        yield {"name": script.parent.name, "action.lua": _read(script)}


def _read(path: Path) -> _Text:
    return _Text(path.read_text(encoding="utf-8"))


def _dump(value: object) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=1000)
