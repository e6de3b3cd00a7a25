"""Functions travel by name where workers can import them, else by value with all they need, or not at all."""

from __future__ import annotations

import base64
import importlib
import math
import subprocess
import sys
import threading
from pathlib import Path
from textwrap import dedent

import cloudpickle
import pytest

from twingraph_lab.errors import SerializationError
from twingraph_lab.frontends.capture import capture, captures, source_of
from twingraph_lab.frontends.decorators import component
from twingraph_lab.spec.workflow import Pickled, PythonFunction

FACTOR = 3
LOCK = threading.Lock()
TABLE = {"bytes": bytes(11 * 2**20), "more": 1}


def scaled(x):
    """Uses a global variable and a helper of its module."""
    return helper(x) * FACTOR


def helper(x):
    return x + 1


def guarded(x):
    with LOCK:
        return x


def through_a_helper(x):
    return guarded(x)


def heavy():
    return TABLE


@component
def double(x):
    """A component that other components call."""
    return 2 * x


@component
def quadruple(x):
    return double(double(x))


@component
def countdown(n):
    return n if n <= 0 else countdown(n - 1)


def elsewhere(captured, *args, folder="."):
    """Call a captured function in a process that has only cloudpickle."""
    code = dedent(f"""
        import base64, cloudpickle, sys
        sys.modules["twingraph_lab"] = None
        print(cloudpickle.loads(base64.b64decode({captured.data!r}))(*{args!r}))
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    return done.stdout.strip()


@pytest.fixture
def unimportable(monkeypatch):
    """Make this module one that workers can't import, like a notebook."""
    root = str(Path(__file__).parents[2])
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in {root, "", "."}])


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module of the user's, importable by name."""
    text = """
        from twingraph_lab.frontends.decorators import component

        @component
        def add(a, b):
            return a + b

        def plain(a):
            return add(a, 1)

        class Steps:
            @component
            def clean(x):
                return x

        def make():
            def inner():
                return 1
            return inner

        shout = lambda x: x.upper()
        other = plain
    """
    (tmp_path / "users_steps.py").write_text(dedent(text))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("users_steps")
    del sys.modules["users_steps"]


def test_importable_functions_are_references(module):
    assert capture(module.add.function) == PythonFunction(ref="users_steps:add")
    assert capture(module.plain) == PythonFunction(ref="users_steps:plain")
    assert capture(module.Steps.clean.function) == PythonFunction(ref="users_steps:Steps.clean")
    assert capture(math.hypot) == PythonFunction(ref="math:hypot")
    assert capture(dedent) == PythonFunction(ref="textwrap:dedent")


def test_what_a_name_does_not_lead_to_goes_by_value(module):
    assert isinstance(capture(module.make()), Pickled)
    assert isinstance(capture(module.shout), Pickled)
    replaced = module.plain
    module.plain = lambda a: a
    assert isinstance(capture(replaced), Pickled)


def test_a_module_that_a_new_process_would_not_find_goes_by_value(module, monkeypatch):
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in module.__file__])
    captured = capture(module.add.function)
    assert isinstance(captured, Pickled)
    assert elsewhere(captured, 1, 2) == "3"


@pytest.mark.usefixtures("unimportable")
def test_by_value_helpers_and_globals_come_along():
    assert elsewhere(capture(scaled), 1) == "6"


def test_closures_and_lambdas_come_along():
    offset = 10
    captured = capture(lambda x: x + offset + FACTOR)
    assert elsewhere(captured, 1) == "14"
    assert captured.name == "<lambda>"


@pytest.mark.usefixtures("unimportable")
def test_components_in_a_body_are_plain_functions_there():
    assert elsewhere(capture(quadruple.function), 2) == "8"
    assert elsewhere(capture(countdown.function), 3) == "0"


def test_an_importable_component_pickles_by_name(module):
    data = cloudpickle.dumps(module.add)
    assert len(data) < 100
    assert cloudpickle.loads(data) is module.add


def test_async_functions_stay_async():
    async def wait(x):
        return x

    data = base64.b64decode(capture(wait).data)
    coroutine = cloudpickle.loads(data)(1)
    with pytest.raises(StopIteration, match="1"):
        coroutine.send(None)


def test_the_source_is_kept_for_people():
    @component(retry=1)
    def clean(x):
        # drop what is empty
        return [item for item in x if item]

    source = capture(clean.function).source
    assert source == "def clean(x):\n    # drop what is empty\n    return [item for item in x if item]\n"
    assert source_of(math.hypot) == ""
    assert "helper" in source_of(scaled)
    assert "lambda" in source_of(lambda x: x)


def test_code_without_a_file_has_no_source():
    namespace = {"__name__": "__main__"}
    exec("def made(x): return x + 1", namespace)
    captured = capture(namespace["made"])
    assert captured.source == ""
    assert elsewhere(captured, 1) == "2"


@pytest.mark.usefixtures("unimportable")
@pytest.mark.parametrize("function", [guarded, through_a_helper])
def test_what_cannot_be_pickled_is_named(function):
    with pytest.raises(SerializationError, match=rf"'{function.__name__}' .*variable 'LOCK', and a lock can't be pick"):
        capture(function)


def test_an_open_file_in_a_closure_is_named(tmp_path):
    with (tmp_path / "log").open("w") as log, pytest.raises(SerializationError, match="variable 'log'"):
        capture(lambda: log.write("x"))


def test_a_default_that_cannot_be_pickled_is_named():
    def waits(lock=LOCK):
        return lock

    with pytest.raises(SerializationError, match="variable 'lock'"):
        capture(waits)


@pytest.mark.usefixtures("unimportable")
def test_large_globals_are_refused_and_the_biggest_is_named():
    small = bytes(2**20)

    def both():
        return heavy(), small

    with pytest.raises(SerializationError, match=r"more than 10 MiB; the biggest is 'TABLE' \(11 MiB\)"):
        capture(both)


@pytest.mark.usefixtures("unimportable")
def test_captures_are_what_the_code_names():
    later = 1

    def uses(x, default=2):
        return x.LOCK, later, default, [FACTOR for _ in x]

    assert dict(captures(uses)) == {"later": 1, "default": 2, "FACTOR": 3}
