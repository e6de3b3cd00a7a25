"""The part of a node's form that isn't its inputs: where it runs, how often it is tried, what is kept of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, JsonValue

from twingraph_lab.errors import TwinGraphError
from twingraph_lab.registry import Registry
from twingraph_lab.spec.validate import WithOptions
from twingraph_lab.spec.workflow import CachePolicy, Node, Retry, Source, Workflow

Schema = dict[str, Any]
LISTED = 60
"""With more nodes than this, those to wait for are typed, not chosen from a list."""

TITLES = {
    "attempts": "Attempts",
    "delay_s": "First wait (seconds)",
    "factor": "Factor",
    "max_delay_s": "Longest wait (seconds)",
    "jitter": "Jitter",
    "on": "Only on",
    "give_up_after_s": "Give up after (seconds)",
    "mode": "Reuse results of the same",
    "version": "Version",
    "ttl_s": "Not older than (seconds)",
    "scope": "Look in",
    "refresh": "Compute anew this time",
}
ABOUT = {
    "attempts": "How often it is tried at most",
    "factor": "By which each further wait is longer",
    "jitter": "Share of a wait that is cut at random, 0 to 1",
    "on": "Errors such as ValueError or timeout; none: all",
    "version": "Another text makes earlier results unfit",
    "scope": "Whose earlier results count",
}
FIELDS = (
    "description",
    "platform",
    "timeout_s",
    "retry",
    "cache",
    "resources",
    "after",
    "at_most_once",
    "outputs",
)


def settings_schema(workflow: Workflow, node: Node, definitions: Schema) -> Schema:
    """The schema; what it refers to is put into `definitions`."""
    others = [other.id for other in workflow.nodes if other.id != node.id]
    listed = {"enum": others} if 0 < len(others) <= LISTED else {}
    return {
        "type": "object",
        "title": "Settings",
        "properties": {
            "description": {"type": "string", "title": "Description"},
            "timeout_s": {"type": "number", "title": "Timeout (seconds)", "exclusiveMinimum": 0},
            "at_most_once": {
                "type": "boolean",
                "title": "At most once",
                "description": "If it is lost while it runs, a person decides",
                "default": False,
            },
            "platform": _platforms(definitions),
            "retry": _model(Retry, "Retry", definitions),
            "cache": _model(CachePolicy, "Cache", definitions),
            "resources": {
                "type": "object",
                "title": "Resources",
                "description": "Amounts by name: memory in bytes, gpu, …",
                "additionalProperties": {"type": "number", "exclusiveMinimum": 0},
            },
            "after": {
                "type": "array",
                "title": "Waits for",
                "description": "Nodes that end before it begins",
                "items": {"type": "string", "title": "Node", **listed},
                "uniqueItems": True,
            },
            "outputs": {
                "type": "array",
                "title": "Outputs",
                "items": {"type": "string", "title": "Output"},
                "uniqueItems": True,
            },
        },
    }


def settings_data(workflow: Workflow, node: Node) -> dict[str, JsonValue]:
    """What the node says other than by default."""
    data: dict[str, JsonValue] = node.model_dump(mode="json", include=set(FIELDS), exclude_defaults=True)
    data["platform"] = node.platform.model_dump(mode="json", exclude_defaults=True) | {"kind": node.platform.kind}
    if outputs := workflow.outputs_of(node):
        data["outputs"] = list(outputs)
    return data


def settings(workflow: Workflow, node: Node, given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """What the form's settings mean as fields of the document: what isn't given is as by default.

    Outputs are the cell's own where the node is a cell and has no others.
    """
    fields: dict[str, JsonValue] = {name: given.get(name) for name in FIELDS}
    fields |= {name: value for name, value in given.items() if name not in FIELDS}  # which validation will name
    platform = given.get("platform")
    if isinstance(platform, dict) and not platform.get("options"):
        fields["platform"] = platform.get("kind") or None
    outputs = given.get("outputs") or []
    if outputs == list(workflow.outputs_of(node)):
        fields["outputs"] = list(node.outputs)
    elif isinstance(node.component, Source) and not node.outputs:
        fields["outputs"] = None
        fields["component"] = {**node.component.model_dump(mode="json"), "outputs": outputs}
    return fields


def _platforms(definitions: Schema) -> Schema:
    """The platforms there are, each with the schema of its options."""
    platforms = Registry[WithOptions]("twingraph_lab.platforms")
    names = platforms.names()
    cases = []
    for name in names:
        try:
            options = _model(platforms.get(name).Options, "Options", definitions)
        except (ImportError, TwinGraphError):
            options = {"type": "object", "title": "Options"}  # it can't be used here, but perhaps where the run is
        cases.append({"properties": {"kind": {"enum": [name]}, "options": options}})
    return {
        "type": "object",
        "title": "Platform",
        "properties": {"kind": {"type": "string", "title": "Where it runs", "enum": names, "default": "local"}},
        "dependencies": {"kind": {"oneOf": cases}},
    }


def _model(model: type[BaseModel], title: str, definitions: Schema) -> Schema:
    """A model's schema, in the words of the form; docstrings are for those who write Python."""
    schema = model.model_json_schema(ref_template="#/definitions/{model}")
    schema.pop("description", None)
    definitions |= {name: _plain(each) for name, each in schema.pop("$defs", {}).items()}
    made = _plain(schema)
    if model in (Retry, CachePolicy):
        for name, each in made["properties"].items():
            each["title"] = TITLES.get(name, each["title"])
            if name in ABOUT:
                each["description"] = ABOUT[name]
    return {**made, "title": title}


def in_short(text: str) -> str:
    """The first sentence of a text, without marks.

    >>> in_short("What follows `?`, by name. Values are text.")
    'What follows ?, by name.'
    """
    start = " ".join(text.split("\n\n", 1)[0].replace("`", "").split())
    return _SENTENCE.split(start, maxsplit=1)[0]


_SENTENCE = re.compile(r"(?<=[.!?]) (?=[A-Z])")


def _plain(schema: Any) -> Any:
    """Without `null` as a further type, which a form says by leaving a field empty, and with readable titles."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _plain(value) for name, value in schema.items()}
    members = [each for each in made.get("anyOf", ()) if each != {"type": "null"}]
    if "anyOf" in made and len(members) == 1:
        made = {**{name: value for name, value in made.items() if name not in ("anyOf", "default")}, **members[0]}
    if isinstance(properties := made.get("properties"), dict):
        for name, each in properties.items():
            each["title"] = each.get("title") or name
            if "description" in each:
                each["description"] = in_short(each["description"])
        made.pop("additionalProperties", None)
    return json.loads(json.dumps(made))
