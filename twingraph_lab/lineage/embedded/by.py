"""`by` modulators, and the same look-ups where steps need them: a property, a token, a part of a map, a traversal."""

from __future__ import annotations

from typing import Any

from twingraph_lab.lineage.embedded.chain import By, Chain, Frame, Reader, wrong
from twingraph_lab.lineage.embedded.gremlin import Column, Edge, Order, Path, Property, T, Vertex, VertexProperty
from twingraph_lab.lineage.embedded.traverser import MISSING, Traverser
from twingraph_lab.lineage.embedded.values import Entry
from twingraph_lab.lineage.errors import QueryError

_HERE = object()


def compile_by(arguments: tuple[Any, ...]) -> By:
    """A `by` modulator from its (compiled) arguments."""
    match arguments:
        case ():
            return By(_itself)
        case (Order() as order,):
            return By(_itself, order=order)
        case (what,):
            return _by(what, arguments, None)
        case (what, Order() as order):
            return _by(what, arguments, order)
        case _:
            raise wrong("by", arguments, "takes a property, T, Column or traversal, and an Order")


def token(element: Any, wanted: T) -> Any:
    """`T.id`, `T.label`, `T.key` or `T.value` of an element. Raises `QueryError` for anything without it."""
    match element, wanted.name.rstrip("_"):
        case Vertex() | Edge() | VertexProperty(), "id":
            return element.id
        case Vertex() | Edge() | VertexProperty(), "label":
            return element.label
        case VertexProperty() | Property(), "key":
            return element.key
        case VertexProperty() | Property(), "value":
            return element.value
        case _, name:
            raise QueryError(f"a {type(element).__name__} has no T.{name}")


def column(value: Any, wanted: Column) -> Any:
    """Keys (a set) or values (a list) of a map; key or value of an unfolded pair; labels or objects of a path."""
    keys = wanted == Column.keys
    match value:
        case Entry():
            return value.key if keys else value.value
        case dict():
            return set(value) if keys else list(value.values())
        case Path():
            return value.labels if keys else value.objects
        case _:
            raise QueryError(f"a {type(value).__name__} has no {wanted.name}")


def by_key(frame: Frame, value: Any, key: str) -> Any:
    """The one property `key` of an element, or that key of a map."""
    match value:
        case Vertex() | Edge():
            found = frame.graph.properties(value, (key,))
            if len(found) > 1:
                raise QueryError(f"{value} has {len(found)} values of {key!r}; use by(__.values({key!r}).fold())")
            return found[0][1] if found else MISSING
        case VertexProperty():
            return MISSING
        case dict():
            return value.get(key)
        case _:
            raise QueryError(f"by({key!r}) takes a vertex, an edge or a map, not a {type(value).__name__}")


def _by(what: Any, arguments: tuple[Any, ...], order: Any) -> By:
    match what:
        case Chain():
            return By(_through(what), what, order)
        case str():
            return By(_reader(lambda frame, value: by_key(frame, value, what)), order=order)
        case T():
            return By(_reader(lambda _, value: token(value, what)), order=order)
        case Column():
            return By(_reader(lambda _, value: column(value, what)), order=order)
        case _:
            raise wrong("by", arguments, "takes a property, T, Column or traversal, and an Order")


def _itself(_frame: Frame, traverser: Traverser, value: Any = _HERE) -> Any:
    return traverser.value if value is _HERE else value


def _reader(look: Any) -> Reader:
    def read(frame: Frame, traverser: Traverser, value: Any = _HERE) -> Any:
        return look(frame, traverser.value if value is _HERE else value)

    return read


def _through(chain: Chain) -> Reader:
    def read(frame: Frame, traverser: Traverser, value: Any = _HERE) -> Any:
        if value is _HERE:
            return frame.first(chain, traverser)
        return frame.first(chain, Traverser(value, (value, (), None), traverser.loops, traverser.sack))

    return read
