"""What notebooks show, as HTML and as text."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from twingraph_lab.errors import Fault
from twingraph_lab.events import Failure, Metrics, RunFinished, RunStarted, TaskCompleted, TaskFailed, TaskStarted
from twingraph_lab.frontends import workflow_views as views
from twingraph_lab.frontends.cell_views import pictures
from twingraph_lab.frontends.display import LOOKS
from twingraph_lab.frontends.progress import RunProgress
from twingraph_lab.frontends.tables import as_table
from twingraph_lab.frontends.views import Field, View, card, code, folded, heading, table
from twingraph_lab.runtime.serializers import Image
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.workflow import Node, Source, Workflow

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script>"
FAILURE = Failure(kind="error", type="ValueError", message=HOSTILE)
VOID = {"br", "path", "polygon", "rect", "circle"}


class Tags(HTMLParser):
    """Checks that tags are balanced, and remembers them."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def tags(view):
    parser = Tags()
    parser.feed(view.html)
    assert parser.open == []
    return parser.seen


def node(name, code="x = 1", **fields):
    return Node(id=name, component=Source(code=f"\n{code}\n", outputs=("x",)), **fields)


def workflow(*nodes, **fields):
    return Workflow(name="flights", nodes=nodes, **fields)


def test_a_view_has_html_and_text_and_no_address():
    view = heading("three nodes")
    assert view._repr_mimebundle_() == {"text/html": view.html, "text/plain": "three nodes"}
    assert repr(view) == "three nodes"


def test_views_add_up():
    both = heading("a") + View("<svg></svg>", "") + heading("b")
    assert both.text == "a\nb"
    assert "<svg></svg>" in both.html


def test_a_table_aligns_its_text_and_drops_empty_columns():
    view = table(["node", "remark", "state"], [["a", "", Field("done", LOOKS[TaskState.COMPLETED])], ["long", "", "x"]])
    assert view.text == "node  state\na     ✓ done\nlong  x"
    assert tags(view) >= {"table", "td"}
    assert "remark" not in view.html


def test_a_table_without_rows_is_nothing():
    assert table(["a"], []).html == ""
    assert folded("more", table(["a"], [])).html == ""


@pytest.mark.parametrize(
    "view",
    [
        table([HOSTILE], [[HOSTILE]]),
        table(["a"], [[Field(HOSTILE, LOOKS[TaskState.FAILED])]]),
        card(HOSTILE, HOSTILE, [(HOSTILE, HOSTILE)], warnings=[HOSTILE], colour="red"),
        heading(HOSTILE),
        folded(HOSTILE, heading(HOSTILE)),
        code(HOSTILE),
        views.overview(workflow(node("a", inputs={"x": HOSTILE})), {}, [Fault(HOSTILE)]),
    ],
    ids=range(7),
)  # fmt: skip
def test_what_users_write_is_escaped(view):
    assert "script" not in tags(view)


def test_short_fields_are_not_broken_into_lines():
    html = table(["run", "error"], [["today 16:35:08", "far too long a message for a single line"]]).html
    assert [part.count("nowrap") for part in html.split("<td")[1:]] == [1, 0]


def test_line_numbers_of_code():
    assert code("a\nb", first_line=9).text == " 9  a\n10  b"


def test_what_a_node_takes_and_how_it_runs_is_a_line_each():
    made = node(
        "clean",
        inputs={"rows": {"ref": "load.rows"}, "x": {"ref": "load.y"}, "n": {"param": "n"}},
        retry={"attempts": 3},
        timeout_s=90,
        cache={"mode": "inputs", "ttl_s": 3600, "scope": "shared"},
        resources={"gpu": 1},
        after=("load",),
        platform={"kind": "docker", "options": {"image": "i"}},
    )
    assert views.takes(made, {"n": 5}) == "rows ← load, x ← load.y, n ← parameter n = 5"
    assert views.settings_of(made) == (
        "on docker (image='i'), up to 3 attempts, timeout 1 min 30 s, cache inputs,ttl=1h,scope=shared, needs gpu 1, "
        "after load"
    )


def test_an_empty_workflow_says_how_to_begin():
    assert "%%twingraph" in views.overview(workflow(), {}, []).text


def test_a_workflow_is_a_picture_and_a_table():
    whole = workflow(node("a"), node("b", inputs={"x": {"ref": "a.x"}}))
    view = views.overview(whole, {"a": TaskState.COMPLETED}, [])
    assert tags(view) >= {"svg", "table"}
    assert re.search(r"✓ a +x +completed\n", view.text)


def test_a_large_workflow_is_a_table_only():
    view = views.overview(workflow(*(node(f"n{i}") for i in range(61))), {}, [])
    assert "svg" not in tags(view)
    assert "up to 60 are drawn" in view.text


def events(*made):
    progress = RunProgress(["a", "b"], name="flights", clock=lambda: NOW + timedelta(seconds=2))
    for event in (RunStarted(run_id="r", coordinator="c", epoch=1, time=NOW), *made):
        progress.apply(event)
    return progress


def test_a_running_run_shows_states_and_times():
    progress = events(
        TaskStarted(run_id="r", task_id="a", time=NOW),
        TaskCompleted(run_id="r", task_id="a", time=NOW, metrics=Metrics(wall_s=1)),
        TaskStarted(run_id="r", task_id="b", time=NOW),
    )
    view = views.running(progress, workflow(node("a"), node("b")))
    assert "completed 1.0 s" in view.html
    assert "running 2.0 s" in view.html
    assert "width:50.0%" in view.html
    assert view.text.splitlines()[0].startswith("● flights: running")
    tags(view)


def test_a_node_whose_outputs_are_reused_looks_like_it_while_the_run_goes_on():
    progress = events(TaskCompleted(run_id="r", task_id="a", time=NOW, cached_from="q/a"))
    html = views.running(progress, workflow(node("a"), node("b"))).html
    assert ">reused</text>" in html
    assert ">⇉</text>" in html


def test_a_picture_with_two_names_is_shown_once():
    one, other = Image(b"\x89PNG one"), Image(b"\x89PNG other")
    shown = pictures({"result": one, "n": 1, "other": other, "figure": Image(one.data)})
    assert shown.html.count("<img") == 2
    assert shown.text.splitlines()[::2] == ["result, figure", "other"]
    assert pictures({"n": 1}) is None


def test_a_failure_is_not_folded_away():
    progress = events(
        TaskFailed(run_id="r", task_id="a", failure=FAILURE), RunFinished(run_id="r", status="failed", error="x")
    )
    view = views.running(progress, workflow(node("a"), node("b")))
    assert "details" not in tags(view)
    assert "ValueError" in view.html


def test_rows_become_a_data_frame():
    frame = as_table(["node", "n"], [["a", 1], ["b", None]])
    assert frame.to_dict("list") == {"node": ["a", "b"], "n": [1, None]}


def test_rows_become_a_table_without_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    view = as_table(["node", "n"], [["a", 1], [HOSTILE, None]])
    assert view.text.splitlines()[1].split() == ["a", "1"]
    assert "script" not in tags(view)


def test_no_rows_are_said_so():
    assert as_table([], []).text == "nothing found"
