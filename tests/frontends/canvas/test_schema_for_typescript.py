"""TypeScript's types are those of the models, and say what crosses the wire."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "extension" / "src" / "schema.ts"


def declared(name):
    """The lines of a type."""
    text = SCHEMA.read_text(encoding="utf-8")
    return text[text.index(f"export interface {name} {{") :].partition("}")[0].splitlines()[1:]


def test_the_generated_file_is_fresh():
    subprocess.run([sys.executable, "scripts/schema.py", "--check"], cwd=ROOT, check=True)


def test_a_stale_file_is_told(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import schema

    stale = tmp_path / "extension" / "src" / "schema.ts"
    stale.parent.mkdir(parents=True)
    stale.write_text("// old")
    monkeypatch.setattr(schema, "TARGET", stale)
    monkeypatch.setattr(schema, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["schema.py", "--check"])
    with pytest.raises(SystemExit, match="stale"):
        schema.main()
    monkeypatch.setattr(sys, "argv", ["schema.py"])
    schema.main()
    assert stale.read_text() == SCHEMA.read_text()


def test_what_python_writes_has_every_field_and_what_it_reads_may_leave_defaults_out():
    assert "  faults: string[];" in declared("NodeData")
    assert "  position: [number, number] | null;" in declared("NodeElement")
    assert "  op: 'add_edge';" in declared("AddEdge")
    assert "  output?: string;" in declared("AddEdge")
    assert "  add: Element[];" in declared("Delta")


def test_fields_are_called_as_in_json():
    assert any(line.startswith("  schema: ") for line in declared("NodeForm"))


def test_the_file_is_as_prettier_writes_it():
    prettier = ROOT / "extension" / "node_modules" / ".bin" / "prettier"
    if not prettier.exists() or not shutil.which("node"):
        pytest.skip("needs Node and the extension's packages")
    subprocess.run([prettier, "--check", SCHEMA], cwd=ROOT / "extension", check=True)
