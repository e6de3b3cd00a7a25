"""The canvas as its two sides see it: Python, and a page."""

from __future__ import annotations

import time

import pytest
from ipycytoscape import CytoscapeWidget

from tests.workflows import cell, workflow
from twingraph_lab.errors import Fault, NotFoundError, WorkflowError
from twingraph_lab.frontends.canvas.catalog import Catalog
from twingraph_lab.frontends.canvas.messages import Rename
from twingraph_lab.spec.document import load
from twingraph_lab.spec.workflow import Workflow
from twingraph_lab.widgets import Canvas
from twingraph_lab.widgets.board import Plain

HOSTILE = "<script>alert('x')</script>"


def chain(*, name="flights"):
    return workflow(
        cell("load", "[1, 2]"), cell("total", "sum(rows)", inputs={"rows": {"ref": "load.result"}}), name=name
    )


def drawn(state):
    return {each["data"]["id"]: each for each in state["elements"]}


def ended(state):
    return lambda said: said["op"] == "frame" and said["frame"]["state"] == state


@pytest.fixture
def canvas(page, inline):
    canvas = Canvas(chain(), lab=inline)
    yield canvas
    canvas.close()


class TestState:
    def test_it_is_an_ipycytoscape_widget(self, canvas):
        assert isinstance(canvas, CytoscapeWidget)
        canvas.set_style([{"selector": "node", "style": {"color": "red"}}])
        canvas.set_layout(name="preset")
        assert canvas.get_style()[0]["style"] == {"color": "red"}

    def test_a_page_gets_all_of_it_when_it_opens(self, page, canvas):
        state = page.state(canvas)
        assert list(drawn(state)) == ["load", "total", "load.result->total.rows"]
        assert (state["title"], state["read_only"], state["faults"], state["status"]) == ("flights", False, [], {})
        assert (state["_model_name"], state["_view_name"], state["_model_module"]) == (
            "CanvasModel",
            "CanvasView",
            "twingraph-lab",
        )

    def test_what_there_is_to_add_follows(self, page, canvas):
        page_has = lambda: page.state(canvas).get("catalog")  # noqa: E731
        deadline = time.monotonic() + 30
        while not page_has() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert {"code:python", "builtin:http"} <= {each["entry"] for each in page_has()}

    def test_a_page_that_is_loaded_again_gets_what_is_there_now(self, page, canvas):
        page.edit(canvas, {"op": "add_node", "entry": "code:python", "id": "new", "position": [0, 0]})
        assert "new" in drawn(canvas.get_state())

    def test_nothing_that_a_page_claims_to_be_drawn_counts(self, page, canvas):
        canvas.set_state({"elements": [], "title": "other", "selected": ["load"]})
        assert list(drawn(canvas.get_state())) == ["load", "total", "load.result->total.rows"]
        assert (canvas.title, canvas.selected) == ("flights", ["load"])

    def test_there_is_no_comm_for_each_element(self, page, inline):
        large = workflow(*(cell(f"n{number}") for number in range(2500)))
        few = len(page.comms)
        Canvas(chain(), lab=inline)
        small = len(page.comms) - few
        Canvas(large, lab=inline)
        assert len(page.comms) - few == 2 * small <= 12

    def test_five_thousand_elements_are_ready_at_once(self, page, inline, tmp_path):
        nodes = [cell("n0", "1")]
        nodes += [cell(f"n{n}", "x", inputs={"x": {"ref": f"n{n - 1}.result"}}) for n in range(1, 2500)]
        large = workflow(*nodes)
        took = []
        for _ in range(3):
            began = time.process_time()
            canvas = Canvas(large, lab=inline, folder=tmp_path)
            state = canvas.get_state("elements")
            took.append(time.process_time() - began)
            assert len(state["elements"]) == 4999
        assert min(took) < 0.5


