"""Documents: text, files and data → workflows, and back to text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from pydantic import JsonValue

from twingraph_lab.errors import Fault, NotFoundError, WorkflowError
from twingraph_lab.registry import Registry
from twingraph_lab.spec.structure import read
from twingraph_lab.spec.text import SIZE_LIMIT_BYTES, parse
from twingraph_lab.spec.workflow import Node, Parameter, PlatformSpec, PythonFunction, Workflow
from twingraph_lab.spec.yamltext import parse_yaml

__all__ = ["dump", "load", "parse", "parse_yaml"]

WIDTH = 120


class Dialect(Protocol):
    """Another form of document, such as a module of the entry-point group `twingraph_lab.dialects`."""

    def is_dialect(self, value: Any, /) -> bool:
        """Whether data is of this form."""

    def from_dialect(self, value: Any, /, *, source: str = "") -> Workflow:
        """The workflow it stands for, checked. Raises `WorkflowError` with paths of the original document."""


def load(value: Mapping[str, Any] | str | bytes | Path, *, source: str = "") -> Workflow:
    """Read a workflow from data, from text or from a file, JSON or YAML, in our form or a dialect, and check it.

    Text that begins with `{` or `[` is JSON, and so are files `*.json`; other text and files `*.yaml`, `*.yml` are
    YAML. Raises `WorkflowError` with every fault, `NotFoundError` if there is no such file.
    """
    source = source or (str(value) if isinstance(value, Path) else "")
    data = value if isinstance(value, Mapping) else _parsed(value, source)
    if not isinstance(data, Mapping):
        hint = "; a file is given as a Path" if isinstance(value, str) else ""
        raise WorkflowError([Fault(f"a workflow is an object with `name` and `nodes`{hint}")], source=source)
    if "version" not in data and ("nodes" not in data or "edges" in data):
        dialects = Registry[Dialect]("twingraph_lab.dialects")
        for dialect in map(dialects.get, dialects.names()):
            if dialect.is_dialect(data):
                return dialect.from_dialect(data, source=source)
    return read(data, sound=not isinstance(value, Mapping), source=source)


def dump(workflow: Workflow) -> str:
    """The document as text: no defaults, fields in their order, short things on one line. `load` of it is equal.

    >>> print(dump(load({"name": "w", "nodes": [{"id": "a", "component": "pkg.mod:f", "inputs": {"x": 1}}]})), end="")
    {
      "version": "twingraph/1",
      "name": "w",
      "nodes": [{"id": "a", "component": "pkg.mod:f", "inputs": {"x": 1}}]
    }
    """
    return _laid_out(as_data(workflow), 0, 0) + "\n"


def as_data(workflow: Workflow) -> dict[str, Any]:
    """The document as JSON data, without what `load` would put there anyway."""
    data = {"version": workflow.version, **_without_defaults(workflow)}
    if workflow.parameters:
        data["parameters"] = {name: _parameter(parameter) for name, parameter in workflow.parameters.items()}
    if workflow.components:
        data["components"] = {name: _component(part) for name, part in workflow.components.items()}
    if workflow.nodes:
        data["nodes"] = [_node(node) for node in workflow.nodes]
    return data


def _node(node: Node) -> dict[str, Any]:
    data = _without_defaults(node)
    data["component"] = node.component if isinstance(node.component, str) else _component(node.component)
    if node.platform != PlatformSpec():
        options = node.platform.options
        data["platform"] = {"kind": node.platform.kind, "options": options} if options else node.platform.kind
    return data


def _parameter(parameter: Parameter) -> dict[str, Any]:
    data = _without_defaults(parameter)
    data.pop("required", None)
    if not parameter.required or parameter.default is not None:
        data["default"] = parameter.default
    return data


def _component(component: Any) -> Any:
    if isinstance(component, PythonFunction):
        return component.ref
    return {"kind": component.kind, **_without_defaults(component)}


def _without_defaults(model: Any) -> dict[str, Any]:
    data: dict[str, Any] = model.model_dump(mode="json", exclude_defaults=True)
    return data


def _laid_out(value: Any, indent: int, used: int) -> str:
    """JSON text that starts after `used` characters of a line: on that line if it fits, else an item a line."""
    line = json.dumps(value, ensure_ascii=False, allow_nan=False)
    top = indent == 0
    if not isinstance(value, dict | list) or not value or (len(line) + used + 2 <= WIDTH and not top):
        return line
    pad = "  " * (indent + 1)
    if isinstance(value, dict):
        keys = [f"{pad}{json.dumps(key, ensure_ascii=False)}: " for key in value]
        items = [key + _laid_out(item, indent + 1, len(key)) for key, item in zip(keys, value.values(), strict=True)]
        return "{\n" + ",\n".join(items) + f"\n{'  ' * indent}}}"
    items = [pad + _laid_out(item, indent + 1, len(pad)) for item in value]
    return "[\n" + ",\n".join(items) + f"\n{'  ' * indent}]"


def _parsed(value: str | bytes | Path, source: str) -> JsonValue:
    if isinstance(value, Path):
        try:
            if value.stat().st_size > SIZE_LIMIT_BYTES:
                fault = Fault(f"is {value.stat().st_size} bytes long; the limit is {SIZE_LIMIT_BYTES}")
                raise WorkflowError([fault], source=source)
            text: str | bytes = value.read_bytes()
        except OSError as error:
            raise NotFoundError(f"can't read {value}: {error.strerror or error}") from None
        suffix = value.suffix.lower()
    else:
        text, suffix = value, ""
    head = text[:1000] if isinstance(text, str) else text[:1000].decode("utf-8-sig", errors="replace")
    if suffix == ".json" or (suffix not in (".yaml", ".yml") and head.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")):
        return parse(text, source=source)
    return parse_yaml(text, source=source)
