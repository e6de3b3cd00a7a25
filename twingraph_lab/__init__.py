"""Notebook-centric workflow orchestration: one document, one durable run on Dask, its lineage in Gremlin.

Names are imported when they are first used, so that `import twingraph_lab` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twingraph_lab.errors import (
        ConflictError,
        NotFoundError,
        ReplayError,
        RunCancelledError,
        RunFailedError,
        TwinGraphError,
        WorkflowError,
    )
    from twingraph_lab.frontends.decorators import component, pipeline, stop
    from twingraph_lab.frontends.notebook_component import notebook
    from twingraph_lab.kernel import load_ipython_extension
    from twingraph_lab.lab import Lab
    from twingraph_lab.logs import get_logger, progress
    from twingraph_lab.runtime.run import Run
    from twingraph_lab.settings import Settings
    from twingraph_lab.spec.document import dump, load
    from twingraph_lab.spec.workflow import Node, Parameter, Source, Workflow

    __version__: str

__all__ = [
    "ConflictError",
    "Lab",
    "Node",
    "NotFoundError",
    "Parameter",
    "ReplayError",
    "Run",
    "RunCancelledError",
    "RunFailedError",
    "Settings",
    "Source",
    "TwinGraphError",
    "Workflow",
    "WorkflowError",
    "__version__",
    "component",
    "dump",
    "get_logger",
    "load",
    "load_ipython_extension",
    "notebook",
    "pipeline",
    "progress",
    "stop",
]

_HOMES = {
    "ConflictError": "errors",
    "Lab": "lab",
    "Node": "spec.workflow",
    "NotFoundError": "errors",
    "Parameter": "spec.workflow",
    "ReplayError": "errors",
    "Run": "runtime.run",
    "RunCancelledError": "errors",
    "RunFailedError": "errors",
    "Settings": "settings",
    "Source": "spec.workflow",
    "TwinGraphError": "errors",
    "Workflow": "spec.workflow",
    "WorkflowError": "errors",
    "component": "frontends.decorators",
    "dump": "spec.document",
    "get_logger": "logs",
    "load": "spec.document",
    "load_ipython_extension": "kernel",
    "notebook": "frontends.notebook_component",
    "pipeline": "frontends.decorators",
    "progress": "logs",
    "stop": "frontends.decorators",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415

        return version("twingraph-lab")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_HOMES[name]}")
    if _HOMES[name] == "frontends.decorators" and (registered := module.use_host(_current_lab)):
        module.use_host(registered)
    value = globals()[name] = getattr(module, name)
    return value


def _current_lab() -> Lab:
    """The Lab that pipelines run on, imported when the first one runs."""
    from twingraph_lab.lab import current  # noqa: PLC0415

    return current()


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
