"""A pipeline: a function that runs for real, with component calls that are the nodes of one run."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar, cast

from pydantic import JsonValue

from twingraph_lab.errors import ConflictError, WorkflowError
from twingraph_lab.frontends.arguments import wrong_types
from twingraph_lab.frontends.calls import Calls, Stop, current_calls, resolved
from twingraph_lab.frontends.hosting import Host, OpenRun, current_host
from twingraph_lab.frontends.identities import identify_classes
from twingraph_lab.frontends.programs import current_program
from twingraph_lab.frontends.sites import call_site
from twingraph_lab.frontends.steps import check_name
from twingraph_lab.frontends.tracing import trace
from twingraph_lab.planning.context import RunContext
from twingraph_lab.platforms import inside
from twingraph_lab.runtime.serializers import JSON
from twingraph_lab.spec.workflow import Workflow

P = ParamSpec("P")
R = TypeVar("R")


class Pipeline(Generic[P, R]):
    """A function whose component calls are one run. Calling it runs it and returns its value, or raises its error."""

    def __init__(self, function: Callable[P, R], name: str) -> None:
        kinds_refused = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
        if any(is_one(function) for is_one in kinds_refused):
            raise TypeError(f"pipeline {name!r}: its body must be a plain function, only components may be 'async'")
        check_name(function, f"pipeline {name!r}")
        update_wrapper(self, function)
        self.function = function
        self.name = name
        self._signature = inspect.signature(function)
        kinds = {parameter.kind: parameter.name for parameter in self._signature.parameters.values()}
        self._variable = kinds.get(inspect.Parameter.VAR_POSITIONAL)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the body and wait for its nodes; in another pipeline's body, add them to that one's run.

        A component's failure is raised where its value is used, or here at the end, as a `RunFailedError` that is also
        of the class that the component raised. The body may catch it and go on. Its own exceptions stop the run and
        come out unchanged. In a component's body a pipeline is its function, as components are.
        """
        match inside.phase():
            case "running":
                return self.function(*args, **kwargs)
            case "loading":
                raise ConflictError(
                    f"the module that calls the pipeline {self.name!r} is imported by its own components, and they"
                    " can't run it again: put the call below `if __name__ == '__main__':`"
                )
        if current_calls() is not None:
            return self.function(*args, **kwargs)
        parameters = self._parameters(args, kwargs)
        host, program = current_host(), current_program()
        call, earlier = program.next_call()
        if earlier is not None:
            run = host.attach(earlier.run_id, self.name, parameters=parameters, ended=earlier.ended)
        else:
            more = {"program": program.id, "call": call, "script": program.script, "arguments": program.arguments}
            context = RunContext.here(source=inspect.getsourcefile(self.function) or "").model_copy(update=more)
            run = host.open(self.name, parameters=parameters, context=context)
        return self._run(run, host, args, kwargs)

    def resume(self, run_id: str, /, *args: Any, **kwargs: Any) -> R:
        """Go on with a run of this pipeline that failed, was cancelled, or whose process is gone.

        The body runs again, with every finished call answered from the first time; unless it makes the same calls, it
        is a `ReplayError`. Arguments that aren't given are those of the run. Raises `ConflictError` if others are given
        or the run is completed or still driven.
        """
        if current_calls() is not None:
            raise ConflictError(
                f"{self.name}.resume(): a pipeline is running here, and a run has a pipeline of its own"
            )
        host = current_host()
        record = host.run(run_id).record
        bound = self._signature.bind_partial(*args, **kwargs)
        given = {**record.parameters, **bound.arguments}
        bound.arguments = {name: given[name] for name in self._signature.parameters if name in given}
        bound.apply_defaults()
        missing = [name for name in self._signature.parameters if name not in bound.arguments]
        if missing:
            raise ConflictError(
                f"run {record.run_id} doesn't hold the argument {', '.join(map(repr, missing))}, which is no JSON;"
                f" give it again: {self.name}.resume({record.run_id!r}, {missing[0]}=…)"
            )
        parameters = self._parameters(bound.args, bound.kwargs)
        return self._run(host.attach(record.run_id, self.name, parameters=parameters), host, bound.args, bound.kwargs)

    def workflow(self, *args: P.args, **kwargs: P.kwargs) -> Workflow:
        """The pipeline as a document, by running the body once without running any node.

        Parameters that aren't given here become the document's. Raises `WorkflowError`, which names the line, if the
        body decides on what it doesn't know before the run.
        """
        return trace(self.function, self.name, self._signature.bind_partial(*args, **kwargs))

    def __repr__(self) -> str:
        return f"<pipeline {self.function.__module__}.{self.function.__qualname__}>"

    def _run(self, run: OpenRun, host: Host, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> R:
        """Run the body as `run`, to its end."""
        identify_classes()
        calls = Calls(run, host.artifacts.put)
        end = run.close
        try:
            with calls.active():
                try:
                    value = self.function(*args, **kwargs)
                except Stop as stopped:
                    value, end = resolved(stopped.value), run.stop
                outputs = calls.outputs(value)
        except BaseException as error:
            run.abort(_said(error), handled=calls.handled_despite(error))
            raise
        try:
            end(outputs, handled=calls.handled)
        except KeyboardInterrupt:
            run.abort("interrupted", handled=calls.handled)
            raise
        return cast("R", resolved(value))

    def _parameters(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, JsonValue]:
        """The arguments as the run's record knows them: those that are JSON. Raises `WorkflowError` for wrong types."""
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self.function.__name__}() {error}; it takes {self._signature} ({call_site()})") from None
        bound.apply_defaults()
        given = {n: list(v) if n == self._variable else v for n, v in bound.arguments.items()}
        parameters = {name: value for name, value in given.items() if JSON.accepts(value)}
        if found := wrong_types(self._signature, parameters):
            raise WorkflowError(found, source=f"pipeline {self.name!r} ({call_site()})")
        return parameters


def _said(error: BaseException) -> str:
    """What a run's record says of the exception that ended its body."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  (the user's code; the run has to end all the same)
        text = ""
    return ": ".join(filter(None, [type(error).__name__, text]))
