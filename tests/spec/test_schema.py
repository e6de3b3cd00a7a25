from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from twingraph_lab.spec.document import as_data, load
from twingraph_lab.spec.schema import json_schema

DOCUMENTS = sorted(Path(__file__).parent.parent.glob("fixtures/workflows/valid/*.twg.json"))
REFUSED = ("wrong_types", "unknown_fields", "missing_fields", "bad_component", "bad_retry", "null_node", "bad_version")


@pytest.fixture(scope="module")
def validator():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_the_schema_takes_valid_documents(path, validator):
    validator.validate(json.loads(path.read_text(encoding="utf-8")))
    validator.validate(as_data(load(path)))


@pytest.mark.parametrize("name", REFUSED)
def test_the_schema_refuses_wrong_structure(name, validator):
    path = Path(__file__).parent.parent / "fixtures/workflows/invalid" / f"{name}.json"
    assert list(validator.iter_errors(json.loads(path.read_text(encoding="utf-8"))))


def test_the_schema_is_the_same_every_time():
    assert json.dumps(json_schema()) == json.dumps(json_schema())
