"""modelward watches a model after it shipped and puts the previous version back when it got worse.

From Python: `ModelMonitor` and `ModelEvaluationDB`. They are imported when first asked for, so that the operator and
`--help` carry nothing that they do not use.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelward.evaluation.evaluation_db import ModelEvaluationDB
    from modelward.evaluation.monitor import ModelMonitor

__version__ = "0.1.0"
__all__ = ["ModelEvaluationDB", "ModelMonitor", "__version__"]
_HOMES = {
    "ModelEvaluationDB": "modelward.evaluation.evaluation_db",
    "ModelMonitor": "modelward.evaluation.monitor",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
