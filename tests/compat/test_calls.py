"""TwinGraph's programs on real labs: answers, parents, positional arguments, failures, retries, async."""

from __future__ import annotations

import asyncio
import linecache
import os
import time
import warnings
from collections import namedtuple
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from twingraph import async_component, component, pipeline

from twingraph_lab.errors import RunFailedError
from twingraph_lab.frontends.compat.warning import TwinGraphWarning
from twingraph_lab.frontends.handles import Result

pytestmark = pytest.mark.usefixtures("host")


@component()
def add(input_1: float, input_2: float) -> NamedTuple:
    outputs = namedtuple("outputs", ["sum"])  # noqa: PYI024  (as TwinGraph's users write)
    return outputs(input_1 + input_2)


@component()
def multiply(input_1, input_2):
    import numpy as np

    product = namedtuple("AnyName", ["product", "process"])  # noqa: PYI024
    return product(np.multiply(input_1, input_2), os.getpid())


@component()
def as_dict(n):
    return {"n": n, "twice": 2 * n}


@component()
def as_value(n):
    return n


@component()
def as_result(n):
    return namedtuple("Output", ["result"])(n)  # noqa: PYI024


@component()
def as_text(answers):
    for answer in answers:
        answer.pop("hash", None)
    return repr(answers)


@component()
def fail(message):
    raise KeyError(message)


@component()
def nested(n):
    inner, plain = add(n, 1), as_result({"a": n})
    return {"sum": inner["outputs"]["sum"], "keys": sorted(inner), "plain": plain["outputs"]}


@async_component()
async def later(n: int) -> dict:
    await asyncio.sleep(0.01)
    return {"n": n + 1}


def last(lab):
    return lab.run(lab.runs(1)[0].run_id)


def test_a_program_in_twingraphs_words(host):
    @pipeline()
    def program():
        first = add(1, 2)
        second = multiply(first["outputs"]["sum"], 4, parent_hash=first["hash"])
        third = as_dict(second["outputs"]["product"], parent_hash=[first["hash"], second["hash"]])
        return {"first": first, "all": [second, third]}

    value = program()
    assert value["first"]["outputs"] == {"sum": 3}
    assert len(value["first"]["hash"]) == 32
    second, third = value["all"]
    assert second["outputs"]["product"] == 12
    assert type(second["outputs"]["product"]) is np.int64
    assert second["outputs"]["process"] != os.getpid()
    assert third["outputs"] == {"n": 12, "twice": 24}
    assert [type(each["outputs"]) for each in (second, third)] == [dict, dict]
    run = last(host)
    assert run.record.workflow == "program"
    assert run.workflow.by_id["as_dict"].upstream == ("multiply", "add")


def test_answers_are_lazy_in_a_pipeline_and_control_flow_may_use_them():
    @pipeline()
    def program():
        slow = as_value(1)
        assert type(slow) is dict
        assert type(slow["outputs"]) is Result
        assert type(slow["outputs"]["result"]) is Result
        return "odd" if slow["outputs"]["result"] % 2 else "even"

    assert program() == "odd"


def test_an_answer_may_be_passed_on_as_a_whole():
    @pipeline()
    def program():
        first = as_dict(3)
        return as_value(first)

    whole = program()["outputs"]
    assert whole["outputs"] == {"n": 3, "twice": 6}
    assert len(whole["hash"]) == 32


def test_outputs_are_the_same_dict_wherever_they_are_looked_at(host):
    cases = [
        (as_dict, 5, {"n": 5, "twice": 10}),
        (as_value, 5, {"result": 5}),
        (as_value, {"a": 5}, {"a": 5}),
        (as_value, {"result": 5}, {"result": 5}),
        (as_value, {1: 5}, {"result": {1: 5}}),
        (as_value, {}, {}),
        (as_result, 5, {"result": 5}),
        (as_result, {"a": 5}, {"result": {"a": 5}}),
    ]

    @pipeline()
    def program():
        answers = [function(given) for function, given, _ in cases]
        passed_on = as_text([*answers, {"x": answers[-1]["outputs"]}])
        return {"answers": answers, "used": [{**answer["outputs"]} for answer in answers], "passed_on": passed_on}

    value, expected = program(), [outputs for _, _, outputs in cases]
    assert [answer["outputs"] for answer in value["answers"]] == value["used"] == expected
    passed_on = [*({"outputs": outputs} for outputs in expected), {"x": expected[-1]}]
    assert value["passed_on"]["outputs"] == {"result": repr(passed_on)}
    run = last(host)
    assert [answer["outputs"] for answer in run.result()["answers"]] == expected
    assert set(run.workflow.by_id["as_text"].upstream) == set(run.tasks) - {"as_text"}
    assert as_result({"a": 5})["outputs"] == {"result": {"a": 5}}


