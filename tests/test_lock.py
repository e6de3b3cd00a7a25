"""The lock names no registry and covers what pyproject.toml asks for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOCK = (ROOT / "constraints" / "locked.txt").read_text()
PYPROJECT = (ROOT / "pyproject.toml").read_text()


@pytest.fixture
def faults(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    import lock

    yield lock.faults
    sys.modules.pop("lock")


def test_lock_is_fresh_and_holds_nothing_but_pins(faults):
    assert faults(LOCK, PYPROJECT) == []
    assert "://" not in LOCK


def test_a_requirement_that_is_not_locked_is_named(faults):
    stale = LOCK.replace("pydantic==", "not-pydantic==")
    assert "not locked: pydantic>=2.9" in faults(stale, PYPROJECT)


def test_a_version_out_of_range_is_named(faults):
    assert "locked at 1.0: pydantic>=2.9" in faults(f"{LOCK}pydantic==1.0\n", PYPROJECT)


@pytest.mark.parametrize(
    "line", ["--index-url https://example.org/simple", "pydantic>=2", "x @ https://example.org/x.whl"]
)
def test_anything_but_a_pin_is_named(faults, line):
    assert f"not a pinned package: {line}" in faults(f"{LOCK}{line}\n", PYPROJECT)
