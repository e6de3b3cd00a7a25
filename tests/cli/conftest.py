from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from twingraph_lab.cli.commands import app


class Outcome(NamedTuple):
    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


Command = Callable[..., Outcome]


def source(code: str, *outputs: str) -> dict[str, Any]:
    return {"kind": "source", "code": code, "outputs": list(outputs)}


def diamond(**changes: Any) -> dict[str, Any]:
    """a → b, c → d, with the parameter n: d is (n + 1) * 2 + (n + 1) * 3."""
    return {
        "version": "twingraph/1",
        "name": "diamond",
        "parameters": {"n": {"type": "integer", "default": 1}},
        "nodes": [
            {"id": "a", "component": source("x = n + 1", "x"), "inputs": {"n": {"param": "n"}}},
            {"id": "b", "component": source("y = x * 2", "y"), "inputs": {"x": {"ref": "a.x"}}},
            {"id": "c", "component": source("y = x * 3", "y"), "inputs": {"x": {"ref": "a.x"}}},
            {
                "id": "d",
                "component": source("print('adding', p, q)\ntotal = p + q", "total"),
                "inputs": {"p": {"ref": "b.y"}, "q": {"ref": "c.y"}},
            },
        ],
        "outputs": {"total": {"ref": "d.total"}},
        **changes,
    }


def failing() -> dict[str, Any]:
    """`bad` raises until the file `fixed` is in the working folder; `last` waits for it."""
    code = (
        "from pathlib import Path\nif not Path(folder, 'fixed').exists():\n    raise ValueError('not fixed yet')\nx = 1"
    )
    return {
        "version": "twingraph/1",
        "name": "failing",
        "parameters": {"folder": {"type": "string", "required": True}},
        "nodes": [
            {
                "id": "good",
                "component": source(
                    "with open(f'{folder}/good.txt', 'a') as file:\n    file.write('ran ')\nx = 1", "x"
                ),
                "inputs": {"folder": {"param": "folder"}},
            },
            {"id": "bad", "component": source(code, "x"), "inputs": {"folder": {"param": "folder"}}, "after": ["good"]},
            {"id": "last", "component": source("z = x", "z"), "inputs": {"x": {"ref": "bad.x"}}},
        ],
    }


def sleeper(seconds: float = 60) -> dict[str, Any]:
    code = f"import time\nprint('asleep', flush=True)\ntime.sleep({seconds})\nx = 1"
    return {
        "version": "twingraph/1",
        "name": "sleeper",
        "nodes": [
            {"id": "first", "component": source("x = 1", "x")},
            {"id": "sleep", "component": source(code, "x"), "after": ["first"]},
        ],
    }


@pytest.fixture
def documents() -> SimpleNamespace:
    """Workflow documents to run."""
    return SimpleNamespace(source=source, diamond=diamond, failing=failing, sleeper=sleeper)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder; runs go to .twingraph in it, on the inline scheduler."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("TWINGRAPH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TWINGRAPH_SCHEDULER", "inline")
    return tmp_path


@pytest.fixture
def write(folder: Path) -> Callable[..., Path]:
    """Write a document, and name its file."""

    def write(document: dict[str, Any], name: str = "workflow.twg.json") -> Path:
        path = folder / name
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return write


@pytest.fixture
def twingraph(folder: Path) -> Command:
    """The command line in this process."""

    def call(*arguments: object) -> Outcome:
        result = CliRunner(env={"COLUMNS": "120"}).invoke(app, [str(a) for a in arguments], catch_exceptions=False)
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return call


@pytest.fixture
def process(folder: Path) -> Command:
    """The command line in a process of its own, as installed."""

    def call(*arguments: object, **more: Any) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "twingraph_lab.cli", *map(str, arguments)],
            capture_output=True, text=True, timeout=120, check=False, **more,
        )  # fmt: skip
        return Outcome(done.returncode, done.stdout, done.stderr)

    return call
