"""A node in a run: what it was given and gave, how it fared, where and why it ran."""

from __future__ import annotations

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.errors import NotFoundError
from twingraph_lab.events import TaskStarted
from twingraph_lab.frontends.inspection.nodes import node_detail, output_of
from twingraph_lab.spec.workflow import Builtin, CachePolicy, Node, Parameter, PythonFunction, Retry, Workflow


def ran(lab, made, parameters=None):
    run = lab.submit(made, parameters)
    run.wait(60)
    return run


def given(detail):
    return {each.name: (each.source, each.value.text if each.value else None) for each in detail.inputs}


def test_inputs_tell_where_they_come_from_and_what_they_were(inline):
    inputs = {
        "whole": {"ref": "load"},
        "rows": {"ref": "load.rows"},
        "first": {"ref": "load.rows.0"},
        "month": {"param": "month"},
        "literal": "text",
        "quoted": {"value": {"ref": "x"}},
        "mixed": {"n": {"ref": "load.n"}, "m": {"param": "month"}},
        "template": "{{ load.n }} in {{ input.month }}",
        "db_password": {"param": "db_password"},
    }
    load = cell("load", "rows, n = [10, 20], 2", outputs=("rows", "n"))
    made = Workflow(
        name="w",
        parameters={"month": Parameter(default=3), "db_password": Parameter(default="swordfish")},
        nodes=(load, cell("use", "None", inputs=inputs)),
    )
    detail = node_detail(inline, ran(inline, made).id, "use")
    assert given(detail) == {
        "whole": ("load", '{\n  "rows": [\n    10,\n    20\n  ],\n  "n": 2\n}'),
        "rows": ("load.rows", "[10, 20]"),
        "first": ("load.rows.0", "10"),
        "month": ("parameter month", "3"),
        "literal": ("", "text"),
        "quoted": ("", '{\n  "ref": "x"\n}'),
        "mixed": ("load.n, parameter month", '{\n  "n": 2,\n  "m": 3\n}'),
        "template": ("load.n, parameter month", "{{ load.n }} in {{ input.month }}"),
        "db_password": ("parameter db_password", "***"),
    }
    assert "swordfish" not in detail.model_dump_json()


def test_secrets_deep_in_values_and_settings_are_hidden(inline):
    service = {"url": "http://here", "token": "swordfish"}
    inputs = {
        "service": service,
        "login": {"ref": "load.result.password"},
        "header": "Bearer {{ load.result.password }}",
        "whole": {"ref": "load.result"},
    }
    load = cell("load", "{'password': 'sword' + 'fish', 'user': 'me'}")
    run = ran(inline, workflow(load, cell("use", "None", inputs=inputs)))
    used = node_detail(inline, run.id, "use")
    assert "swordfish" not in used.model_dump_json()
    assert given(used)["header"] == ("load.result.password", "***")
    assert "me" in given(used)["whole"][1]
    assert "swordfish" not in node_detail(inline, run.id, "load").model_dump_json()


def test_an_input_that_is_not_there_yet_has_no_value(inline):
    made = workflow(cell("a", "1 / 0"), cell("b", inputs={"a": {"ref": "a.result"}}))
    detail = node_detail(inline, ran(inline, made).id, "b")
    assert (detail.state, detail.attempts, given(detail)) == ("skipped", (), {"a": ("a.result", None)})


def test_outputs_have_previews(inline):
    pytest.importorskip("pandas")
    code = "import pandas as pd\nframe, note = pd.DataFrame({'n': [1, 2]}), 'done'"
    run = ran(inline, workflow(cell("a", code, outputs=("frame", "note"))))
    frame, note = node_detail(inline, run.id, "a").outputs
    assert (frame.kind, frame.rows, frame.row_count) == ("table", (("1",), ("2",)), 2)
    assert (note.kind, note.text) == ("text", "done")
    assert output_of(inline, run.id, "a", "note").data == "done"
    with pytest.raises(NotFoundError, match="no output 'fram'; did you mean 'frame'"):
        output_of(inline, run.id, "a", "fram")
    with pytest.raises(NotFoundError, match="no node 'b'"):
        output_of(inline, run.id, "b", "x")


