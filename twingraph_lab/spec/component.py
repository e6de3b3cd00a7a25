"""What a component says of itself, for people who wire it: the inputs it takes and the outputs it gives.

Nothing here is enforced when it runs; a component that says nothing works as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import JsonValue

from twingraph_lab.events import Frozen

F = TypeVar("F", bound=Callable[..., Any])

ATTRIBUTE = "__twingraph_declaration__"


class Slot(Frozen):
    """An input or output. `type` is one of JSON Schema's, `table`, `bytes`, or `any`; `choices` are its legal values.

    An input that isn't `required` may be left out; `default` is what it has then, as far as that is JSON. `long` text
    deserves more than a line.
    """

    type: str = "any"
    description: str = ""
    required: bool = False
    default: JsonValue = None
    choices: tuple[JsonValue, ...] = ()
    long: bool = False


class Declaration(Frozen):
    """Inputs and outputs by name, in order. `takes_more` says that it takes any other input as well.

    Without `outputs`, what it gives is known only once it has run; with `hands_on`, it is what it takes.
    """

    title: str = ""
    description: str = ""
    inputs: Mapping[str, Slot] = {}
    outputs: Mapping[str, Slot] = {}
    takes_more: bool = False
    hands_on: bool = False


def declared(declaration: Declaration) -> Callable[[F], F]:
    """Say it of a function; `declaration_of` finds it.

    >>> @declared(Declaration(outputs={"result": Slot(type="integer")}))
    ... def one():
    ...     return 1
    >>> declaration_of(one).outputs["result"].type
    'integer'
    """

    def decorate(function: F) -> F:
        setattr(function, ATTRIBUTE, declaration)
        return function

    return decorate


def declaration_of(function: object) -> Declaration | None:
    """What was said of a function; None if nothing was."""
    found = getattr(function, ATTRIBUTE, None)
    return found if isinstance(found, Declaration) else None


def fits(given: str, taken: str) -> bool:
    """Whether a value of type `given` may be one of type `taken`, as far as types tell.

    >>> fits("integer", "number"), fits("table", "integer"), fits("any", "integer")
    (True, False, True)
    """
    return "any" in (given, taken) or given == taken or (given, taken) in {("integer", "number"), ("table", "object")}


def said_type(name: str) -> str:
    """A type with its article.

    >>> said_type("integer"), said_type("table")
    ('an integer', 'a table')
    """
    return f"{'an' if name[0] in 'aeio' else 'a'} {name}"
