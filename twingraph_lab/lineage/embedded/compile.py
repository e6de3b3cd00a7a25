"""Bytecode → `Chain`: nested traversals compiled, modulators and filters folded into the steps they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

from twingraph_lab.lineage.embedded import steps  # noqa: F401  (registers every step)
from twingraph_lab.lineage.embedded.by import compile_by
from twingraph_lab.lineage.embedded.chain import STEPS, Call, Chain, Definition, Modulator
from twingraph_lab.lineage.embedded.draft import Draft
from twingraph_lab.lineage.embedded.gremlin import Binding, Bytecode, CardinalityValue, Direction, T
from twingraph_lab.lineage.embedded.pushdown import pushed_down
from twingraph_lab.lineage.errors import QueryError

Instruction = tuple[str, tuple[Any, ...]]
_EARLY = ("times", "until", "emit")
_MODULATORS = frozenset({"by", "from", "to", "option", "with", *_EARLY})
_STARTS = frozenset({"V", "E", "addV", "addE", "mergeV", "mergeE", "inject", "union"})
_CREATING = ("addV", "addE")


def compile_traversal(bytecode: Bytecode) -> Chain:
    """The whole traversal. Raises `QueryError`, naming the step, for what isn't supported."""
    instructions = _instructions(bytecode)
    if not instructions:
        raise QueryError("the traversal has no steps; begin with g.V() or g.E()")
    if instructions[0][0] not in _STARTS:
        raise QueryError(f"a traversal can't begin with {instructions[0][0]}(); begin with {_listed(sorted(_STARTS))}")
    return _chain(_connected(instructions, keep=1))


def supported_steps() -> list[str]:
    """Every step and modulator the evaluator knows, sorted."""
    return sorted({*STEPS, *_MODULATORS, "as"} - {name for name in STEPS if name.startswith("~")})


