"""What a function does has one digest, wherever and however often it is defined."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import threading
import types

import pytest

from twingraph_lab.frontends.capture import capture
from twingraph_lab.frontends.decorators import component
from twingraph_lab.frontends.fingerprint import fingerprint as fingerprint_of

FINGERPRINTED = """
import dataclasses, enum, json, typing
import pydantic
from twingraph_lab.frontends.capture import capture
{before}
WORDS = {{"a", "b", "c", ("x", 1)}}
TABLE = {table}
Some = typing.TypeVar("Some")
class Kind(enum.Enum):
    ONE = 1
class Model(pydantic.BaseModel):
    size: int = {size}
@dataclasses.dataclass
class Point:
    x: int = 1
    def moved(self): return helper(self.x)
def helper(x):
    return {helper}
def loop(n): return n and back(n - 1)
def back(n): return n and loop(n - 1)
def unrelated(): return {unrelated}
def main(x: Some, *, among={{"p", "q"}}):
    return [Point().moved(), Kind.ONE, Model, WORDS, TABLE, loop(3), x in {{"k", "l", "m"}}, json.dumps]
found = capture(main)
print(found.digest, *found.modules)
"""


def fingerprint(folder, seed=0, name="script", **changes):
    fields = {
        "before": "",
        "size": "1",
        "table": '{"k": 1, "z": WORDS}',
        "helper": "x + 1",
        "unrelated": "1",
        **changes,
    }
    script = folder / f"{name}.py"
    script.write_text(FINGERPRINTED.format(**fields))
    done = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.split()


def test_a_fingerprint_is_the_same_in_every_process_and_after_edits_elsewhere(tmp_path):
    first, *modules = fingerprint(tmp_path)
    assert first.startswith("sha256:")
    assert "json" in modules
    for seed, changes in enumerate(
        [
            {"before": "\n\n# a longer beginning\n"},
            {"unrelated": "2"},
            {"name": "another"},
        ]
    ):
        assert fingerprint(tmp_path, seed + 1, **changes)[0] == first, changes


def test_a_fingerprint_changes_with_all_that_the_function_uses(tmp_path):
    changed = [{}, {"helper": "x + 2"}, {"size": "2"}, {"table": '{"k": 2}'}, {"table": '{"z": WORDS, "k": 1}'}]
    assert len({fingerprint(tmp_path, **changes)[0] for changes in changed}) == len(changed)


def digest(function):
    return fingerprint_of(function, lambda definition: definition.__module__ in ("builtins", "copyreg", "collections"))[
        0
    ]


def adder(n):
    def add(x):
        return x + n

    return add


def test_closures_count_by_their_values():
    assert digest(adder(1)) == digest(adder(1))
    assert digest(adder(1)) != digest(adder(2))
    assert digest(adder({1, 2})) == digest(adder({2, 1}))
    assert digest(adder({"a": 1, "b": 2})) != digest(adder({"b": 2, "a": 1}))  # a loop over it sees the difference
    assert digest(adder(adder(1))) != digest(adder(adder(2)))


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (1, 1.0), (0.0, -0.0), ("1", 1), ((1,), [1]), (b"a", "a"), ({1}, [1]), ([[]], []), ([1, 2], [2, 1])],
)
def test_values_that_look_alike_are_told_apart(one, other):
    assert digest(adder(one)) != digest(adder(other))


def test_values_that_hold_themselves_come_to_an_end():
    one, other = [], []
    one.append(one)
    other.append([other])
    assert digest(adder(one)) == digest(adder(one))
    assert digest(adder(one)) != digest(adder(other))


def test_defaults_and_docstrings_count_and_line_numbers_do_not():
    made = {}
    for name, text in {
        "plain": "def f(x=1): return x",
        "lower": "\n\ndef f(x=1):\n\n    return x  # the same",
        "default": "def f(x=2): return x",
        "documented": "def f(x=1):\n    'About.'\n    return x",
    }.items():
        exec(compile(text, f"{name}.py", "exec"), scope := {"__name__": "m"})
        made[name] = digest(scope["f"])
    assert made["plain"] == made["lower"]
    assert len(set(made.values())) == 3


def test_a_class_counts_with_its_methods():
    def classes(n):
        class Thing:
            @property
            def size(self):
                return n

            @staticmethod
            def made():
                return Thing()

        return Thing

    assert digest(adder(classes(1))) == digest(adder(classes(1)))
    assert digest(adder(classes(1))) != digest(adder(classes(2)))
    assert digest(adder(classes(1)())) != digest(adder(classes(2)()))


@component
def doubled(x):
    return 2 * x


def test_a_component_that_is_called_counts_as_its_function():
    assert digest(adder(doubled)) == digest(adder(doubled.function))


def test_what_cannot_be_taken_apart_has_no_digest():
    assert digest(adder(threading.Lock())) == ""
    assert digest(adder(iter("generator" for _ in "x"))) == ""


def test_what_is_referred_to_by_name_only_is_known_by_its_module():
    """As a function with a cache is, which is no function to Python."""
    found, modules = fingerprint_of(adder(functools.lru_cache(shutil.which)), lambda _: False)
    assert found.startswith("sha256:")
    assert "shutil" in modules
    wrapped = (functools.lru_cache(adder(n)) for n in (1, 2))
    assert len({digest(adder(each)) for each in wrapped}) == 2


def test_a_module_that_is_in_no_file_has_no_digest():
    made = types.ModuleType("made")
    assert digest(adder(made)) == ""


def test_a_captured_function_carries_its_fingerprint():
    made = capture(adder(1))
    assert made.digest.startswith("sha256:")
    assert made.digest == capture(adder(1)).digest
