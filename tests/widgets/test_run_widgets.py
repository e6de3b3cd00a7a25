"""RunView, Inspector and LineageView: what they tell a page, and what stands for them without one."""

from __future__ import annotations

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.errors import NotFoundError
from twingraph_lab.widgets import Inspector, LineageView, RunView

HOSTILE = "<script>alert('x')</script>"


@pytest.fixture
def run(inline):
    code = f"print({HOSTILE!r})\n{HOSTILE!r}"
    made = workflow(cell("load", code), cell("use", "len(x)", inputs={"x": {"ref": "load.result"}}), name=HOSTILE)
    run = inline.submit(made)
    run.wait(60)
    return run


def test_each_tells_a_page_what_it_is_about(page, inline, run):
    for made, model, view, more in (
        (RunView(run, lab=inline), "RunModel", "RunWidgetView", {}),
        (Inspector(run.id[:8], "load", lab=inline), "InspectorModel", "InspectorWidgetView", {"node": "load"}),
        (LineageView(run, depth=2, lab=inline), "LineageModel", "LineageWidgetView", {"depth": 2, "direction": "both"}),
    ):
        state = page.state(made)
        assert (state["_model_name"], state["_view_name"], state["run_id"]) == (model, view, run.id)
        assert more.items() <= state.items()


def test_questions_are_answered(page, inline, run):
    view = RunView(run, lab=inline)
    ask = lambda what, **args: page.ask(view, what, **args)["value"]  # noqa: E731
    assert [each["state"] for each in ask("run_detail", run_id=run.id)["tasks"]] == ["completed", "completed"]
    assert ask("node_detail", run_id=run.id, node="load")["outputs"][0]["text"] == HOSTILE
    assert [line["text"] for line in ask("log_page", run_id=run.id, level=None)["lines"]] == [HOSTILE]
    assert [lane["id"] for lane in ask("timeline", run_id=run.id)["lanes"]] == ["load", "use"]
    assert len(ask("lineage", run_id=run.id, depth=3, direction="ancestors")["vertices"]) == 4
    assert ask("preview", run_id=run.id, node="use", name="result")["text"] == str(len(HOSTILE))


def test_what_is_wrong_is_told(page, inline, run):
    view = RunView(run, lab=inline)
    for what, args, why in (
        ("node_detail", {"run_id": run.id, "node": "laod"}, "did you mean 'load'"),
        ("log_page", {"run_id": run.id, "after": "x"}, "after: must be"),
        ("lineage", {"run_id": run.id, "direction": "up"}, "direction"),
        ("resume", {"run_id": run.id}, "completed"),
        ("__init__", {}, "nobody here knows"),
    ):
        answer = page.ask(view, what, **args)
        assert (answer["op"], why in answer["message"]) == ("failed", True), answer


def test_a_run_that_is_started_again_is_followed(page, inline, run):
    view = RunView(run, lab=inline)
    again = page.ask(view, "rerun", run_id=run.id)["value"]["run_id"]
    assert again != run.id
    page.hear(view, lambda said: said["op"] == "frame" and said["frame"]["run_id"] == again)
    replayed = page.ask(view, "replay", run_id=run.id, node="use")["value"]["run_id"]
    inline.run(replayed).wait(60)


def test_a_run_under_way_is_told_in_frames(page, inline, tmp_path):
    go = tmp_path / "go"
    run = inline.submit(
        workflow(cell("a", f"import os, time\nwhile not os.path.exists({str(go)!r}):\n    time.sleep(0.01)\n1"))
    )
    view = RunView(run, lab=inline)
    page.hear(view, lambda said: said.get("frame", {}).get("nodes", {}).get("a", {}).get("state") == "running")
    go.touch()
    page.hear(view, lambda said: said.get("frame", {}).get("state") == "completed")
    view.close()


def test_another_run_is_shown_by_setting_its_id(page, inline, run):
    other = inline.submit(workflow(cell("b", "1")))
    other.wait(60)
    view = RunView(run, lab=inline)
    view.run_id = other.id
    page.hear(view, lambda said: said.get("frame", {}).get("run_id") == other.id)
    view.run_id = run.id[:8]
    assert view.run_id == run.id
    with pytest.raises(NotFoundError, match="no run 'nowhere'"):
        view.run_id = "nowhere"
    assert view.run_id == run.id
    view.close()


def test_a_run_there_is_not_is_refused(page, inline):
    for kind in (RunView, Inspector, LineageView):
        with pytest.raises(NotFoundError, match="no run 'nowhere'"):
            kind("nowhere", lab=inline)


def test_without_a_browser_there_are_tables(page, inline, run):
    for made, told in (
        (RunView(run, lab=inline), ["load", "use", "completed"]),
        (Inspector(run, "load", lab=inline), ["load", "completed", "print"]),
        (LineageView(run, lab=inline), ["load.result", "PRODUCED", "use"]),
    ):
        bundle = made._repr_mimebundle_()
        assert bundle.keys() == {"text/plain", "text/html"}
        assert all(word in bundle["text/html"] and word in bundle["text/plain"] for word in told)
        assert "<script" not in bundle["text/html"]
        assert "0x" not in repr(made)


def test_displaying_what_is_gone_says_so(page, inline, run):
    view = Inspector(run, "laod", lab=inline)
    assert "did you mean &#x27;load&#x27;" in view._repr_mimebundle_()["text/html"]
