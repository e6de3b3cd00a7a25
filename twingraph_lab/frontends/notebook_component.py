"""A notebook file as a component of pipelines: its tagged cells say what it takes and what it gives."""

from __future__ import annotations

import inspect
from collections import namedtuple
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from twingraph_lab.components import ipynb
from twingraph_lab.components.notebook import run_notebook
from twingraph_lab.frontends.decorators import Component, component
from twingraph_lab.frontends.notebook import ARGUMENTS
from twingraph_lab.frontends.steps import Step, as_id
from twingraph_lab.spec.workflow import Builtin, Node


def notebook(path: str | Path, *, name: str = "", kernel_name: str = "", **options: Any) -> NotebookComponent:
    """A component that runs the notebook at `path` by papermill, in a kernel of its own.

    It takes what the cell tagged `parameters` binds, in that order; what isn't given keeps the notebook's own value. It
    returns what its cells tagged `output` bind, and the executed notebook as `notebook`. `options` are those of
    `component`. Raises `WorkflowError` if the file isn't a notebook, or its tagged cells can't work.
    """
    file = Path(path).resolve()
    made = component(run_notebook, name=name or as_id(file.stem), **options)
    return NotebookComponent(made.node, file, kernel_name)


class NotebookComponent(Component[..., Any]):
    """Called like any component; outside of a pipeline it runs the notebook at once."""

    def __init__(self, node: Node, file: Path, kernel_name: str) -> None:
        super().__init__(run_notebook, node)
        self.file = file
        self.kernel_name = kernel_name
        document = ipynb.read(file)
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        declared = ipynb.declared_parameters(document, source=str(file))
        self._signature = inspect.Signature([inspect.Parameter(each.name, kind, default=KEPT) for each in declared])
        names = [name for bound in ipynb.outputs(document, source=str(file)).values() for name in bound.names]
        self._outputs = tuple(dict.fromkeys([*names, ipynb.EXECUTED]))
        self.__name__ = self.__qualname__ = node.id
        self.__signature__ = self._signature
        self.__doc__ = f"The notebook {file.name}: takes {self._signature}, gives {', '.join(self._outputs)}."

    def __repr__(self) -> str:
        return f"<notebook {self.file.name}{self._signature} -> {', '.join(self._outputs)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Whole, since the function alone doesn't know which notebook: other components' bodies may call it."""
        return type(self), (self.node, self.file, self.kernel_name)

    def _alone(self, *args: Any, **kwargs: Any) -> Any:
        return run_notebook(**self._bound(args, kwargs))

    def _bound(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        given = super()._bound(args, kwargs)
        clashing = {name: value for name, value in given.items() if name in ARGUMENTS}
        return {
            "path": str(self.file),
            **({"kernel_name": self.kernel_name} if self.kernel_name else {}),
            **({"parameters": clashing} if clashing else {}),
            **{name: value for name, value in given.items() if name not in clashing},
        }

    def _made_step(self) -> Step:
        outputs = namedtuple("outputs", self._outputs)  # type: ignore[misc]  # noqa: PYI024  (its names are known only now)
        return replace(super()._made_step(), component=Builtin(name="notebook"), returns=outputs)


class _Kept:
    """Stands for the value that the notebook itself gives a parameter."""

    def __repr__(self) -> str:
        return "…"


KEPT = _Kept()
