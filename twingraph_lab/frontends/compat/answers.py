"""What TwinGraph's components answer, `{"outputs": …, "hash": …}`, and what they are called with."""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Coroutine
from typing import Any

from pydantic import JsonValue

from twingraph_lab.errors import RunFailedError
from twingraph_lab.frontends.calls import Calls
from twingraph_lab.frontends.handles import Result, place_of, plain
from twingraph_lab.frontends.places import Place
from twingraph_lab.frontends.tracing import TracedCalls

Answer = dict[str, Any]
"""`{"outputs": …, "hash": …}`, and `execution_time` in seconds of what was awaited."""


class Outputs(Place):
    """`answer["outputs"]`: a dict of outputs by name, also if `result` is the only one."""

    __slots__ = ()

    @classmethod
    def of(cls, result: Result) -> Result:
        """That of a call."""
        place = place_of(result)
        return Result(cls(place.origin, place.node, type_=place.type, parent=place))

    def reference(self) -> JsonValue:
        """What stands for the dict in an input tree; waits for the names that it has."""
        if isinstance(self.origin, TracedCalls) or not self._is_lone_result():
            return super().reference()
        return {"result": self.field("result", by_name=False).reference()}

    def _look_up(self) -> Any:
        found = super()._look_up()
        return {"result": found} if self._is_lone_result() else found

    def _is_lone_result(self) -> bool:
        assert isinstance(self.origin, Calls)
        try:
            return list(self.origin.run.names(self.node)) == ["result"]
        except RunFailedError:
            self.origin.value(self.node, ())  # raises it, too, and notes that the program knows of it
            raise


def answer_to(result: Result) -> Answer:
    """The answer to a call in a pipeline."""
    return {"outputs": Outputs.of(result), "hash": result["hash"]}


def answer_in_place(value: Any) -> Any:
    """What a component answers that is called by another one's body."""
    from twingraph_lab.platforms.body import by_key, named  # noqa: PLC0415  (which is there, in a body's process)

    if inspect.iscoroutine(value):
        return _later(value)
    return {"outputs": dict(named(by_key(value), ())), "hash": uuid.uuid4().hex}


async def _later(value: Coroutine[Any, Any, Any]) -> Any:
    return answer_in_place(await value)


def rows(value: Any) -> Any:
    """A pandas table as a list of rows, each a dict; waits for a value to come. Anything else as it is."""
    found = plain(value)
    table = type(found).__name__ == "DataFrame" and hasattr(found, "to_dict")
    return found.to_dict("records") if table else value


def hashes(parents: Any) -> Any:
    """The hashes in what `parent_hash=` is given: hashes, answers, and lists of these. Raises `TypeError`."""
    if parents is None or isinstance(parents, str) or type(parents) is Result:
        return parents
    if isinstance(parents, list | tuple | set | frozenset):
        return [hashes(parent) for parent in parents]
    if type(parents) is dict and isinstance(parents.get("hash"), str):
        return parents["hash"]
    raise TypeError(f"parent_hash: {parents!r:.80} is no hash, no answer of a component, and no list of these")
