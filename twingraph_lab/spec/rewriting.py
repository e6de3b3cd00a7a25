"""Input trees with other references: nodes renamed, edges taken away. Everything else in them stays as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple, cast

from pydantic import JsonValue

from twingraph_lab.spec.inputs import (
    SIMPLE,
    Reference,
    TemplateError,
    is_parameter,
    is_template,
    lone_path,
    pieces,
    references,
    special_form,
    template_paths,
)

Picks = Callable[[Reference], bool]


class Rest(NamedTuple):
    """What is left of a mapping of names to input trees, and the templates that had to stay, since they hold more."""

    inputs: dict[str, JsonValue]
    held: tuple[str, ...]


def renamed(inputs: Mapping[str, JsonValue], old: str, new: str) -> dict[str, JsonValue]:
    """The inputs with references to the node `old` made to `new`, in templates too.

    Raises `TemplateError` for a template in which that isn't possible, because it gives the name another meaning or
    because `new` can't be written there (as `a-b` in `{{ a | upper }}`).

    >>> renamed({"x": {"ref": "a.n"}, "y": ["{{ a.n | round }} of {{ b.a }}"]}, "a", "c")
    {'x': {'ref': 'c.n'}, 'y': ['{{ c.n | round }} of {{ b.a }}']}
    """
    return {name: _renamed(tree, old, new) for name, tree in inputs.items()}


def without(inputs: Mapping[str, JsonValue], picks: Picks) -> Rest:
    """The inputs without the references that are picked: arrays lose the item, objects the key, or the input goes.

    A template that is more than the reference stays as it is.

    >>> without({"x": {"ref": "a"}, "y": [{"ref": "a.n"}, 2], "z": "{{ a.n }} rows"}, lambda ref: ref.node == "a")
    Rest(inputs={'y': [2], 'z': '{{ a.n }} rows'}, held=('{{ a.n }} rows',))
    """
    held: list[str] = []
    kept = {name: _without(tree, picks, held) for name, tree in inputs.items()}
    return Rest({name: cast("JsonValue", tree) for name, tree in kept.items() if tree is not _GONE}, tuple(held))


_GONE: Final = object()


def _renamed(tree: JsonValue, old: str, new: str) -> JsonValue:
    if isinstance(tree, str):
        return _in_template(tree, old, new) if is_template(tree) and old in tree else tree
    if isinstance(tree, list):
        return [_renamed(item, old, new) for item in tree]
    if not isinstance(tree, dict):
        return tree
    match special_form(tree):
        case "ref":
            node, dot, path = str(tree["ref"]).partition(".")
            return {"ref": f"{new}{dot}{path}"} if node == old else tree
        case None:
            return {key: _renamed(item, old, new) for key, item in tree.items()}
    return tree


def _without(tree: JsonValue, picks: Picks, held: list[str]) -> object:
    if isinstance(tree, str):
        if not is_template(tree) or not any(map(picks, references({"": tree}))):
            return tree
        if lone_path(tree):
            return _GONE
        held.append(tree)
        return tree
    if isinstance(tree, list):
        items = [_without(item, picks, held) for item in tree]
        return [item for item in items if item is not _GONE]
    if not isinstance(tree, dict):
        return tree
    match special_form(tree):
        case "ref":
            return _GONE if any(map(picks, references({"": tree}))) else tree
        case None:
            left = {key: _without(item, picks, held) for key, item in tree.items()}
            return {key: item for key, item in left.items() if item is not _GONE}
    return tree


def _in_template(text: str, old: str, new: str) -> str:
    try:
        paths = template_paths(text)
    except TemplateError:
        return text  # nothing can be read from it, so nothing refers to `old`
    wanted = [_path(path, old, new) for path in paths]
    if wanted == paths:
        return text
    simple = pieces(text) is not None or lone_path(text) is not None
    made = SIMPLE.sub(lambda found: _swapped(found, old, new), text) if simple else "".join(_tokens(text, old, new))
    try:
        if template_paths(made) == wanted:
            return made
    except TemplateError:
        pass
    shown = repr(text if len(text) <= 100 else f"{text[:100]}…")
    raise TemplateError(f"in the template {shown}, {old!r} can't be renamed to {new!r}: change it by hand first")


def _path(path: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    if path[0] != old or is_parameter(path):
        return path
    return (*_start(new, path[1:2] == ("output",)), *path[1:])


def _start(new: str, follows: bool) -> tuple[str, ...]:  # noqa: FBT001
    """How a path of the node `new` begins: `input` alone would be the parameters."""
    return ("input", "output") if new == "input" and not follows else (new,)


def _swapped(found: re.Match[str], old: str, new: str) -> str:
    path = ".".join(_path(tuple(found[1].split(".")), old, new))
    start, end = found.start(1) - found.start(), found.end(1) - found.start()
    return f"{found[0][:start]}{path}{found[0][end:]}"


def _tokens(text: str, old: str, new: str) -> Iterator[str]:
    """The text of a template with `old` renamed wherever it is a name of its own; whoever calls checks the meaning."""
    from twingraph_lab.spec.expressions import lexed  # noqa: PLC0415  (Jinja, only where a template needs it)

    tokens = lexed(text)
    telling = [index for index, (kind, _) in enumerate(tokens) if kind != "whitespace"]
    around = {
        index: (tokens[before][1], tokens[after][1])
        for before, index, after in zip(telling, telling[1:], telling[2:], strict=False)
    }
    follow = {index: tokens[after][1] for index, after in zip(telling, telling[2:], strict=False)}
    for index, (kind, value) in enumerate(tokens):
        before, after = around.get(index, ("", ""))
        if kind == "name" and value == old and before not in (".", "|") and after != "=":
            output = after == "." and follow.get(index) == "output"
            if old != "input" or output:
                yield ".".join(_start(new, output))
                continue
        yield value
