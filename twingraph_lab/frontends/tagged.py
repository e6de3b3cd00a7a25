"""A notebook's tagged cells → a workflow of these cells, without starting a kernel. The notebook is read, never run."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from twingraph_lab.components import ipynb
from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.cell_options import cell_of, cell_options
from twingraph_lab.frontends.cellbook import CellBook
from twingraph_lab.frontends.cells import names_of
from twingraph_lab.frontends.definitions import definitions_of
from twingraph_lab.frontends.entries import Cell
from twingraph_lab.frontends.magic_options import HelpShownError
from twingraph_lab.spec.workflow import NAME, Parameter, Workflow

TAG = "node"
PARAMETERS = "parameters"
CELL_MAGIC = "%%twingraph"
LINE_MAGIC = re.compile(r"^[ \t]*[%!?].*$|^.*\?$", re.MULTILINE)
NEW = re.compile(r"^%twingraph\s+new\s+(.+)$", re.MULTILINE)
LINE = re.compile(r"^line (\d+)$")


@dataclass(slots=True)
class _Reading:
    """What the cells of a notebook are; places are `cell N`, counted from 1 over all cells as Jupyter shows them."""

    nodes: dict[int, Cell] = field(default_factory=dict)
    helpers: dict[int, str] = field(default_factory=dict)
    bound: dict[str, int] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    name: str = ""
    faults: list[Fault] = field(default_factory=list)


def has_nodes(document: Mapping[str, Any]) -> bool:
    """Whether any code cell is tagged `node` or `node:NAME`, or begins with `%%twingraph`."""
    return any(_is_node(cell) for cell in document["cells"] if cell.get("cell_type") == "code")


def workflow_of_cells(document: ipynb.Document, *, name: str, source: str) -> Workflow:
    """The workflow of the cells that are tagged `node` or `node:NAME`, or begin with `%%twingraph`.

    The cell tagged `parameters` gives parameters, and so do plain values that other cells set. Functions, classes and
    imports of other cells travel with the nodes that use them. Raises `WorkflowError` with every fault, each with its
    cell and line.
    """
    if not has_nodes(document):
        hint = "tag the cells that are to be nodes `node` or `node:NAME`, or begin them with %%twingraph"
        raise WorkflowError([Fault(f"no cell of this notebook is a node: {hint}")], source=source)
    if (language := ipynb.language(document)) != "python":
        raise WorkflowError(
            [Fault(f"only Python cells can be nodes, and this notebook is in {language}")], source=source
        )
    reading = _read(document, source)
    reading.faults += _untagged(reading)
    if reading.faults:
        raise WorkflowError(reading.faults, source=source)
    book = CellBook(Workflow(name=reading.name or name, parameters=reading.parameters))
    faults: list[Fault] = []
    places: dict[str, int] = {}
    for number, cell in sorted({**{n: Cell(code) for n, code in reading.helpers.items()}, **reading.nodes}.items()):
        try:
            book, defined = book.define(replace(cell, identity=f"cell {number}"), reading.values)
            if defined in places and number in reading.nodes and places[defined] in reading.nodes:
                faults.append(
                    Fault(f"is called {defined!r} like cell {places[defined]}; name it", path=f"cell {number}")
                )
            places[defined] = number
        except WorkflowError as error:
            faults += [_placed(fault, number) for fault in error.faults]
    told = {(fault.node, fault.message) for fault in faults}
    faults += [
        _placed(fault, places[fault.node]) if fault.node in places else fault
        for fault in book.faults()
        if (fault.node, fault.message) not in told
    ]
    if faults:
        raise WorkflowError(faults, source=source)
    return book.workflow


def _read(document: ipynb.Document, source: str) -> _Reading:
    reading = _Reading(parameters=_parameters(document, source))
    workflows: set[str] = set()
    for number, cell in enumerate(document["cells"], 1):
        if cell.get("cell_type") != "code":
            continue
        text = ipynb.text(cell)
        try:
            if _is_node(cell):
                made, workflow = _node(cell, text)
                reading.nodes[number] = made
                workflows |= {workflow} - {""}
            else:
                if called := NEW.search(text):
                    reading.name = reading.name or shlex.split(called[1])[0]
                _plain(text, number, reading)
        except WorkflowError as error:
            reading.faults += [_placed(fault, number) for fault in error.faults]
        except HelpShownError:
            reading.faults.append(Fault("asks for help, so it is no node", path=f"cell {number}"))
    if len(workflows) > 1:
        told = ", ".join(sorted(workflows))
        reading.faults.append(Fault(f"its cells belong to several workflows ({told}), and a file is one"))
    reading.name = next(iter(workflows), reading.name)
    return reading


def _is_node(cell: ipynb.Cell) -> bool:
    return ipynb.text(cell).startswith(CELL_MAGIC) or any(
        tag == TAG or tag.startswith(f"{TAG}:") for tag in ipynb.tags(cell)
    )


def _node(cell: ipynb.Cell, text: str) -> tuple[Cell, str]:
    """The cell as a live notebook would define it, and the workflow it names."""
    tagged = sorted(tag.partition(":")[2] for tag in ipynb.tags(cell) if tag.startswith(f"{TAG}:"))
    if wrong := [name for name in tagged if not re.fullmatch(NAME, name)]:
        raise WorkflowError(
            [Fault(f"the tag {TAG}:{wrong[0]} doesn't name a node: letters, digits, _ and - make a name")]
        )
    if not text.startswith(CELL_MAGIC):
        return Cell(text.rstrip() + "\n", name=next(iter(tagged), "")), ""
    line, _, body = text.partition("\n")
    options = cell_options().parse(line.removeprefix(CELL_MAGIC))
    made = cell_of(options, body, "")
    return (replace(made, name=tagged[0]) if tagged and not made.name else made), options.workflow or ""


def _plain(text: str, number: int, reading: _Reading) -> None:
    """Note what a cell that is no node defines, and what other names it binds. Other cell magics count for nothing."""
    if text.startswith("%%"):
        return
    code = LINE_MAGIC.sub("", text)
    try:
        names, definitions = names_of(code + "\n"), definitions_of(code + "\n")
    except (SyntaxError, ValueError):
        return
    if definitions:
        reading.helpers[number] = "\n".join(dict.fromkeys(each.text for each in definitions.values())) + "\n"
    plain = _plain_values(code)
    for name in names.kinds.keys() - definitions.keys() - reading.parameters.keys():
        if name in plain and reading.bound.get(name) is None:
            reading.values[name] = plain[name]
        else:
            reading.bound[name] = number
            reading.values.pop(name, None)


def _plain_values(code: str) -> dict[str, Any]:
    """What is bound by nothing but assignments of literals, with the last value."""
    values: dict[str, Any] = {}
    otherwise: set[str] = set()
    for statement in ast.parse(code).body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                try:
                    values[name] = ast.literal_eval(value)
                except ValueError:
                    otherwise.add(name)
            case _:
                otherwise.update(names_of(ast.unparse(statement) + "\n").kinds)
    return {name: value for name, value in values.items() if name not in otherwise}


def _untagged(reading: _Reading) -> Iterator[Fault]:
    """Names that nodes need and only cells bind which are no nodes."""
    given = {name for cell in reading.nodes.values() for name in _names(cell)[1]} | reading.parameters.keys()
    given |= {name for code in reading.helpers.values() for name in definitions_of(code)}
    for number, cell in reading.nodes.items():
        for name, line in _names(cell)[0].items():
            if name in reading.bound and name not in given and name not in cell.given:
                message = (
                    f"{name!r} is bound in cell {reading.bound[name]}, which isn't tagged; tag that cell `{TAG}`, or "
                    f"`{PARAMETERS}` if it only sets values"
                )
                yield Fault(message, path=f"cell {number}, line {line}")


def _names(cell: Cell) -> tuple[Mapping[str, int], tuple[str, ...]]:
    """The names that a cell needs, by line, and those it gives."""
    try:
        names = names_of(cell.code)
    except (SyntaxError, ValueError):
        return {}, ()
    return names.needs, (*names.kinds,)


def _parameters(document: ipynb.Document, source: str) -> dict[str, Parameter]:
    """The parameters of the tagged cell. Raises `WorkflowError` for defaults that only a kernel could tell."""
    declared = ipynb.declared_parameters(document, source=source)
    faults = [
        Fault(f"the default of {each.name!r} is code; without a kernel it must be a plain value", path="parameters")
        for each in declared
        if not each.literal
    ]
    if faults:
        raise WorkflowError(faults, source=source)
    return {
        each.name: Parameter(type=each.type, default=each.default, description=each.description) for each in declared
    }


def _placed(fault: Fault, number: int) -> Fault:
    """The fault with the cell's number before the line."""
    line = LINE.match(fault.path or "")
    if line:
        return replace(fault, path=f"cell {number}, line {line[1]}")
    return replace(fault, path=f"cell {number}" + (f", {fault.path}" if fault.path else ""))