def test_a_failure_that_the_program_has_dealt_with_fails_nothing_even_if_it_was_passed_on():
    @pipeline()
    def program():
        try:
            as_value(fail("lost key"))
        except KeyError:
            return "caught"

    assert program() == "caught"


def test_positional_arguments_fill_what_isnt_given_by_name(host):
    @pipeline()
    def program():
        return add(1, input_1=3.5)

    with pytest.warns(TwinGraphWarning, match=r"add\(\): arguments without names are taken for input_2") as heard:
        assert program()["outputs"] == {"sum": 4.5}
    assert heard[0].filename == __file__
    assert last(host).workflow.by_id["add"].inputs == {"input_1": 3.5, "input_2": 1}


def test_python_calls_make_no_noise():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert add(1, input_2=2)["outputs"] == {"sum": 3}


def test_too_many_arguments_are_an_error_of_the_call():
    with pytest.raises(TypeError, match=r"add\(\) takes input_1, input_2; given are 2 without names and input_1"):
        add(1, 2, input_1=3)


@pytest.mark.parametrize("value", [True, None, "it's", "TrueNorth", (1, 2), np.float64(3.5), b"a", [1, {"a": None}]])
def test_values_arrive_as_they_are(value):
    given = as_value(value)["outputs"]["result"]
    assert given == value
    assert type(given) is type(value)


@pytest.mark.parametrize(("legacy", "told"), [(True, "list"), (False, "DataFrame")])
def test_tables_are_rows_only_if_asked_for(legacy, told):
    @component(legacy_dataframes=legacy)
    def kind(table):
        return type(table).__name__

    @pipeline()
    def program(table):
        passed_on = as_value(table)
        return kind(table), kind(passed_on["outputs"]["result"])

    kinds = program(pd.DataFrame({"a": [1, 2]}))
    assert [each["outputs"]["result"] for each in kinds] == [told, told]


@pytest.mark.parametrize("parents", [3, {"hash": 3}, [["a"], 3.5]])
def test_parents_that_are_no_hashes_are_an_error_of_the_call(parents):
    @pipeline()
    def program():
        as_value(1, parent_hash=parents)

    with pytest.raises(TypeError, match=r"parent_hash: .* is no hash, no answer of a component"):
        program()


def test_a_call_outside_of_pipelines_is_a_run_of_its_own(host):
    before = len(host.runs(1000))
    answer = add(1, 2)
    assert answer["outputs"] == {"sum": 3}
    assert list(answer) == ["outputs", "hash"]
    assert len(host.runs(1000)) == before + 1
    assert list(last(host).tasks) == ["add"]


def test_parents_of_a_call_outside_of_pipelines_are_said_not_to_be_recorded():
    with pytest.warns(TwinGraphWarning, match="has no parents") as heard:
        add(1, 2, parent_hash=["0" * 32])
    assert heard[0].filename == __file__
    with pytest.warns(TwinGraphWarning, match="taken for input_2") as heard:
        add(1, input_1=2)
    assert "add(1, input_1=2)" in linecache.getline(heard[0].filename, heard[0].lineno)


def test_failures_keep_their_type_and_message():
    @pipeline()
    def program():
        fail("lost key")

    with pytest.raises(RunFailedError, match="KeyError: 'lost key'"):
        program()
    with pytest.raises(RunFailedError, match="KeyError: 'lost key'"):
        fail("lost key")


def test_retries_and_timeouts_are_real(tmp_path):
    @component(retry_policy={"max_attempts": 3, "initial_delay": 0.01, "exceptions": [OSError]})
    def flaky(path):
        with Path(path).open("a") as file:
            file.write("x")
        if len(Path(path).read_text()) < 3:
            raise FileNotFoundError(path)
        return 1

    @component(timeout=0.2)
    def endless():
        import time

        time.sleep(60)

    assert flaky(str(tmp_path / "tries"))["outputs"]["result"] == 1
    begun = time.monotonic()
    with pytest.raises(RunFailedError, match=r"its timeout of 0\.2 s"):
        endless()
    assert time.monotonic() - begun < 30


