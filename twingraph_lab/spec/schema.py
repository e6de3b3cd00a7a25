"""JSON Schema of documents, for editors and for the front end's types."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from twingraph_lab.spec.workflow import Builtin, Pickled, PythonFunction, Source, Workflow


def json_schema() -> dict[str, Any]:
    """The schema of a document in its native form (JSON Schema 2020-12). What it can't say, validation checks.

    >>> sorted(json_schema()["required"])
    ['name']
    """
    schema = Workflow.model_json_schema()
    for component in (PythonFunction, Source, Pickled, Builtin):  # pydantic needs the tag, but doesn't say so
        definition = schema["$defs"][component.__name__]
        definition["required"] = ["kind", *definition.get("required", [])]
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}
