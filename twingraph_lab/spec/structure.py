"""Data → `Workflow`, and what is wrong with its structure in the document's words rather than pydantic's."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping
from typing import Any, cast

from pydantic import ValidationError

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.spec.data import flaws
from twingraph_lab.spec.inputs import step
from twingraph_lab.spec.validate import faults
from twingraph_lab.spec.wording import Suggestions, worded
from twingraph_lab.spec.workflow import Node, Workflow

Place = list[str | int]
Detail = Mapping[str, Any]

_PLACEHOLDER = "unreadable_node_"
_COMPONENT = {"kind": "python", "ref": "unreadable:component"}
_SECTIONS = ("nodes", "parameters", "components")


def read(data: Any, *, sound: bool = False, source: str = "") -> Workflow:
    """Check `data`, a document of our own form, and build the workflow. Raises `WorkflowError` with every fault.

    Where the structure is wrong, whatever can be read is still checked for what it means. `sound` says that the data
    was parsed from text by us.
    """
    found = [] if sound else flaws(data)
    if found:
        raise WorkflowError(found, source=source)
    try:
        workflow = Workflow.model_validate(data)
    except ValidationError as error:
        further = _further(data, _placed(data, error))
        raise WorkflowError([*structural_faults(data, error), *further], source=source) from None
    found = faults(workflow, sound=sound)
    if found:
        raise WorkflowError(found, source=source)
    return workflow


def structural_faults(data: Any, error: ValidationError) -> list[Fault]:
    """What a model says about `data`, at JSON paths of `data` and with ids of the nodes they are in."""
    return [_fault(data, detail, place) for detail, place in _placed(data, error)]


def _placed(data: Any, error: ValidationError) -> list[tuple[Detail, Place]]:
    details = [cast("Detail", detail) for detail in error.errors(include_url=False)]
    return [(detail, _place(data, detail)) for detail in details]


def _place(data: Any, detail: Detail) -> Place:
    """Where in `data` pydantic found an error; its location also holds the names of union members, which we skip."""
    place: Place = []
    missing = detail["type"] == "missing"
    location = detail["loc"]
    for number, key in enumerate(location):
        if _has(data, key):
            data = data[key]
            place.append(key)
        elif missing and number == len(location) - 1:
            place.append(key)
    return place


def _has(data: Any, key: str | int) -> bool:
    if isinstance(data, Mapping):
        return key in data
    return isinstance(data, list | tuple) and isinstance(key, int) and key < len(data)


def _fault(data: Any, detail: Detail, place: Place) -> Fault:
    at = ""
    for key in place:
        at = step(at, key)
    return Fault(_message(detail, place), node=_node_at(data, place), path=at)


def _node_at(data: Any, place: Place) -> str | None:
    for key, following in itertools.pairwise(place):
        data = data[key]
        if key == "nodes" and _has(data, following) and isinstance(data[following], Mapping):
            name = data[following].get("id")
            return name if isinstance(name, str) else None
    return None


def _message(detail: Detail, place: Place) -> str:
    known = {1: Workflow.model_fields, 3: Node.model_fields}.get(len(place), {})
    hint = Suggestions(known)(str(place[-1])) if detail["type"] == "extra_forbidden" else ""
    return worded(detail) + hint


def _further(data: Any, placed: list[tuple[Detail, Place]]) -> list[Fault]:
    """Faults in what is left when everything unreadable is put aside."""
    places = [place for _, place in placed]
    if any(not place or (len(place) == 1 and place[0] in _SECTIONS) for place in places):
        return []
    rest = copy.deepcopy(data)
    for _, place in placed:
        _put_aside(rest, place)
    for detail, place in placed:
        if detail["loc"][-1] == "[key]" and len(place) == 2 and place[0] in rest:
            rest[place[0]].pop(place[1], None)
    try:
        readable = Workflow.model_validate(rest)
    except ValidationError:
        return []
    return [fault for fault in faults(readable) if not (fault.node or "").startswith(_PLACEHOLDER)]


def _put_aside(rest: Any, place: Place) -> None:
    match place:
        case ["name"]:
            rest["name"] = "unreadable"
        case ["nodes", int(index)]:
            rest["nodes"][index] = {"id": f"{_PLACEHOLDER}{index}", "component": _COMPONENT}
        case ["nodes", int(index), "id"]:
            rest["nodes"][index]["id"] = f"{_PLACEHOLDER}{index}"
        case ["nodes", int(index), "component", *_]:
            rest["nodes"][index]["component"] = _COMPONENT
        case ["nodes", int(index), str(field), *_]:
            rest["nodes"][index].pop(field, None)
        case ["parameters", str(name), *_]:
            rest["parameters"][name] = {}
        case ["components", str(name), *_]:
            rest["components"][name] = _COMPONENT
        case [str(field), *_]:
            rest.pop(field, None)