class TestEdits:
    def test_an_edit_is_answered_with_what_changed(self, page, canvas):
        answer = page.edit(canvas, {"op": "rename", "id": "load", "to": "read"})
        assert answer["op"] == "edited"
        assert [each["data"]["id"] for each in answer["delta"]["add"]] == ["read", "read.result->total.rows"]
        assert set(answer["delta"]["remove"]) == {"load", "load.result->total.rows"}
        assert canvas.workflow.by_id["total"].inputs == {"rows": {"ref": "read.result"}}

    def test_a_refused_edit_changes_nothing_and_says_why(self, page, canvas):
        before = canvas.workflow
        cycle = {"op": "add_edge", "source": "total", "target": "load", "after": True}
        answer = page.edit(canvas, {"op": "move", "positions": {"load": [1, 2]}}, cycle)
        assert answer["op"] == "refused"
        assert answer["faults"]
        assert answer["message"]
        assert canvas.workflow == before

    @pytest.mark.parametrize("edit", [{"op": "explode"}, {"op": "move"}, "x", {"op": "remove", "ids": 5}])
    def test_what_is_no_edit_is_refused(self, page, canvas, edit):
        assert page.edit(canvas, edit)["op"] == "refused"

    def test_edits_of_nothing_are_answered(self, page, canvas):
        assert page.edit(canvas)["delta"]["add"] == []
        place = {"op": "move", "positions": {"load": [5, 5]}}
        page.edit(canvas, place)
        assert page.edit(canvas, place)["op"] == "edited"

    def test_a_canvas_to_look_at_is_not_edited_by_hand(self, page, inline):
        canvas = Canvas(chain(), lab=inline, read_only=True)
        assert page.edit(canvas, {"op": "remove", "ids": ["load"]})["op"] == "refused"
        canvas.apply({"op": "remove", "ids": ["load"]})
        assert "load" not in canvas.workflow.by_id
        assert page.ask(canvas, "undo")["op"] == "failed"
        assert "load" not in canvas.workflow.by_id
        assert canvas.undo()
        assert page.ask(canvas, "redo")["op"] == "failed"
        assert "load" in canvas.workflow.by_id

    def test_what_a_program_says_wrong_is_all_named(self, canvas):
        with pytest.raises(WorkflowError) as raised:
            canvas.apply({"op": "rename", "id": "load"}, {"op": "nonsense"})
        assert [fault.path for fault in raised.value.faults] == ["0.rename.to", "1"]

    @pytest.mark.parametrize("drawn", ["flow.twg.json", 3])
    def test_what_is_no_workflow_is_not_drawn(self, page, inline, canvas, drawn):
        with pytest.raises(WorkflowError, match="what is drawn is a Workflow, not"):
            Canvas(drawn, lab=inline)
        with pytest.raises(WorkflowError, match="what is drawn is a Workflow, not"):
            canvas.workflow = drawn
        assert canvas.workflow == chain()

    def test_what_could_not_be_undone_can_be_tried_again(self, page, inline):
        class Stuck(Plain):
            stuck = False

            def put(self, workflow):
                if self.stuck:
                    raise WorkflowError([Fault("not now")])
                return super().put(workflow)

        canvas = Canvas(board=(board := Stuck(chain(), lambda workflow: Catalog())), lab=inline)
        canvas.apply(Rename(id="total", to="sum"))
        board.stuck = True
        with pytest.raises(WorkflowError, match="not now"):
            canvas.undo()
        board.stuck = False
        assert canvas.undo()
        assert canvas.workflow == chain()
        canvas.close()

    def test_what_python_changes_is_told(self, page, canvas):
        canvas.apply(Rename(id="total", to="sum"))
        delta = page.said(canvas)[-1]
        assert delta["op"] == "delta"
        assert {each["data"]["id"] for each in delta["delta"]["add"]} == {"sum", "load.result->sum.rows"}
        canvas.workflow = Workflow(name="other")
        assert page.said(canvas)[-1]["delta"]["remove"]
        assert page.state(canvas)["title"] == "other"

    def test_changes_are_undone_and_done_again(self, page, canvas):
        first = canvas.workflow
        page.edit(canvas, {"op": "remove", "ids": ["total"]})
        page.edit(canvas, {"op": "rename", "id": "load", "to": "read"})
        last = canvas.workflow
        assert page.ask(canvas, "undo")["value"] is True
        assert page.ask(canvas, "undo")["value"] is True
        assert canvas.workflow == first
        assert page.ask(canvas, "undo")["value"] is False
        assert canvas.redo()
        assert canvas.redo()
        assert canvas.workflow == last
        assert not canvas.redo()

    def test_who_changes_something_else_cannot_redo(self, page, canvas):
        page.edit(canvas, {"op": "remove", "ids": ["total"]})
        canvas.undo()
        page.edit(canvas, {"op": "rename", "id": "load", "to": "read"})
        assert not canvas.redo()

    def test_a_refused_edit_is_nothing_to_undo(self, page, canvas):
        page.edit(canvas, {"op": "rename", "id": "nobody", "to": "x"})
        assert not canvas.undo()

    def test_what_others_change_on_the_board_is_told_and_not_undone(self, page, inline):
        board = Plain(chain(), Canvas(lab=inline)._editor.drawing.catalog)
        canvas = Canvas(board=board, lab=inline)
        page.edit(canvas, {"op": "rename", "id": "load", "to": "read"})
        board.put(chain(name="theirs"))
        assert page.said(canvas)[-1]["op"] == "delta"
        assert (canvas.title, canvas.undo()) == ("theirs", False)

    def test_two_canvases_on_one_board_stay_in_step(self, page, inline):
        first = Canvas(chain(), lab=inline)
        second = Canvas(board=first.board, lab=inline)
        page.edit(first, {"op": "rename", "id": "load", "to": "read"})
        assert [said["op"] for said in page.said(second)] == ["delta"]
        second.close()
        page.edit(first, {"op": "rename", "id": "read", "to": "load"})

    def test_observers_hear_of_every_change(self, page, canvas):
        heard = []
        canvas.on_edit(heard.append)
        page.edit(canvas, {"op": "rename", "id": "load", "to": "read"})
        canvas.undo()
        canvas.on_edit(heard.append, remove=True)
        canvas.redo()
        assert [next(iter(each.by_id)) for each in heard] == ["read", "load"]

    def test_deltas_add_up_to_what_is_drawn(self, page, canvas):
        seen = drawn(page.state(canvas))
        page.edit(canvas, {"op": "add_node", "entry": "code:python", "id": "plot", "position": [9, 9]})
        page.edit(canvas, {"op": "add_edge", "source": "total", "target": "plot", "after": True})
        page.edit(canvas, {"op": "rename", "id": "load", "to": "read"})
        canvas.undo()
        page.edit(canvas, {"op": "remove", "ids": ["total"]})
        for said in page.said(canvas):
            if delta := said.get("delta"):
                seen = {name: each for name, each in seen.items() if name not in delta["remove"]}
                seen |= {each["data"]["id"]: each for each in (*delta["add"], *delta["update"])}
        assert seen == drawn(canvas.get_state())


