"""schema.py: write extension/src/schema.ts, TypeScript's types, from the models in which Python says the same.

`schema.py --check` writes nothing: it says whether the file is what the models would make. Needs no Node.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from twingraph_lab.events import Frozen
from twingraph_lab.frontends.canvas import messages
from twingraph_lab.frontends.inspection import models
from twingraph_lab.spec.workflow import Workflow

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "extension" / "src" / "schema.ts"
WIDTH = 120

HEAD = """\
// Written by scripts/schema.py from the models in twingraph_lab; don't edit.

/** What JSON can say. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
"""
BY_HAND = frozenset(("JsonValue",))

Mode = Literal["validation", "serialization"]
"""Fields with defaults may be left out of what Python reads; what it writes has them all."""

UNIONS: dict[str, tuple[Any, Mode]] = {
    "Element": (messages.Element, "serialization"),
    "Edit": (messages.Edit, "validation"),
}


class Schema(GenerateJsonSchema):
    """What is written has every field, and what tells the members of a union apart is always there."""

    def field_is_required(self, field: Any, total: bool) -> bool:  # noqa: FBT001
        value = field.get("schema", {}).get("schema", {})
        tag = value.get("type") == "literal" and len(value["expected"]) == 1
        return self.mode == "serialization" or tag or super().field_is_required(field, total)


def written() -> str:
    """The text of schema.ts."""
    inputs: list[tuple[str, Mode, TypeAdapter[Any]]] = [
        *((name, mode, TypeAdapter(union)) for name, (union, mode) in UNIONS.items()),
        *((model.__name__, "serialization", TypeAdapter(model)) for model in answers()),
        ("Workflow", "validation", TypeAdapter(Workflow)),
    ]
    tops, together = TypeAdapter.json_schemas(inputs, by_alias=True, schema_generator=Schema)
    definitions: dict[str, Any] = together.get("$defs", {})
    if clash := next((name for name in definitions if "__" in name or "-" in name), ""):
        raise SystemExit(f"schema.py: two models, or two forms of one, are called {clash.rpartition('__')[2]!r}")
    unions = {_type(tops[name, mode]): name for name, (_, mode) in UNIONS.items()}
    parts = [HEAD]
    for name in sorted(definitions.keys() - BY_HAND):
        text = "\n".join(_declared(name, definitions[name]))
        for members, union in unions.items():
            text = text.replace(f"({members})", union)
        parts.append(f"{_doc(definitions[name].get('description', ''))}{text}\n")
    parts += ["\n".join(_alias(name, tops[name, mode])) + "\n" for name, (_, mode) in UNIONS.items()]
    return "\n".join(parts)


def answers() -> Iterator[type[BaseModel]]:
    """Models that Python writes: all of both modules but what edits are made of."""
    for module in (messages, models):
        for value in vars(module).values():
            ours = isinstance(value, type) and issubclass(value, Frozen) and value.__module__ == module.__name__
            if ours and "op" not in value.model_fields:
                yield value


def _declared(name: str, schema: dict[str, Any]) -> Iterator[str]:
    if schema.get("type") != "object":
        yield from _alias(name, schema)
        return
    required = schema.get("required", ())
    yield f"export interface {name} {{"
    for field, value in schema.get("properties", {}).items():
        yield f"  {field}{'' if field in required else '?'}: {_type(value)};"
    yield "}"


def _alias(name: str, schema: dict[str, Any]) -> Iterator[str]:
    """A type by another name, on one line if it fits, else as prettier breaks a union."""
    line = f"export type {name} = {_type(schema)};"
    if len(line) <= WIDTH:
        yield line
        return
    *members, last = _members(schema)
    yield f"export type {name} ="
    yield from (f"  | {member}" for member in members)
    yield f"  | {last};"


def _type(schema: dict[str, Any]) -> str:
    return " | ".join(_members(schema))


def _members(schema: dict[str, Any]) -> list[str]:
    """The members of the union that a schema is, each once."""
    match schema:
        case {"$ref": str(ref)}:
            return [ref.rpartition("/")[2]]
        case {"anyOf": list(members)} | {"oneOf": list(members)}:
            return list(dict.fromkeys(text for member in members for text in _members(member)))
        case {"const": value}:
            return [_literal(value)]
        case {"enum": list(values)}:
            return [_literal(value) for value in values]
        case {"type": "array", "prefixItems": list(items)}:
            return [f"[{', '.join(map(_type, items))}]"]
        case {"type": "array"}:
            items = _members(schema.get("items", {}))
            return [f"({' | '.join(items)})[]" if len(items) > 1 else f"{items[0]}[]"]
        case {"type": "object"}:
            values = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
            return [f"Record<string, {_type(values[0] if isinstance(values[0], dict) else {})}>"]
        case {"type": str(kind)}:
            return [_PLAIN[kind]]
    return ["unknown"]


_PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def _literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).lower()


def _doc(text: str) -> str:
    lines = text.strip().splitlines()
    if len(lines) <= 1:
        return f"/** {lines[0]} */\n" if lines else ""
    return "".join(["/**\n", *(f" * {line}".rstrip() + "\n" for line in lines), " */\n"])


def main() -> None:
    """Write the file, or check it."""
    text = written()
    if sys.argv[1:] != ["--check"]:
        TARGET.write_text(text, encoding="utf-8")
    elif not TARGET.is_file() or TARGET.read_text(encoding="utf-8") != text:
        sys.exit(f"schema.py: {TARGET.relative_to(ROOT)} is stale; run `python scripts/schema.py`")


if __name__ == "__main__":
    main()