def test_every_attempt_is_told_with_its_failure(inline, tmp_path):
    mark = tmp_path / "mark"
    code = (
        "from pathlib import Path\n"
        f"mark = Path({str(mark)!r})\n"
        "if not mark.exists():\n    mark.touch()\n    raise OSError('not yet')\n'fine'"
    )
    run = ran(inline, workflow(cell("a", code, retry=Retry(attempts=3, delay_s=0.01))))
    detail = node_detail(inline, run.id, "a")
    first, second = detail.attempts
    assert (first.number, first.ending, str(first.failure)) == (1, "retried", "OSError: not yet")
    assert (second.number, second.ending, second.failure) == (2, "completed", None)
    assert first.started <= first.ended <= second.started <= second.ended
    assert (detail.state, detail.attempt, detail.failure) == ("completed", 2, None)
    assert second.worker == detail.worker != ""


def test_a_failure_comes_with_its_traceback(inline):
    detail = node_detail(inline, ran(inline, workflow(cell("a", "x = 0\n1 / x"))).id, "a")
    assert (detail.error, detail.failure.type) == ("ZeroDivisionError: division by zero", "ZeroDivisionError")
    assert "1 / x" in detail.failure.traceback
    assert detail.attempts[0].failure == detail.failure


def test_it_tells_what_ran_with_what_and_where(inline):
    node = cell("a", "1 + 1", cache=CachePolicy(mode="inputs"), description="adds", timeout_s=60)
    run = ran(inline, workflow(node))
    detail = node_detail(inline, run.id, "a")
    assert (detail.component, detail.language, detail.code) == ("python cell", "python", "1 + 1")
    assert {"python", "folder"} <= detail.environment.keys()
    assert detail.metrics.wall_s > 0
    assert detail.definition["description"] == "adds"
    assert detail.definition["timeout_s"] == 60
    assert "code" not in detail.definition["component"]
    assert detail.why == "it has never run before"
    again = node_detail(inline, ran(inline, workflow(node)).id, "a")
    assert (again.cached_from, again.why) == (f"{run.id}/a", f"from {run.id}/a")


def test_functions_of_files_are_shown_without_being_imported(inline, tmp_path, monkeypatch):
    (tmp_path / "steps.py").write_text("def double(x):\n    return 2 * x\n\n\nraise SystemExit\n")
    monkeypatch.syspath_prepend(tmp_path)
    made = workflow(Node(id="a", component=PythonFunction(ref="steps:double"), inputs={"x": 1}))
    detail = node_detail(inline, ran(inline, made).id, "a")
    assert (detail.component, detail.code) == ("steps:double", "def double(x):\n    return 2 * x")
    assert detail.state == "failed"


def test_built_ins_have_no_code(inline):
    made = workflow(Node(id="a", component=Builtin(name="input"), inputs={"x": 1}))
    assert node_detail(inline, ran(inline, made).id, "a").code == ""


def test_scripts_in_names_values_and_errors_stay_text(inline):
    script = "<script>alert(1)</script>"
    made = workflow(cell("a", f"raise ValueError({script!r})", inputs={"x": script}), name=script)
    detail = node_detail(inline, ran(inline, made).id, "a")
    assert given(detail) == {"x": ("", script)}
    assert detail.error == f"ValueError: {script}"


def test_a_node_there_is_not_is_named(inline):
    run = ran(inline, workflow(cell("load", "1")))
    with pytest.raises(NotFoundError, match="no node 'laod'; did you mean 'load'"):
        node_detail(inline, run.id, "laod")


def test_a_node_that_is_running_has_an_attempt_without_end(inline, tmp_path):
    go = tmp_path / "go"
    code = f"import time\nfrom pathlib import Path\nwhile not Path({str(go)!r}).exists():\n    time.sleep(0.01)"
    run = inline.submit(workflow(cell("a", f"{code}\nresult = 1")))
    next(event for event in run.watch() if isinstance(event, TaskStarted))
    attempt = node_detail(inline, run.id, "a").attempts[0]
    go.touch()
    run.wait(60)
    assert (attempt.ending, attempt.ended) == ("running", None)
    assert node_detail(inline, run.id, "a").attempts[0].ending == "completed"
