"""A workflow → a script that runs it: each node a component, the edges calls in a pipeline. Pure."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.cells import RESULT, names_of
from twingraph_lab.frontends.export_bodies import Body, body_of
from twingraph_lab.frontends.export_code import (
    INDENT,
    InexpressibleError,
    Path,
    awaits,
    call,
    expression,
    indented,
    literal,
    with_result,
)
from twingraph_lab.spec.graph import topological
from twingraph_lab.spec.workflow import CachePolicy, Node, PlatformSpec, Retry, Workflow

TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "object": "dict", "array": "list"}
TAKEN = {"component", "pipeline", "json", "sys", "Any", "NamedTuple", "Nothing"}
NOTHING = f'class Nothing(NamedTuple):\n{INDENT}"""What a node without outputs returns."""'


@dataclass(frozen=True, slots=True)
class _Part:
    """A node in the script: `name` is its function's, `fields` the class of its outputs unless it has one `result`."""

    node: Node
    body: Body
    name: str
    fields: str = ""

    @property
    def result(self) -> str:
        """The variable that holds what its call returns."""
        return f"{self.name}_result"


def script(workflow: Workflow) -> str:
    """The script's text. Raises `WorkflowError`, which names every node that can't be said in one, and why."""
    faults = [
        Fault(f"{name!r} can't be the argument of a function", path=f"parameters.{name}")
        for name in workflow.parameters
        if keyword.iskeyword(name)
    ]
    parts: dict[str, _Part] = {}
    texts: list[str] = []
    names = _Names({*TAKEN, *workflow.parameters, *_bound_by_setups(workflow)})
    main = names.free(workflow.name)
    for node_id in topological({node.id: node.upstream for node in workflow.nodes}):
        node = workflow.by_id[node_id]
        try:
            parts[node_id] = part = _part(node, body_of(node, workflow), names)
            texts.append(_component(part))
        except InexpressibleError as error:
            faults.append(Fault(str(error), node=node_id))
    steps, outputs = _steps(workflow, parts, faults)
    if faults:
        raise WorkflowError(faults, source=f"{workflow.name!r} as a script")
    return _assembled(workflow, main, parts.values(), texts, [*steps, *outputs])


def _assembled(workflow: Workflow, main: str, parts: Iterable[_Part], texts: list[str], steps: list[str]) -> str:
    """The file: imports, what cells brought along, components, the pipeline, and how it starts."""
    parts = list(parts)
    imports = {f"import {module}" for part in parts if (module := _module(part)) and _is_plain(part)}
    imports |= {"import json", "import sys"} if workflow.parameters else set()
    typed = [
        name for name in ("Any", "NamedTuple") if any(f": {name}" in text or f"({name})" in text for text in texts)
    ]
    arguments = ", ".join(_argument(name, workflow) for name in _by_need(workflow))
    own_name = f"(name={literal(workflow.name)})" if main != workflow.name else ""
    described = [f'{INDENT}"""{workflow.description}"""'] if _is_docstring(workflow.description) else []
    given = '**json.loads(sys.argv[1] if sys.argv[1:] else "{}")' if workflow.parameters else ""
    hint = f"  # python FILE '{{\"{next(iter(workflow.parameters))}\": …}}' sets parameters" if given else ""
    blocks = [
        f'"""{_one_line(workflow.name)}: a workflow as a program."""',
        "\n".join([*sorted(imports), *([f"from typing import {', '.join(typed)}"] if typed else [])]),
        "from twingraph_lab import component, pipeline",
    ]
    blocks = [block for block in blocks if block]
    setups = list(dict.fromkeys(part.body.setup for part in parts if part.body.setup and _goes_above(part)))
    big = [*setups, *([NOTHING] if any("-> Nothing" in text for text in texts) else []), *texts]
    flow = "\n".join([f"@pipeline{own_name}", f"def {main}({arguments}):", *described, *(steps or [INDENT + "pass"])])
    end = f'if __name__ == "__main__":\n{INDENT}print({main}({given})){hint}'
    return "\n\n\n".join(["\n\n".join(blocks), *big, flow, end]) + "\n"


# components


def _part(node: Node, body: Body, names: _Names) -> _Part:
    name = names.free(node.id)
    plain = body.outputs in ((), (RESULT,)) or bool(body.function)
    if not plain and (wrong := [o for o in body.outputs if o.startswith("_") or keyword.iskeyword(o)]):
        raise InexpressibleError(f"{', '.join(map(repr, wrong))} can't be the name of a field")
    return _Part(node, body, name, "" if plain else names.free(_camel(name) + "Outputs"))


def _component(part: _Part) -> str:
    options = ", ".join(f"{name}={value}" for name, value in _options(part).items())
    if _is_plain(part):
        called = f"{_module(part)}.{part.body.function.partition(':')[2]}"
        return f"{part.name} = component({called}{', ' + options if options else ''})"
    code, above = _function_body(part)
    fields = [f"class {part.fields}(NamedTuple):", *(f"{INDENT}{name}: Any" for name in part.body.outputs), "", ""]
    returned = {(): "Nothing()", (RESULT,): RESULT}.get(part.body.outputs)
    returned = returned or f"{part.fields}({', '.join(part.body.outputs)})"
    returns = " -> Nothing" if not part.body.outputs else f" -> {part.fields}" if part.fields else ""
    kind = "async def" if awaits(code) else "def"
    described = [f'{INDENT}"""{part.node.description}"""'] if _is_docstring(part.node.description) else []
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