class TestAsks:
    def test_forms_clippings_and_pictures(self, page, canvas):
        form = page.ask(canvas, "form", id="total")["value"]
        assert (form["id"], form["code"], "schema" in form) == ("total", "sum(rows)", True)
        assert page.ask(canvas, "form", id="")["value"]["data"]["name"] == "flights"
        clip = page.ask(canvas, "clip", ids=["load"])["value"]
        answer = page.edit(canvas, {"op": "paste", "clipping": clip, "position": [50, 50]})
        assert len(answer["delta"]["add"]) == 1
        assert page.ask(canvas, "picture")["value"].startswith("<svg")

    def test_what_cannot_be_answered_says_why(self, page, canvas):
        for what, args, why in (
            ("explode", {}, "explode"),
            ("form", {"id": "nobody"}, "nobody"),
            ("form", {"colour": "red"}, "colour"),
            ("node_detail", {"run_id": "nowhere", "node": "x"}, "no run"),
            ("cancel", {}, "no run on this canvas"),
        ):
            answer = page.ask(canvas, what, **args)
            assert (answer["op"], why in answer["message"]) == ("failed", True), answer


class TestRuns:
    def test_a_run_by_hand_is_shown_until_it_ends(self, page, canvas, inline):
        run_id = page.ask(canvas, "run")["value"]["run_id"]
        page.hear(canvas, ended("completed"))
        frames = [said["frame"] for said in page.said(canvas) if said["op"] == "frame"]
        assert {each["run_id"] for each in frames} == {run_id}
        assert frames[0]["nodes"].keys() == {"load", "total"}
        assert canvas.status["nodes"]["total"]["state"] == "completed"
        assert canvas.status["values"]["load.result->total.rows"]
        assert page.ask(canvas, "run_detail", run_id=run_id)["value"]["state"] == "completed"
        assert page.ask(canvas, "node_detail", run_id=run_id, node="total")["value"]["outputs"][0]["text"] == "3"
        assert page.ask(canvas, "preview", run_id=run_id, node="load", name="result")["value"]["text"] == "[1, 2]"

    def test_a_run_from_python_gives_its_result(self, page, canvas):
        assert canvas.run().result(60) == {"total": 3}

    def test_a_part_runs_on_what_the_rest_gave(self, page, canvas, inline):
        canvas.run().wait(60)
        again = canvas.run(only=["total"])
        again.wait(60)
        assert again.tasks["load"].cached_from
        assert not again.tasks["total"].cached_from
        alone = canvas.run(nodes=["load"])
        assert alone.result(60) == {"load": [1, 2]}

    def test_a_faulty_workflow_does_not_run_and_says_why(self, page, canvas):
        page.edit(canvas, {"op": "remove", "ids": ["load"]})
        answer = page.ask(canvas, "run")
        assert (answer["op"], "nothing gives 'rows'" in answer["message"]) == ("failed", True)
        with pytest.raises(WorkflowError):
            canvas.run()

    def test_an_empty_workflow_does_not_run_and_says_why(self, page, canvas):
        page.edit(canvas, {"op": "remove", "ids": ["load", "total"]})
        answer = page.ask(canvas, "run")
        assert (answer["op"], "nothing to run yet" in answer["message"]) == ("failed", True)

    def test_a_run_is_cancelled_and_gone_on_with(self, page, inline, tmp_path):
        go = tmp_path / "go"
        code = f"import time, os\nwhile not os.path.exists({str(go)!r}):\n    time.sleep(0.01)\n1"
        canvas = Canvas(workflow(cell("wait", code)), lab=inline)
        page.ask(canvas, "run")
        page.hear(
            canvas,
            lambda said: said["op"] == "frame" and said["frame"]["nodes"].get("wait", {}).get("state") == "running",
        )
        assert page.ask(canvas, "cancel")["value"]["cancelled"]
        page.hear(canvas, ended("cancelled"))
        go.touch()
        page.ask(canvas, "resume")
        page.hear(canvas, ended("completed"))

    def test_a_run_that_was_is_shown_on_its_workflow(self, page, inline):
        run = inline.submit(chain())
        run.wait(60)
        canvas = Canvas(run=run.id[:8], lab=inline)
        page.hear(canvas, lambda said: said["op"] == "frame")
        assert canvas.status["nodes"]["load"]["state"] == "completed"
        assert canvas.workflow == chain()
        with pytest.raises(NotFoundError):
            Canvas(run="nowhere", lab=inline)


