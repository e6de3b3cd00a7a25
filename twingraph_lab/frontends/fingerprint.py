"""A digest of what a function does: the same in every process, and after edits elsewhere in its file.

It is of bytecode, names and constants, default values, and the values of the closure and global variables that it uses,
through all functions and classes that travel with it. File names, line numbers and the order of a set don't count;
docstrings and the order of a dict's keys do, since code sees them. What workers import counts by its name: its code is
in files, which are looked at when the function is about to run.
"""

from __future__ import annotations

import dis
import hashlib
import sys
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any

import cloudpickle

ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented)})
NOT_MADE = frozenset(
    ["__module__", "__dict__", "__weakref__", "_abc_impl", "__firstlineno__", "__static_attributes__"]
    + [f"__pydantic_{name}__" for name in ("core_schema", "validator", "serializer")]  # derived, with an id in them
)
"""What a class holds that says nothing of what it does."""
OURS = frozenset({"builtins", "cloudpickle", "__main__"})
"""Modules that values are taken apart with, whether the function knows them or not; and what travels by value."""

Function = Callable[..., Any]


def fingerprint(function: Function, imported: Callable[[Any], bool]) -> tuple[str, tuple[str, ...]]:
    """`sha256:<hex>` of what `function` does, and the modules it imports or refers to.

    `imported` says of a function or class whether workers import it. The digest is empty if a value that is used can't
    be taken apart.
    """
    walk = _Walk(imported)
    try:
        digest = f"sha256:{walk.of(function).hex()}"
    except Exception:  # noqa: BLE001  (values say how they are taken apart, and may raise anything)
        digest = ""
    return digest, tuple(sorted(name for name in walk.modules if name.partition(".")[0] not in OURS))


def global_names(code: types.CodeType) -> Iterator[str]:
    """Names of the global variables that code reads, that of functions inside it included."""
    yield from (str(i.argval) for i in dis.get_instructions(code) if i.opname in {"LOAD_GLOBAL", "LOAD_NAME"})
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from global_names(constant)


