"""A node of a workflow as a component of a script: a function, its name, its options. Pure."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from dataclasses import dataclass

from twingraph_lab.frontends.cells import RESULT, names_of
from twingraph_lab.frontends.export_bodies import Body
from twingraph_lab.frontends.export_code import INDENT, InexpressibleError, awaits, indented, literal, with_result
from twingraph_lab.spec.workflow import CachePolicy, Node, PlatformSpec, Retry


@dataclass(frozen=True, slots=True)
class Part:
    """A node in the script: `name` is its function's, `fields` the class of its outputs unless it has one `result`."""

    node: Node
    body: Body
    name: str
    fields: str = ""

    @property
    def result(self) -> str:
        """The variable that holds what its call returns."""
        return f"{self.name}_result"

    @property
    def module(self) -> str:
        """Where the function is that it does nothing but call; empty if the script defines one."""
        return self.body.function.partition(":")[0]


class Names:
    """Names at the top of a file, each once."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken

    def free(self, wanted: str) -> str:
        """The nearest free name."""
        name = re.sub(r"\W", "_", wanted, flags=re.ASCII) or "_"
        name = f"_{name}" if name[0].isdigit() else name
        while name in self._taken or keyword.iskeyword(name) or hasattr(builtins, name):
            name += "_"
        self._taken.add(name)
        return name


def part_of(node: Node, body: Body, names: Names) -> Part:
    """The node with a name of its own. Raises `InexpressibleError` for outputs that can't be fields."""
    name = names.free(node.id)
    plain = body.outputs in ((), (RESULT,)) or bool(body.function)
    if not plain and (wrong := [o for o in body.outputs if o.startswith("_") or keyword.iskeyword(o)]):
        raise InexpressibleError(f"{', '.join(map(repr, wrong))} can't be the name of a field")
    return Part(node, body, name, "" if plain else names.free(_camel(name) + "Outputs"))


def component_text(part: Part) -> str:
    """The definition of the component. Raises `InexpressibleError`."""
    options = ", ".join(f"{name}={value}" for name, value in _options(part).items())
    if part.module:
        called = f"{part.module}.{part.body.function.partition(':')[2]}"
        return f"{part.name} = component({called}{', ' + options if options else ''})"
    code, above = _function_body(part)
    fields = [f"class {part.fields}(NamedTuple):", *(f"{INDENT}{name}: Any" for name in part.body.outputs), "", ""]
    returned = {(): "Nothing()", (RESULT,): RESULT}.get(part.body.outputs)
    returned = returned or f"{part.fields}({', '.join(part.body.outputs)})"
    returns = " -> Nothing" if not part.body.outputs else f" -> {part.fields}" if part.fields else ""
    kind = "async def" if awaits(code) else "def"
    described = [f'{INDENT}"""{part.node.description}"""'] if is_docstring(part.node.description) else []
    lines = [
        *(fields if part.fields else []),
        f"@component({options})" if options else "@component",
        f"{kind} {part.name}({', '.join(part.body.inputs)}){returns}:",
        *described,
        *above,
        *([indented(code)] if code.strip() else []),
        f"{INDENT}return {returned}",
    ]
    return "\n".join(lines)


def _function_body(part: Part) -> tuple[str, list[str]]:
    """A cell's code as it goes into a function, and lines to go before it. Raises `InexpressibleError`."""
    body = part.body
    code = (
        with_result(body.code)
        if RESULT in body.outputs and RESULT not in names_of(body.code + "\n").kinds
        else body.code
    )
    if body.setup and not goes_above(part):
        code = f"{body.setup}\n\n{code}"
    names = names_of(code + "\n")
    tree = ast.parse(code)
    for node in ast.walk(tree):
        match node:
            case ast.Global(names=globals_):
                raise InexpressibleError(f"`global {', '.join(globals_)}` means another thing within a function")
            case ast.ImportFrom(module="__future__"):
                raise InexpressibleError("`from __future__ import` stands at the beginning of a file")
            case ast.Call(func=ast.Name(id="globals" | "locals" | "vars" | "exec" | "eval" as name)):
                raise InexpressibleError(f"`{name}()` sees other names within a function")
    local = {name for name in names.reads if name in names.kinds and name not in body.inputs}
    unknown = sorted(name for name in local if not hasattr(builtins, name) and name in names.needs)
    if unknown:
        raise InexpressibleError(f"it reads {', '.join(map(repr, unknown))} before anything binds it")
    shadowed = sorted(name for name in local if hasattr(builtins, name))
    return code, [f"{INDENT}from builtins import {', '.join(shadowed)}"] if shadowed else []


def goes_above(part: Part) -> bool:
    """Whether setup code needs nothing of the node, and the node's code doesn't bind a name of it anew."""
    setup, code = names_of(part.body.setup + "\n"), names_of(part.body.code + "\n")
    return not setup.needs and not setup.kinds.keys() & {*code.kinds, *part.body.inputs}


def _options(part: Part) -> dict[str, str]:
    """The arguments of `component`."""
    node = part.node
    options: dict[str, str] = {}
    own_name = part.body.function.rpartition(":")[2].rpartition(".")[2] if part.module else part.name
    if own_name != node.id:
        options["name"] = literal(node.id)
    if node.retry != Retry():
        retry = node.retry.model_dump(mode="json", exclude_defaults=True)
        options["retry"] = str(node.retry.attempts - 1) if retry.keys() <= {"attempts"} else literal(retry)
    if node.timeout_s is not None:
        options["timeout_s"] = literal(node.timeout_s)
    if node.cache != CachePolicy():
        cache = node.cache.model_dump(mode="json", exclude_defaults=True)
        options["cache"] = "True" if cache == {"mode": "inputs"} else literal(cache)
    if node.resources:
        options["resources"] = literal(node.resources)
    if node.at_most_once:
        options["at_most_once"] = "True"
    if node.platform != PlatformSpec():
        options["platform"] = literal(node.platform.kind)
        for name, value in node.platform.options.items():
            if not name.isidentifier() or keyword.iskeyword(name) or name in {*options, "platform", "name"}:
                raise InexpressibleError(f"the platform's option {name!r} can't be an argument of `component`")
            options[name] = literal(value)
    return options


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def is_docstring(text: str) -> bool:
    """Whether text can stand between triple quotes as it is, and there is some."""
    return bool(text) and '"' not in text and "\\" not in text and "\n" not in text