def test_the_cache_is_real(tmp_path):
    @component(cache_enabled=True, cache_ttl=3600)
    def counted(path):
        with Path(path).open("a") as file:
            file.write("x")
        return len(Path(path).read_text())

    path = str(tmp_path / "runs")
    assert [counted(path)["outputs"]["result"] for _ in range(2)] == [1, 1]


def test_a_components_environment_is_there_and_gone_after_it():
    @component(environment={"TG_MODE": "distributed"})
    def mode():
        return os.environ.get("TG_MODE")

    @component()
    def after(mode):
        return os.environ.get("TG_MODE")

    @pipeline()
    def program():
        first = mode()
        return first, after(first["outputs"]["result"])

    first, second = program()
    assert (first["outputs"]["result"], second["outputs"]["result"]) == ("distributed", None)


def test_a_missing_platform_is_said_once_for_each_component():
    @component(docker_id="demo2:latest")
    def boxed(n):
        return n

    @pipeline()
    def program():
        return [boxed(n) for n in range(3)]

    with pytest.warns(TwinGraphWarning, match="asks for the platform 'docker'") as heard:
        assert [each["outputs"]["result"] for each in program()] == [0, 1, 2]
    assert len(heard) == 1


def test_pipelines_work_at_the_call_and_say_once_what_is_done_instead(host):
    before = len(host.runs(1000))

    @pipeline(celery_pipeline=True, celery_concurrency_threads=2, clear_graph=True)
    def program():
        return add(1, 2)

    assert len(host.runs(1000)) == before
    with pytest.warns(TwinGraphWarning) as heard:
        assert program()["outputs"] == program()["outputs"] == {"sum": 3}
    assert [str(each.message).partition(":")[0] for each in heard] == ["celery_…", "clear_graph"]


def test_components_may_call_each_other_in_their_bodies(host):
    assert nested(1)["outputs"] == {"sum": 2, "keys": ["hash", "outputs"], "plain": {"result": {"a": 1}}}
    assert list(last(host).tasks) == ["nested"]


def test_what_is_defined_elsewhere_and_taken_along_answers_the_same():
    @component()
    def inner(n):
        return {"n": n}

    @component()
    def outer(n):
        return inner(n)["outputs"]["n"] + 1

    assert outer(1)["outputs"] == {"result": 2}


def test_awaiting_a_call_gives_its_answer_and_how_long_it_took():
    async def main():
        return await asyncio.gather(later(1), later(2))

    first, second = asyncio.run(main())
    assert (first["outputs"], second["outputs"]) == ({"n": 2}, {"n": 3})
    assert list(first) == ["outputs", "hash", "execution_time"]
    assert first["execution_time"] > 0.01


def test_what_is_said_of_an_awaited_call_names_the_users_line():
    @async_component(platform="docker", docker_image="a:1")
    async def boxed():
        return 1

    with pytest.warns(TwinGraphWarning, match="asks for the platform 'docker'") as heard:
        asyncio.run(boxed())
    assert heard[0].filename == __file__


def test_async_pipelines_gather_nodes_of_one_run(host):
    @pipeline()
    async def program(n):
        first, second = await asyncio.gather(later(n), later(n + 1))
        both = await later(first["outputs"]["n"] + second["outputs"]["n"])
        return {"both": both, "plain": add(first["outputs"]["n"], 1)}

    value = asyncio.run(program(1))
    assert value["both"]["outputs"] == {"n": 6}
    assert value["plain"]["outputs"] == {"sum": 3}
    run = last(host)
    assert run.record.workflow == "program"
    assert set(run.tasks) == {"later", "later-2", "later-3", "add"}


def test_async_failures_are_raised_where_they_are_awaited():
    @async_component()
    async def failing():
        raise ValueError("boom")

    @pipeline()
    async def program():
        try:
            await failing()
        except RunFailedError as error:
            return str(error)

    assert "ValueError: boom" in asyncio.run(program())
    with pytest.raises(RunFailedError, match="ValueError: boom"):
        asyncio.run(failing())
