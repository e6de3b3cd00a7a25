"""A pipeline → its static document: the body runs once, on results whose values nobody may ask for."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NoReturn

from pydantic import JsonValue

from twingraph_lab.errors import Fault, SerializationError, WorkflowError
from twingraph_lab.events import Artifact
from twingraph_lab.frontends.arguments import declared_type
from twingraph_lab.frontends.calls import Calls
from twingraph_lab.frontends.handles import Result
from twingraph_lab.frontends.places import Place
from twingraph_lab.runtime.replay import Site, place
from twingraph_lab.runtime.serializers import JSON
from twingraph_lab.spec.inputs import lone_path
from twingraph_lab.spec.workflow import Component, Node, Parameter, PythonFunction, Workflow


def trace(function: Callable[..., Any], name: str, bound: inspect.BoundArguments) -> Workflow:
    """The document of a pipeline's body. Arguments in `bound` are fixed; the other parameters become the document's.

    Raises `WorkflowError` where the body uses a value that is only known in a run, even if the body catches it.
    """
    draft = Draft(function)
    calls = TracedCalls(draft, _refuse_to_store)
    parameters = _open_parameters(bound)
    bound.arguments.update((parameter, Result(Place(Unset(draft), parameter))) for parameter in parameters)
    with calls.active():
        returned = function(*bound.args, **bound.kwargs)
        outputs = calls.outputs(returned)
    if draft.refusal is not None:
        raise draft.refusal
    return Workflow(
        name=name,
        description=(inspect.getdoc(function) or "").partition("\n")[0],
        parameters=parameters,
        components={name: part for name, part in draft.components.items() if not isinstance(part, PythonFunction)},
        nodes=tuple(_short(node, draft.components) for node in draft.nodes),
        outputs=outputs or {},
    )


class Draft:
    """A run that never runs: it keeps the nodes and refuses to tell values."""

    id = ""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.nodes: list[Node] = []
        self.components: dict[str, Component] = {}
        self.refusal: WorkflowError | None = None
        self._code = inspect.unwrap(function).__code__

    def add(self, nodes: Sequence[Node], components: Mapping[str, Component], sites: Mapping[str, Site]) -> None:  # noqa: ARG002
        """Keep the nodes."""
        self.nodes += nodes
        self.components.update(components)

    def value(self, node_id: str, path: tuple[str, ...]) -> NoReturn:
        """Raise `WorkflowError`."""
        self.refuse(f"the value of {'.'.join((node_id, *path))}")

    def names(self, node_id: str) -> Collection[str]:
        """Raise `WorkflowError`."""
        self.refuse(f"the outputs of {node_id}")

    def refuse(self, what: str, verb: str = "uses") -> NoReturn:
        """Raise `WorkflowError`, which names the line of the body that uses `what`."""
        frame = sys._getframe()  # noqa: SLF001  (the documented way to the caller's line)
        while frame.f_back is not None and frame.f_code is not self._code:
            frame = frame.f_back
        line = f"{place(self._code.co_filename, frame.f_lineno)} {verb} {what}"
        fault = Fault(f"this pipeline decides on values while it runs, so it has no static form: {line}")
        self.refusal = WorkflowError([fault], source=f"pipeline {self._code.co_name!r}")
        raise self.refusal


class Unset:
    """Where the values of parameters would come from: only a run knows them."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    def value(self, node: str, path: tuple[str, ...]) -> NoReturn:
        """Raise `WorkflowError`."""
        what = ".".join((node, *path))
        self._draft.refuse(f"the value of parameter {what!r}; to fix it in the document, give it: workflow({node}=…)")

    def whole(self, node: str, type_: Any) -> NoReturn:  # noqa: ARG002
        """Raise `WorkflowError`."""
        self.value(node, ())

    def execution_id(self, node: str) -> str:
        """Raise `WorkflowError`: a parameter isn't executed."""
        self.value(node, ("hash",))

    def reference(self, node: str, path: tuple[str, ...]) -> JsonValue:
        """What stands for a parameter, or a part of it, in an input tree."""
        if not path:
            return {"param": node}
        template = f"{{{{ {'.'.join(('input', node, *path))} }}}}"
        return template if lone_path(template) else self.value(node, path)


class TracedCalls(Calls):
    """Calls whose results may be parameters, and where nothing can be looked up."""

    def owns(self, place: Place) -> bool:
        """Whether a place is in the document."""
        return place.origin is self or isinstance(place.origin, Unset)

    def follows(self, place: Place) -> bool:  # noqa: ARG002
        """Take the body's word for every field."""
        return True

    def stop(self, value: Any) -> NoReturn:  # noqa: ARG002
        """Raise `WorkflowError`: what a document describes runs to its end."""
        assert isinstance(self.run, Draft)
        self.run.refuse("stop()", verb="calls")


def _open_parameters(bound: inspect.BoundArguments) -> dict[str, Parameter]:
    """The parameters that aren't given; those with a default that no document can hold keep it, and are left out."""
    opened: dict[str, Parameter] = {}
    for name, parameter in bound.signature.parameters.items():
        variable = parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}
        if name in bound.arguments or variable:
            continue
        if parameter.default is parameter.empty:
            opened[name] = Parameter(type=declared_type(parameter.annotation), required=True)
        elif JSON.accepts(parameter.default):
            opened[name] = Parameter(type=declared_type(parameter.annotation), default=parameter.default)
    return opened


def _short(node: Node, components: Mapping[str, Component]) -> Node:
    """The node with a reference to a function written where it is used, as people do."""
    component = components[str(node.component)]
    return node.model_copy(update={"component": component}) if isinstance(component, PythonFunction) else node


def _refuse_to_store(value: Any) -> Artifact:
    raise SerializationError(f"a document holds JSON values, not a {type(value).__name__}; make it in a component")