class TestFiles:
    def test_it_is_saved_and_loaded_as_a_document(self, page, canvas, inline, tmp_path):
        canvas.apply({"op": "move", "positions": {"load": [10, 20]}})
        path = canvas.save(tmp_path / "flights.twg.json")
        assert load(path) == canvas.workflow
        again = Canvas.load(path, lab=inline)
        assert again.workflow == canvas.workflow
        again.apply({"op": "remove", "ids": ["total"]})
        again.save()
        assert list(load(path).by_id) == ["load"]
        assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["flights.twg.json"]

    def test_a_file_that_is_not_there_is_an_empty_workflow(self, page, inline, tmp_path):
        canvas = Canvas.load(tmp_path / "new.twg.json", lab=inline)
        assert (canvas.workflow.name, canvas.workflow.nodes) == ("new", ())
        canvas.save()
        assert load(tmp_path / "new.twg.json").name == "new"

    @pytest.mark.parametrize("content", [b"\xff\xfe", b"[1]", b'{"name": '])
    def test_a_file_that_is_no_workflow_is_named(self, page, inline, tmp_path, content):
        (tmp_path / "flow.twg.json").write_bytes(content)
        with pytest.raises(WorkflowError, match=r"flow\.twg\.json: 1 fault"):
            Canvas.load(tmp_path / "flow.twg.json", lab=inline)

    def test_what_cannot_be_read_or_written_is_named(self, page, canvas, inline, tmp_path):
        with pytest.raises(NotFoundError, match="can't read"):
            Canvas.load(tmp_path, lab=inline)
        with pytest.raises(NotFoundError, match="can't write"):
            canvas.save(tmp_path / "nowhere" / "flow.twg.json")
        with pytest.raises(NotFoundError, match="can't write"):
            canvas.save(tmp_path)
        assert not [*tmp_path.glob("**/*.saving")]

    def test_a_link_to_a_document_stays_one(self, page, canvas, tmp_path):
        there, link = tmp_path / "there.twg.json", tmp_path / "link.twg.json"
        link.symlink_to(there)
        canvas.save(link)
        assert link.is_symlink()
        assert load(there) == chain()

    def test_saving_needs_a_place(self, page, canvas):
        with pytest.raises(WorkflowError, match=r"canvas.save\('name"):
            canvas.save()


class TestWithoutABrowser:
    def test_it_has_a_picture_and_a_line(self, page, canvas):
        bundle = canvas._repr_mimebundle_()
        assert bundle["text/plain"] == repr(canvas) == "Canvas of 'flights', 2 nodes: load, total"
        assert bundle["image/svg+xml"].startswith("<svg")
        assert bundle.keys() == {"text/plain", "image/svg+xml"}

    def test_the_picture_tells_how_a_run_went(self, page, canvas):
        canvas.run().wait(60)
        page.hear(canvas, ended("completed"))
        assert "✓" in canvas._repr_mimebundle_()["image/svg+xml"]

    def test_what_a_saved_notebook_needs_is_state(self, page, canvas):
        canvas.apply({"op": "rename", "id": "load", "to": "read"})
        assert "read" in drawn(page.state(canvas))
        canvas.run().wait(60)
        assert canvas._follower.join(30)
        assert page.state(canvas)["status"]["nodes"]["read"]["state"] == "completed"

    def test_scripts_in_names_stay_text(self, page, inline):
        node = cell("a", repr(HOSTILE), inputs={"x": HOSTILE}, description=HOSTILE)
        canvas = Canvas(Workflow(name=HOSTILE, nodes=(node,)), lab=inline)
        canvas.run().wait(60)
        page.hear(canvas, ended("completed"))
        bundle = canvas._repr_mimebundle_()
        assert "<script" not in bundle["image/svg+xml"]
        assert "&lt;script&gt;" in bundle["image/svg+xml"]
