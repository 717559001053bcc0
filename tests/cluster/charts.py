"""A team's own chart, as Helm installs and upgrades it."""

import json
from pathlib import Path

from cluster.scenes import REPOSITORY, Model, deployment, resource


def a_chart(folder: Path, model: Model) -> Path:
    """Write a chart of a team's own: Deployment and ModelDeployment, which take what is set."""
    body, watch = deployment(model.name, f"{REPOSITORY}:@image@"), resource(model.name, version="@version@")
    body["metadata"]["labels"] = {"team": "@team@"}
    (folder / "templates").mkdir()
    (folder / "Chart.yaml").write_text("{apiVersion: v2, name: prices, version: 0.1.0}")
    for name, manifest in (("deployment", body), ("watch", watch)):
        text = json.dumps(manifest)
        for value in ("image", "version", "team"):
            text = text.replace(f"@{value}@", f"{{{{ .Values.{value} }}}}")
        (folder / f"templates/{name}.yaml").write_text(text)
    return folder
