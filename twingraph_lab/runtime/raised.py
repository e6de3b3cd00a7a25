"""The exception of a body, raised again in the program: `except ValueError` catches a node that failed of one.

What is kept is JSON, as pickles in the ledger would be code from a stranger's hand; the class is only looked up, in
what this process has imported.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from twingraph_lab.errors import RunFailedError, TwinGraphError
from twingraph_lab.events import Failure, Raised
from twingraph_lab.runtime.serializers import JSON

LIMIT_BYTES = 16 * 1024
"""Of the arguments and attributes of an exception; a longer message is in the failure anyway."""
SWALLOWED = (AttributeError, StopIteration, StopAsyncIteration)
"""Python takes these for "there is no attribute" and "that was the last": a failure would go unnoticed."""


def described(error: BaseException) -> Raised | None:
    """What is kept of an exception; None for what programs don't catch by its class."""
    kind = type(error)
    if not _catchable(kind):
        return None
    arguments: Any = list(error.args)
    state = {name: value for name, value in vars(error).items() if not name.startswith("_") and JSON.accepts(value)}
    if not JSON.accepts(arguments):
        arguments = None
    if len(JSON.encode([arguments, state])) > LIMIT_BYTES:
        arguments, state = None, {}
    return Raised(module=kind.__module__, name=kind.__qualname__, arguments=arguments, state=state)


def raised_as(error: RunFailedError, failure: Failure) -> RunFailedError:
    """`error`, but also of the class of the exception behind it, with its `args` and attributes, if that is known here.

    Its text stays that of `error`, which says more.
    """
    original = _class_of(failure)
    if original is None:
        return error
    arguments = failure.raised.arguments if failure.raised else None
    args = (failure.message,) if arguments is None else tuple(arguments)
    kind = type(error)
    text = str(error)
    namespace = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__str__": lambda _: text}
    try:
        both: Any = type(kind.__name__, (kind, original), namespace)
        twin = both.__new__(both, *args)
    except Exception:  # noqa: BLE001  (a class may refuse to be derived from, or made so)
        return error
    if arguments is not None:
        with suppress(Exception):  # as unpickling does; what it would have set may be in `state`
            original.__init__(twin, *args)
    twin.args = args
    state: Mapping[str, Any] = failure.raised.state if failure.raised else {}
    twin.__dict__.update({**state, **vars(error)})
    return twin  # type: ignore[no-any-return]


def _catchable(kind: type[BaseException]) -> bool:
    """Whether programs may catch it. Our own errors speak of other things where they are raised again."""
    return issubclass(kind, Exception) and not issubclass(kind, (*SWALLOWED, TwinGraphError))


def _class_of(failure: Failure) -> type[Exception] | None:
    if failure.kind == "timeout":
        return TimeoutError
    if failure.raised is None:
        return None
    found: Any = sys.modules.get(failure.raised.module)
    for name in failure.raised.name.split("."):
        found = getattr(found, name, None)
    return found if isinstance(found, type) and found is not Exception and _catchable(found) else None