def _function_body(part: _Part) -> tuple[str, list[str]]:
    """A cell's code as it goes into a function, and lines to go before it. Raises `InexpressibleError`."""
    body = part.body
    code = (
        with_result(body.code)
        if RESULT in body.outputs and RESULT not in names_of(body.code + "\n").kinds
        else body.code
    )
    if body.setup and not _goes_above(part):
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


def _goes_above(part: _Part) -> bool:
    """Whether setup code needs nothing of the node, and the node's code doesn't bind a name of it anew."""
    setup, code = names_of(part.body.setup + "\n"), names_of(part.body.code + "\n")
    return not setup.needs and not setup.kinds.keys() & {*code.kinds, *part.body.inputs}


def _is_plain(part: _Part) -> bool:
    return bool(part.body.function)


def _module(part: _Part) -> str:
    return part.body.function.partition(":")[0]


def _options(part: _Part) -> dict[str, str]:
    """The arguments of `component`."""
    node = part.node
    options: dict[str, str] = {}
    own_name = part.body.function.rpartition(":")[2].rpartition(".")[2] if _is_plain(part) else part.name
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


# the pipeline


def _steps(workflow: Workflow, parts: Mapping[str, _Part], faults: list[Fault]) -> tuple[list[str], list[str]]:
    """The calls in order, and the line that returns the outputs."""
    name = _Naming(parts)
    steps: list[str] = []
    outputs = workflow.outputs or _last(workflow)
    read = [part.body.inputs for part in parts.values()] + [outputs]
    used = {node for trees in read for node in _nodes_in(trees)} | {
        up for part in parts.values() for up in part.node.after
    }
    for part in parts.values():
        try:
            arguments = [f"{each}={expression(tree, name, templates=False)}" for each, tree in part.body.inputs.items()]
        except (InexpressibleError, KeyError) as error:
            if isinstance(error, InexpressibleError):
                faults.append(Fault(str(error), node=part.node.id))
            continue
        after = [parts[up].result for up in part.node.after if up in parts]
        if after:
            arguments.append(f"parent_hash=[{', '.join(after)}]")
        before = f"{part.result} = " if part.node.id in used else ""
        steps.append(call(part.name, arguments, INDENT, before=before))
    try:
        returned = {each: expression(tree, name, templates=False) for each, tree in outputs.items()}
    except KeyError:
        return steps, []  # of a node that is refused already
    except InexpressibleError as error:
        faults.append(Fault(str(error), path="outputs"))
        return steps, []
    if wrong := [each for each in returned if not each.isidentifier()] if workflow.outputs else []:
        faults.append(Fault(f"{', '.join(map(repr, wrong))} can't be outputs of a pipeline", path="outputs"))
    if not returned or not all(each.isidentifier() for each in returned):
        return steps, []
    items = [f"{literal(each)}: {value}" for each, value in returned.items()]
    line = f"{INDENT}return {{{', '.join(items)}}}"
    if len(line) > 88:
        line = "\n".join([f"{INDENT}return {{", *(f"{INDENT * 2}{item}," for item in items), f"{INDENT}}}"])
    return steps, [line]


def _last(workflow: Workflow) -> dict[str, JsonValue]:
    """The outputs of a workflow that declares none: those of the nodes that nobody waits for."""
    waited_for = {up for node in workflow.nodes for up in node.upstream}
    return {node.id: {"ref": node.id} for node in workflow.nodes if node.id not in waited_for}


def _nodes_in(trees: Mapping[str, JsonValue]) -> set[str]:
    from twingraph_lab.spec.inputs import references  # noqa: PLC0415

    return {reference.node for reference in references(trees)}


class _Naming:
    """What stands for a parameter or for a node's output in the pipeline."""

    def __init__(self, parts: Mapping[str, _Part]) -> None:
        self._parts = parts

    def __call__(self, path: Path) -> str:
        first, *rest = path
        if first == "input" and rest[:1] != ["output"]:
            if len(rest) != 1:
                raise InexpressibleError(f"{'.'.join(path)!r} is a part of a parameter")
            return rest[0]
        part = self._parts[first]
        outputs = part.body.outputs
        if rest[:1] == ["output"] and "output" not in outputs:
            rest = rest[1:]
        if rest and part.fields and rest[0] in outputs:
            field, *below = rest
            return f"{part.result}.{field}" + "".join(f"[{literal(key)}]" for key in below)
        if not rest or (rest == [RESULT] and outputs == (RESULT,)):
            return part.result
        return f'{part.result}["outputs"]' + "".join(f"[{literal(key)}]" for key in rest)


def _argument(name: str, workflow: Workflow) -> str:
    parameter = workflow.parameters[name]
    kind = TYPES.get(parameter.type, "")
    if parameter.required:
        return f"{name}: {kind}" if kind else name
    if kind and parameter.default is None:
        kind += " | None"
    return f"{name}: {kind} = {literal(parameter.default)}" if kind else f"{name}={literal(parameter.default)}"


def _by_need(workflow: Workflow) -> list[str]:
    """Parameters, those without a default first, as Python wants it."""
    return sorted(workflow.parameters, key=lambda name: not workflow.parameters[name].required)


# names


class _Names:
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


def _bound_by_setups(workflow: Workflow) -> set[str]:
    bound: set[str] = set()
    for node in workflow.nodes:
        setup: Any = getattr(workflow.component_of(node), "setup", "")
        if setup:
            bound.update(names_of(setup + "\n").kinds)
    return bound


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _is_docstring(text: str) -> bool:
    return bool(text) and '"' not in text and "\\" not in text and "\n" not in text


def _one_line(text: str) -> str:
    return re.sub(r'["\\\s]+', " ", text).strip()
