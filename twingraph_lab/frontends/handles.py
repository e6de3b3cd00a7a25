"""What a component call returns inside a pipeline: a stand-in for a value that another process is still computing.

Passing a `Result` on waits for nothing; using its value waits for the node behind it and then acts like that value:

    r["outputs"]["x"], r.x, r["x"]    one output or field, still a `Result`
    a, b = r                          the items of a tuple, each still a `Result`; waits, as their number must be known
    r["hash"]                         the node's execution id, known at once
    r.result(), r + 1, str(r), …      the value; the failure of the node is raised here

`r.x` and `r["x"]` are the function's fields if it has a return annotation (namedtuple, dataclass, typed dict, dict). If
it has none, they are taken for fields, and passing them on waits for the node to see whether they are.

This is a proxy of our own because those of the libraries take any attribute for a use of the value, so no field could
stay lazy, and they allow changes in place, which would be lost when the result is passed on as a reference. Where C
code looks at the exact type (`json.dumps(r)`, `", ".join([r])`), in `r is None`, and in `match` with patterns of
sequences and mappings, only `r.result()` will do. `isinstance` sees the value's class, and waits.
"""

from __future__ import annotations

import copy
import math
import operator
import os
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NoReturn

from twingraph_lab.frontends.places import WAITING, Place, has, step

CHANGING: Mapping[type, frozenset[str]] = {
    kind: frozenset(name for name in dir(kind) if name != "copy" and not hasattr(unchanging, name))
    for kind, unchanging in ((list, tuple), (dict, MappingProxyType), (set, frozenset), (bytearray, bytes))
}
"""Methods that change a value in place."""


class Result:
    """The value at a `Place`, once it is needed."""

    __slots__ = ("__weakref__", "_place")

    _place: Place

    def __init__(self, place: Place) -> None:
        object.__setattr__(self, "_place", place)

    @property
    def result(self) -> Any:
        """`r.result()` waits and returns the value itself. Without the call: the output or field of that name."""
        return Result(self._place.field("result", by_name=True))

    def __getattr__(self, name: str) -> Any:
        place = self._place
        if name.startswith("_") or not place.holds(name, by_name=True):
            return _attribute(self, place.value(), name)
        if place.known is not WAITING and not has(place.known, name):
            return getattr(place.known, name)  # raises what Python raises
        return Result(place.field(name, by_name=True))

    def __getitem__(self, key: Any) -> Any:
        place, key = self._place, plain(key)
        if not isinstance(key, str):
            value = place.value()
            if isinstance(value, tuple) and type(key) is int and -len(value) <= key < len(value):
                return Result(place.element(key % len(value), value))
            return value[key]
        if place.parent is None and key == "hash":
            return place.origin.execution_id(place.node)
        if place.parent is None and key == "outputs":
            return Result(place.outputs())
        if key and "." not in key and place.holds(key, by_name=False):
            return Result(place.field(key, by_name=False))
        return step(place.value(), key, by_name=False)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the value. `r.name(…)` is a method of `r`'s value, and `r.result()` is that value."""
        given = [plain(arg) for arg in args]
        named = {name: plain(arg) for name, arg in kwargs.items()}
        place = self._place
        if not (place.by_name and place.parent):
            if not callable(value := place.value()):
                raise TypeError(
                    f"{type(value).__name__!r} object is not callable: it is the result of node {place.node!r};"
                    " what calls any handle, as pandas does in `table[handle]`, has to be given handle.result()"
                )
            return value(*given, **named)
        owner, name = place.parent.value(), place.path[-1]
        if name == "result" and not callable(getattr(owner, name, None)):
            return owner
        return _attribute(self, owner, name)(*given, **named)

    def __repr__(self) -> str:  # doesn't wait: debuggers and tracebacks call it
        place = self._place
        return f"<{place}, not looked at yet>" if place.known is WAITING else repr(place.known)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return plain(self).__class__  # type: ignore[no-any-return]

    def __reduce_ex__(self, protocol: object) -> Any:
        return operator.itemgetter(0), ((plain(self),),)  # from the standard library, so it loads anywhere

    def __copy__(self) -> Any:
        return copy.copy(plain(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copy.deepcopy(plain(self), memo)

    def __dir__(self) -> list[str]:
        return dir(plain(self))

    def __hash__(self) -> int:
        return hash(plain(self))

    def __iter__(self) -> Iterator[Any]:
        value = plain(self)
        if isinstance(value, tuple):  # `a, b = f()`: each is an output, and passing it on an edge
            return (Result(self._place.element(index, value)) for index in range(len(value)))
        return iter(value)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:  # noqa: FBT001  (NumPy's signature)
        import numpy as np  # noqa: PLC0415

        return np.array(plain(self), dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return getattr(ufunc, method)(*map(plain, inputs), **kwargs)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        _refuse(self)

    def __delattr__(self, name: str) -> NoReturn:
        _refuse(self)

    def __setitem__(self, key: object, value: object) -> NoReturn:
        _refuse(self)

    def __delitem__(self, key: object) -> NoReturn:
        _refuse(self)


def place_of(result: Result) -> Place:
    """Where the value of a result is."""
    return result._place  # noqa: SLF001


def plain(value: Any) -> Any:
    """`value` itself, or what it stands for if it is a `Result`; waits for that."""
    return place_of(value).value() if type(value) is Result else value


def _attribute(result: Result, value: Any, name: str) -> Any:
    """An attribute of the value, unless it would change it: calls that are given the result would not see that."""
    if name in CHANGING.get(type(value), ()):
        _refuse(result)
    return getattr(value, name)


def _refuse(result: Result) -> NoReturn:
    place = place_of(result)
    raise TypeError(f"the result of node {place.node!r} is stored; change a copy of it: value = copy(handle.result())")


def _unary(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, *args: function(plain(self), *map(plain, args))


def _reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: function(plain(other), plain(self))


def _enter(value: Any) -> Any:
    return type(value).__enter__(value)


def _leave(value: Any, *error: Any) -> Any:
    return type(value).__exit__(value, *error)


_BINARY: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "matmul": operator.matmul,
    "truediv": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "divmod": divmod,
    "pow": pow,
    "lshift": operator.lshift,
    "rshift": operator.rshift,
    "and": operator.and_,
    "xor": operator.xor,
    "or": operator.or_,
}
_OTHER: dict[str, Callable[..., Any]] = {
    "str": str,
    "bytes": bytes,
    "format": format,
    "bool": bool,
    "int": int,
    "float": float,
    "complex": complex,
    "index": operator.index,
    "round": round,
    "trunc": math.trunc,
    "floor": math.floor,
    "ceil": math.ceil,
    "abs": abs,
    "neg": operator.neg,
    "pos": operator.pos,
    "invert": operator.invert,
    "fspath": os.fspath,
    "len": len,
    "contains": operator.contains,
    "reversed": reversed,
    "enter": _enter,
    "exit": _leave,
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
}


for _name, _function in {**_OTHER, **_BINARY}.items():
    setattr(Result, f"__{_name}__", _unary(_function))
for _name, _function in _BINARY.items():
    setattr(Result, f"__r{_name}__", _reflected(_function))
