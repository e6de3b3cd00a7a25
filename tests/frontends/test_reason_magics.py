"""`%twingraph run --from`, `plan`, `why` and `replay`, as a person types them in a notebook."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from twingraph_lab.errors import TwinGraphError
from twingraph_lab.frontends.magic import TwinGraphMagics
from twingraph_lab.lab import Lab, has_store
from twingraph_lab.settings import Settings


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        yield InteractiveShell.instance(config=config)
    InteractiveShell.clear_instance()


class Notebook:
    """Runs cells as a person would. The Lab is made when it is first needed."""

    def __init__(self, shell, settings):
        self.settings = settings
        self.shell = shell
        self.labs = []
        shell.register_magics(TwinGraphMagics(shell, self.lab, lambda: bool(self.labs) or has_store(settings)))

    def lab(self):
        if not self.labs:
            self.labs.append(Lab(self.settings))
        return self.labs[0]

    def __call__(self, source):
        with capture_output() as shown:
            self.shell.run_cell(source).raise_error()
        return "\n".join([*(output.data["text/plain"] for output in shown.outputs), shown.stdout])

    def html(self, source):
        with capture_output() as shown:
            self.shell.run_cell(source).raise_error()
        return "".join(output.data["text/html"] for output in shown.outputs)

    def error(self, source):
        with capture_output() as shown:
            result = self.shell.run_cell(source)
        assert isinstance(result.error_in_exec, TwinGraphError)
        return "\n".join([*(output.data["text/plain"] for output in shown.outputs), str(result.error_in_exec)])


@pytest.fixture
def notebook(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shell.reset(new_session=False)
    made = Notebook(shell, Settings(home=tmp_path / "home", scheduler="inline", workers=2, lineage=False))
    made("days = 3")
    made("%%twingraph a --cache inputs\na = list(range(days))")
    made("%%twingraph b --cache inputs\nb = sum(a)")
    made("%%twingraph c\nc = b * 2")
    yield made
    for lab in made.labs:
        lab.close()


def test_a_plan_makes_no_store_and_knows_nothing_runs_yet(notebook, tmp_path):
    text = notebook("%twingraph plan")
    assert "a: 3 nodes" not in text
    assert "3 nodes in 3 levels, with days = 3" in text
    assert text.count("runs: it has never run before") == 3
    assert "3 to run" in text
    assert not (tmp_path / "home").exists()


def test_a_plan_foresees_what_is_cached_and_what_a_variable_changes(notebook):
    notebook("%twingraph run")
    text = notebook("%twingraph plan")
    assert text.count("cached (") == 2
    assert "1 to run, 2 cached; estimated time " in text
    text = notebook("days = 4\n%twingraph plan")
    assert "runs: parameter days 3 → 4" in text
    assert "runs if a changes its output" in text
    assert "<table" in notebook.html("%twingraph plan --from b")


def test_from_only_and_force(notebook):
    notebook("%twingraph run")
    assert "1 node kept from run" in notebook("%twingraph run --from b")
    assert "✓ a   kept  from " in notebook("%twingraph why")
    notebook("days = 5")
    text = notebook("%twingraph run --from c")
    assert "a keeps what it gave for days = 3, which is 5 now; to renew it: --from a" in text
    notebook("%twingraph run --force --fetch c")
    assert notebook.shell.user_ns["c"] == 20
    notebook("%twingraph run --only b --fetch b")
    assert notebook.shell.user_ns["b"] == 10


def test_a_selection_that_makes_no_sense_is_one_message(notebook):
    assert "no earlier run" in notebook.error("%twingraph run --from b")
    found = notebook.error("%twingraph run --from bb,zz")
    assert "--from bb: there is no such node; did you mean 'b'?" in found
    assert "--from zz: there is no such node" in found


def test_a_parameter_given_twice_is_refused(notebook):
    assert "parameter 'days' is given twice: 1 and 2" in notebook.error("%twingraph run -p days=1 -p days=2")


def test_why_of_all_and_of_one_with_the_difference(notebook):
    notebook("%twingraph run")
    notebook("%%twingraph b --cache inputs\nb = max(a)")
    notebook("%twingraph run")
    text = notebook("%twingraph why")
    assert "cell has changed" in text
    assert "✓ a   cached  from " in text
    assert "input b 3 → 2: b.b ran again and gave something else" in text
    detail = notebook("%twingraph why b")
    assert "-b = sum(a)" in detail
    assert "+b = max(a)" in detail
    first = notebook.lab().runs(2)[1].run_id
    assert "it has never run before" in notebook(f"%twingraph why b --of {first[:8]}")
    assert "did you mean 'b'" in notebook.error("%twingraph why bb")


def test_a_replay_compares_and_is_not_the_last_run(notebook):
    notebook("%twingraph run")
    last = notebook.lab().runs(1)[0].run_id
    text = notebook("%twingraph replay b")
    assert "the same outputs as then" in text
    assert "then and now" in text
    notebook("%twingraph fetch c")
    assert notebook.shell.user_ns["c"] == 6
    assert notebook("%twingraph why").startswith(f"run {last}")


def test_a_replay_of_what_failed_shows_the_failure(notebook):
    notebook("%%twingraph b\nb = a[99]")
    notebook.error("%twingraph run")
    found = notebook.error("%twingraph replay b")
    assert "it failed in the same way" in found
    assert "IndexError" in found
