"""What a body raised is what the program catches, with its arguments; whatever can't be rebuilt stays a failed node."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from twingraph_lab import RunFailedError, component, pipeline
from twingraph_lab.errors import ConflictError
from twingraph_lab.events import Failure, Raised, RunFinished
from twingraph_lab.frontends import decorators
from twingraph_lab.lab import Lab
from twingraph_lab.runtime.answers import Answers, NodeFailedError
from twingraph_lab.runtime.raised import LIMIT_BYTES, described, raised_as
from twingraph_lab.settings import Settings


class OddError(Exception):
    """Its arguments aren't those it is made of, as in many libraries."""

    def __init__(self, code, *, reason):
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


class SealedError(Exception):
    """Can't be derived from."""

    def __init_subclass__(cls):
        raise TypeError("no")


class StubbornError(Exception):
    """Can't be made without what only the body has."""

    def __new__(cls, _first, _second):
        return super().__new__(cls)

    def __init__(self, _first, _second):
        super().__init__("made")


def again(error, *, kind="error", raised=None):
    """An exception as the program gets it."""
    failure = Failure(kind=kind, type=type(error).__name__, message=str(error), raised=raised or described(error))
    stored = Failure.model_validate_json(failure.model_dump_json())
    return raised_as(NodeFailedError("r1", "a", stored), stored)


@pytest.fixture
def lab(tmp_path):
    with Lab(Settings(home=tmp_path / "home", scheduler="inline", workers=2, threads=2, lineage=False)) as lab:
        before = decorators.use_host(lambda: lab)
        yield lab
        decorators.use_host(before)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("bad", 3),
        KeyError("name"),
        FileNotFoundError(2, "No such file or directory", "x.csv"),
        ZeroDivisionError(),
        subprocess.CalledProcessError(3, ["tool"], "said"),
        ImportError("no", name="m"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_exception_comes_back_as_its_class_with_arguments_and_attributes(error):
    told = again(error)
    assert isinstance(told, type(error))
    assert isinstance(told, NodeFailedError)
    assert told.args == error.args
    assert {name: getattr(told, name) for name in vars(error)} == vars(error)
    assert str(told) == f"node 'a' of run r1: {type(error).__name__}" + (f": {error}" if str(error) else "")
    assert (told.run_id, told.node_id) == ("r1", "a")


def test_a_file_that_is_missing_has_its_number_and_name():
    told = again(FileNotFoundError(2, "No such file or directory", "x.csv"))
    assert (told.errno, told.strerror) == (2, "No such file or directory")


def test_attributes_come_back_where_the_class_is_made_of_something_else_than_its_arguments():
    told = again(OddError(7, reason="late"))
    assert isinstance(told, OddError)
    assert (told.code, told.reason, told.args) == (7, "late", ("7: late",))


def test_arguments_that_are_no_json_are_replaced_by_the_message():
    told = again(ValueError(object))
    assert isinstance(told, ValueError)
    assert told.args == (str(object),)


def test_large_arguments_are_not_kept_twice():
    raised = described(ValueError("x" * LIMIT_BYTES))
    assert (raised.arguments, raised.state) == (None, {})


def test_a_body_that_was_stopped_for_its_timeout_is_a_timeout_error():
    told = raised_as(RunFailedError("r1", "late"), Failure(kind="timeout", type="TimeoutError", message="5 s"))
    assert isinstance(told, TimeoutError)
    assert isinstance(told, RunFailedError)
    assert str(told) == "late"


@pytest.mark.parametrize("error", [AttributeError("x"), StopIteration(1), SystemExit(3), ConflictError("x")])
def test_what_python_or_we_ourselves_would_take_for_something_else_stays_a_failed_node(error):
    assert described(error) is None


@pytest.mark.parametrize("error", [SealedError("x"), StubbornError(1, 2), ExceptionGroup("two", [ValueError()])])
def test_classes_that_cannot_be_made_again_stay_a_failed_node(error):
    assert type(again(error)) is NodeFailedError


@pytest.mark.parametrize(
    ("module", "name"),
    [("never_imported", "Error"), ("builtins", "NoSuchError"), ("builtins", "print"), ("builtins", "AttributeError")],
)
def test_classes_this_process_does_not_know_are_not_looked_for(module, name):
    assert type(again(ValueError("x"), raised=Raised(module=module, name=name, arguments=["x"]))) is NodeFailedError
    assert "never_imported" not in sys.modules


def test_a_program_catches_what_a_component_raised(lab):
    @component
    def parse(text):
        return int(text)

    @component
    def double(x):
        return 2 * x

    @pipeline
    def total(texts):
        found = []
        for each in [double(parse(text)) for text in texts]:
            try:
                found.append(each + 0)
            except ValueError as error:
                found.append(error.args[0])
        return found

    assert total(["1", "x", "3"]) == [2, "invalid literal for int() with base 10: 'x'", 6]
    assert lab.runs()[0].state == "completed"


def test_a_node_added_after_its_parent_was_skipped_fails_of_the_first_cause(lab):
    @component
    def lookup(key):
        return {}[key]

    @component
    def after(value):
        return value

    @pipeline
    def chained():
        first = after(lookup("k"))
        try:
            first.result()
        except KeyError:
            return after(after(first)).result()

    with pytest.raises(KeyError, match=r"(?s)after-3.*KeyError: 'k'.*lookup was called in test_raised\.py"):
        chained()


def test_what_nobody_caught_comes_out_of_the_pipeline_as_what_the_first_call_raised(lab):
    @component
    def fail(how):
        raise {"key": KeyError, "value": ValueError}[how](how)

    @pipeline
    def both():
        return fail("value"), fail("key")

    with pytest.raises(ValueError, match=r"(?s)run \w+ failed.*fail-2") as caught:
        both()
    assert isinstance(caught.value, RunFailedError)
    assert not isinstance(caught.value, KeyError)


def test_a_field_of_a_node_that_failed_of_a_missing_key_is_not_taken_for_missing(lab):
    @component
    def table():
        return {}["column"]

    @component
    def use(column):
        return column

    @pipeline
    def passes_a_field_on():
        return use(table()["column"])

    with pytest.raises(KeyError, match="node 'table'"):
        passes_a_field_on()


def test_an_exception_without_a_text_is_a_failure_like_any_other(lab):
    @component
    def fail():
        class WordlessError(Exception):
            def __str__(self):
                raise RuntimeError

        raise WordlessError

    @pipeline
    def fails():
        return fail()

    with pytest.raises(RunFailedError, match=r"WordlessError: .its text can't be made"):
        fails()


def test_the_end_of_a_run_is_told_with_all_that_led_to_it(lab, monkeypatch):
    @component
    def fail():
        raise ValueError

    @pipeline
    def fails():
        return fail()

    learn = Answers.learn

    def late(self, events):
        if any(isinstance(event, RunFinished) for event in events):
            time.sleep(0.5)  # the ledger has it already
        learn(self, events)

    monkeypatch.setattr(Answers, "learn", late)
    with pytest.raises(ValueError, match=r"node 'fail' was called in test_raised\.py, line \d+: fail\(\)"):
        fails()