class _Walk:
    """Meets values in an order that is the same in every process, so that one met again can be told by its number."""

    def __init__(self, imported: Callable[[Any], bool]) -> None:
        self.modules: set[str] = set()
        self._imported = imported
        self._definitions: dict[int, tuple[int, Any]] = {}  # with the values, so that no id is used twice
        self._around: dict[int, int] = {}

    def of(self, value: Any) -> bytes:
        """The digest of any value. Raises what its type raises when it is taken apart."""
        kind = type(value)
        if kind in ATOMS:
            return _hash(kind.__name__, value if kind is bytes else repr(value))
        if isinstance(value, types.FunctionType | type):
            return self._definition(value)
        if id(value) in self._around:
            return _hash("around", len(self._around) - self._around[id(value)])
        self._around[id(value)] = len(self._around)
        try:
            return self._content(value)
        finally:
            del self._around[id(value)]

    def _content(self, value: Any) -> bytes:
        kind = type(value)
        match value:
            case types.CodeType():
                return self._code(value)
            case types.ModuleType():
                if sys.modules.get(value.__name__) is not value:
                    raise TypeError(f"module {value.__name__} can't be imported")
                self.modules.add(value.__name__)
                return _hash("module", value.__name__)
            case tuple() | list() if kind in (tuple, list):
                if all(type(item) in ATOMS for item in value):
                    return _hash(kind.__name__, "atoms", repr(value))
                return _hash(kind.__name__, *map(self.of, value))
            case dict() if kind is dict:
                return _hash("dict", *(self.of(part) for pair in value.items() for part in pair))
            case set() | frozenset() if kind in (set, frozenset):
                return _hash("set", *sorted(map(self._alone, value)))
            case staticmethod() | classmethod():
                return _hash(kind.__name__, self.of(value.__func__))
            case property():
                return _hash("property", *map(self.of, (value.fget, value.fset, value.fdel)))
            case typing.TypeVar():  # cloudpickle numbers them
                kinds = (value.__bound__, value.__constraints__, value.__covariant__, value.__contravariant__)
                return _hash("variable", value.__name__, *map(self.of, kinds))
            case types.MethodType():
                return _hash("method", self.of(value.__func__), self.of(value.__self__))
        component = getattr(value, "function", None)  # a decorated function is what it decorates
        return self.of(component) if isinstance(component, types.FunctionType) else self._reduced(value)

    def _definition(self, value: types.FunctionType | type) -> bytes:
        """A function or class: by name if it is imported, else by what it does, and by its number the second time."""
        if id(value) in self._definitions:
            return _hash("again", self._definitions[id(value)][0])
        if self._imported(value):
            self.modules.add(value.__module__)
            return _hash("import", value.__module__, value.__qualname__)
        self._definitions[id(value)] = len(self._definitions), value
        return self._class(value) if isinstance(value, type) else self._function(value)

    def _function(self, value: types.FunctionType) -> bytes:
        used = dict(_variables(value))
        for module in (item.__name__ for item in used.values() if isinstance(item, types.ModuleType)):
            below = (f"{module}.{name}" for name in value.__code__.co_names)  # `a.b` may be one, though `a` is the name
            self.modules.update(name for name in below if name in sys.modules)
        attributes = {name: item for name, item in vars(value).items() if name != "__wrapped__"}
        parts = (value.__code__, value.__defaults__, value.__kwdefaults__, value.__annotations__, used, attributes)
        return _hash("function", *map(self.of, parts))

    def _class(self, value: type) -> bytes:
        content = {name: item for name, item in vars(value).items() if name not in NOT_MADE and not _is_slot(item)}
        return _hash("class", value.__name__, *map(self.of, (type(value), value.__bases__, content)))

    def _alone(self, value: Any) -> bytes:
        """A digest to sort by: it doesn't depend on what was met before."""
        walk = _Walk(self._imported)
        digest = walk.of(value)
        self.modules |= walk.modules
        return digest

    def _reduced(self, value: Any) -> bytes:
        """Any other value: how it would be made again."""
        reduce = cloudpickle.Pickler.dispatch_table.get(type(value))
        reduced = reduce(value) if reduce else value.__reduce_ex__(4)
        if isinstance(reduced, str):
            self.modules.add(value.__module__)
            return _hash("global", value.__module__, reduced, self.of(getattr(value, "__wrapped__", None)))
        make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        return _hash("object", *map(self.of, (make, arguments, state, list(items or ()), list(pairs or ()))))

    def _code(self, code: types.CodeType) -> bytes:
        self.modules.update(_imports(code))
        names = (code.co_name, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
        return _hash(
            "code", code.co_code, code.co_exceptiontable, repr(names), repr(counts), *map(self.of, code.co_consts)
        )


def _hash(*parts: bytes | str | int) -> bytes:
    found = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        found.update(len(data).to_bytes(8, "big") + data)
    return found.digest()


def _variables(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """Closure and global variables that the code names, with their values."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield f"closure {name}", cell.cell_contents
        except ValueError:  # not bound yet
            continue
    names = dict.fromkeys(global_names(function.__code__))
    yield from ((name, function.__globals__[name]) for name in names if name in function.__globals__)


def _imports(code: types.CodeType) -> Iterator[str]:
    """`a.b` for `import a.b`, and `a` and `a.b` for `from a import b`, since `b` may be a module."""
    instructions = list(dis.get_instructions(code))
    for i, instruction in enumerate(instructions):
        if instruction.opname == "IMPORT_NAME":
            module, names = str(instruction.argval), instructions[i - 1].argval
            yield module
            yield from (f"{module}.{name}" for name in names or () if name != "*")


def _is_slot(value: Any) -> bool:
    return isinstance(value, types.GetSetDescriptorType | types.MemberDescriptorType)
