"""Code run like a notebook cell, inside a body process: its setup, then the cell."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import hashlib
import inspect
import linecache
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cloudpickle import cloudpickle

from twingraph_lab.errors import NotFoundError
from twingraph_lab.platforms.pictures import close_figures, with_pictures
from twingraph_lab.spec.workflow import Source

RESULT = "result"


class NamedOutputs(dict[str, Any]):
    """A return value whose keys are output names."""


def cell(component: Source, outputs: tuple[str, ...]) -> Callable[..., NamedOutputs]:
    """The cell as a function: inputs are names before it, `outputs` are names after it, and figures it leaves open.

    Its setup runs now if it can, so that the classes it defines are there when inputs are read.
    """
    setup = f"{component.filename.removesuffix('>')} setup>"
    ready = _module(component)
    failed = True
    with contextlib.suppress(Exception):  # it needs the inputs, or is wrong: it runs again where that is told
        _define(component.setup, setup, ready)
        failed = False

    def run(**inputs: Any) -> NamedOutputs:
        module = _module(component) if failed else ready
        module.__dict__.update(inputs)
        try:
            if failed:
                _define(component.setup, setup, module)
            _execute(component, module, wants_result=RESULT in outputs)
            return NamedOutputs(_outputs(module.__dict__, outputs))
        except BaseException as error:
            error.__traceback__ = _from_cell(error, (component.filename, setup))
            raise
        finally:
            close_figures()

    return run


def _module(component: Source) -> types.ModuleType:
    module = types.ModuleType("__main__")
    module.__dict__["__file__"] = component.filename
    sys.modules["__main__"] = module  # so that classes the cell defines can be pickled by value
    return module


def _define(code: str, filename: str, module: types.ModuleType) -> None:
    if code:
        _remember(code, filename)
        tree = ast.parse(code, filename)
        exec(compile(tree, filename, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
        recognise(tree, module.__dict__)


def _execute(component: Source, module: types.ModuleType, *, wants_result: bool) -> None:
    _remember(component.code, component.filename)
    tree = ast.parse(component.code, component.filename)
    if wants_result and tree.body and isinstance(last := tree.body[-1], ast.Expr):
        assign = ast.Assign([ast.Name(RESULT, ast.Store())], last.value)
        tree.body[-1] = ast.fix_missing_locations(ast.copy_location(assign, last))
    code = compile(tree, component.filename, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(code, module.__dict__))  # noqa: S307
    else:
        exec(code, module.__dict__)  # noqa: S102
    recognise(tree, module.__dict__)


def _remember(code: str, filename: str) -> None:
    """Let tracebacks show the source."""
    linecache.cache[filename] = (len(code), None, (code + "\n").splitlines(keepends=True), filename)


def _outputs(namespace: dict[str, Any], declared: tuple[str, ...]) -> dict[str, Any]:
    given = with_pictures({name: namespace[name] for name in declared if name in namespace})
    if missing := [name for name in declared if name not in given]:
        raise NotFoundError(f"the cell ended without binding its output {', '.join(map(repr, missing))}")
    return given


def _from_cell(error: BaseException, filenames: tuple[str, ...]) -> types.TracebackType | None:
    """The traceback from the cell on, without what runs it; all of it if the cell isn't in it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename not in filenames:
        trace = trace.tb_next
    return trace or error.__traceback__


def recognise(tree: ast.Module, namespace: Mapping[str, Any]) -> None:
    """Give the classes that `tree` has made in `namespace` identities that follow from their source.

    cloudpickle takes classes of `__main__` along by value and tells them apart by such an identity, random by default.
    So a value of a class comes out of the store as one of the class by the same source that the reading cell has.
    """
    for statement, name in _classes(tree):
        made = namespace.get(name)
        if isinstance(made, type) and made.__module__ == "__main__":
            bases = [cloudpickle._DYNAMIC_CLASS_TRACKER_BY_CLASS.get(base, "") for base in made.__mro__[1:]]  # noqa: SLF001
            text = "\n".join([name, ast.unparse(statement), *bases])
            identity = hashlib.sha256(text.encode()).hexdigest()[:32]
            with cloudpickle._DYNAMIC_CLASS_TRACKER_LOCK:  # noqa: SLF001
                cloudpickle._DYNAMIC_CLASS_TRACKER_BY_CLASS[made] = identity  # noqa: SLF001
                cloudpickle._DYNAMIC_CLASS_TRACKER_BY_ID[identity] = made  # noqa: SLF001


def _classes(tree: ast.Module) -> Iterator[tuple[ast.stmt, str]]:
    for statement in tree.body:
        match statement:
            case ast.ClassDef(name=name):
                yield statement, name
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call()):  # namedtuple, Enum, make_dataclass
                yield statement, name