def unsupported(name: str) -> QueryError:
    """The error for a step nobody knows, with those that look like it."""
    close = get_close_matches(name, supported_steps(), n=3)
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    return QueryError(f"the step {name}() is not supported{hint} Supported: {_listed(supported_steps())}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _instructions(bytecode: Bytecode) -> list[Instruction]:
    return [
        (name, tuple(_unbound(argument) for argument in arguments)) for name, *arguments in bytecode.step_instructions
    ]


def _unbound(argument: Any) -> Any:
    return _unbound(argument.value) if isinstance(argument, Binding) else argument


def _connected(instructions: list[Instruction], keep: int = 0) -> list[Instruction]:
    """`a.or().b` as `or(a, b)`, and likewise `and`, which binds tighter; the first `keep` steps stay outside."""
    for name in ("or", "and"):
        places = [place for place, found in enumerate(instructions) if found == (name, ())]
        if places:
            bounds = [keep - 1, *places, len(instructions)]
            parts = [instructions[start + 1 : end] for start, end in pairwise(bounds)]
            return [*instructions[:keep], (name, tuple(_anonymous(part) for part in parts))]
    return instructions


def _anonymous(instructions: Sequence[Instruction]) -> Bytecode:
    bytecode = Bytecode()
    for name, arguments in instructions:
        bytecode.add_step(name, *arguments)
    return bytecode


def _nested(bytecode: Bytecode) -> Chain:
    return _chain(_connected(_instructions(bytecode)))


def _pattern(bytecode: Bytecode) -> Bytecode:
    """A traversal within where(): `as()` at its ends are conditions on what those labels stand for, not new labels."""
    instructions = _connected(_instructions(bytecode))
    name, arguments = instructions[0] if instructions else ("", ())
    if name == "as":
        instructions[0] = ("~whereStart", arguments)
    elif name in ("and", "or", "not"):
        children = (_pattern(child) if isinstance(child, Bytecode) else child for child in arguments)
        instructions[0] = (name, tuple(children))
    if len(instructions) > 1 and instructions[-1][0] == "as":
        instructions[-1] = ("~whereEnd", instructions[-1][1])
    return _anonymous(instructions)


def _chain(instructions: Sequence[Instruction]) -> Chain:
    calls = tuple(_calls(pushed_down(_drafts(instructions))))
    definitions = [STEPS[call.name] for call in calls]
    children = [(found, child) for call, found in zip(calls, definitions, strict=True) for child in _children(call)]
    mutates = any(found.mutates for found in definitions) or any(child.mutates for _, child in children)
    gathers = any(found.gathers for found in definitions) or any(
        found.parent and child.gathers for found, child in children
    )
    return Chain(calls, mutates, gathers)


def _children(call: Call) -> Iterator[Chain]:
    for value in (call.arguments, [modulator.arguments for modulator in call.modulators]):
        yield from _chains(value)


def _chains(value: Any) -> Iterator[Chain]:
    if isinstance(value, Chain):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _chains(item)
    elif isinstance(value, dict):
        yield from _chains(list(value.values()))


def _drafts(instructions: Sequence[Instruction]) -> list[Draft]:
    drafts: list[Draft] = []
    early: list[Modulator] = []
    for name, arguments in instructions:
        last = drafts[-1] if drafts else None
        if name == "as":
            if last is None:
                drafts.append(last := Draft("identity", ()))
            last.labels += arguments
        elif name in _EARLY and (last is None or last.name != "repeat"):
            early.append(Modulator(name, _compiled(arguments), early=True))
        elif _modifies(name, arguments, last):
            last.modulators.append(Modulator(name, _compiled(arguments)))  # type: ignore[union-attr]
        else:
            drafts.append(_draft(name, arguments))
            if name == "repeat":
                drafts[-1].modulators += early
                early = []
    if early:
        raise QueryError(f"{early[0].name}() needs a repeat() to belong to")
    return drafts


def _draft(name: str, arguments: tuple[Any, ...]) -> Draft:
    if name == "where" and isinstance(arguments[0], Bytecode):
        arguments = (_pattern(arguments[0]),)
    if name == "match":
        arguments = tuple(_instructions(pattern) for pattern in arguments)
        return Draft(name, tuple(_match_pattern(pattern) for pattern in arguments))
    return Draft(name, _compiled(arguments))


def _match_pattern(instructions: list[Instruction]) -> tuple[str | None, str | None, Chain]:
    """(label it begins at, label it ends at, steps between) of one pattern of match()."""
    start = end = None
    if instructions and instructions[0][0] == "as":
        start, instructions = instructions[0][1][0], instructions[1:]
        if instructions and instructions[-1][0] == "as":
            end, instructions = instructions[-1][1][0], instructions[:-1]
    elif instructions and instructions[0][0] in ("where", "not", "and", "or"):
        instructions = _instructions(_pattern(_anonymous(instructions)))
    else:
        raise QueryError("every pattern of match() begins with as(label), or is where(), not(), and() or or()")
    return start, end, _chain(instructions)


def _modifies(name: str, arguments: tuple[Any, ...], last: Draft | None) -> bool:
    """Whether this is a modulator of the step before it, rather than a step."""
    if last is None:
        return False
    if name == "property" and last.name in _CREATING:
        return len(arguments) == 2 and isinstance(arguments[0], T)
    if name == "to" and arguments and isinstance(arguments[0], Direction):
        return False
    if name not in _MODULATORS:
        return False
    if name not in _definition(last.name).modulators:
        raise QueryError(f"{name}() can't follow {last.name}()")
    return True


def _compiled(value: Any) -> Any:
    """`value` with every nested traversal compiled."""
    match value:
        case CardinalityValue():
            return value
        case Bytecode():
            return _nested(value)
        case Binding():
            return _compiled(value.value)
        case tuple() | list() | set():
            return type(value)(_compiled(item) for item in value)
        case dict():
            return {key: _compiled(item) for key, item in value.items()}
        case _:
            return value


def _definition(name: str) -> Definition:
    try:
        return STEPS[name]
    except KeyError:
        raise unsupported(name) from None


def _calls(drafts: Sequence[Draft]) -> Iterator[Call]:
    for place, draft in enumerate(drafts):
        definition = _definition(draft.name)
        modulators = tuple(modulator for modulator in draft.modulators if modulator.name != "by")
        yield Call(
            draft.name,
            definition.handler,
            draft.arguments,
            definition.prepare(draft.arguments),
            tuple(compile_by(modulator.arguments) for modulator in draft.modulators if modulator.name == "by"),
            modulators,
            draft.labels,
            first=place == 0,
        )
