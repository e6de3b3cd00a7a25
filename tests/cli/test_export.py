"""What is exported runs to the same result."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

FORMS = ["twg.json", "yaml", "py", "ipynb"]
BOTH = {"flights": "completed", "later": "completed"}


def everything(source):
    """A workflow with all kinds of inputs, and most kinds of nodes."""
    numbers = 'import math\ntext = """a\n  b\n"""\nnumbers = [max(i, 0) for i in range(n)]\nk = len(text)'
    words = "max = max(values)\nimport asyncio\nawait asyncio.sleep(0)\n{'max': max, 'said': said, 'm': m, 'lit': lit}"
    return {
        "version": "twingraph/1",
        "name": "every thing",
        "parameters": {"n": {"type": "integer", "default": 3}, "who": {"default": 'Zoë "x"'}},
        "nodes": [
            {
                "id": "numbers",
                "component": source(numbers, "numbers", "k"),
                "inputs": {"n": {"param": "n"}},
                "retry": {"attempts": 3},
            },
            {"id": "mean", "component": "statistics:mean", "inputs": {"data": {"ref": "numbers.numbers"}}},
            {"id": "all", "component": "output", "inputs": {"a": {"ref": "mean"}, "b": [{"param": "n"}]}},
            {
                "id": "two-words",
                "component": source(words, "result"),
                "inputs": {
                    "values": {"ref": "numbers.numbers"},
                    "said": "{{ input.who }} has {{ numbers.k }} of {{ mean }} and {{ numbers.numbers | sum }}",
                    "m": {"a": [{"ref": "mean"}, {"param": "n"}]},
                    "lit": {"value": "{{ x }}"},
                },
                "after": ["all"],
                "timeout_s": 90,
            },
            {"id": "last", "component": source("biggest = r['max']", "biggest"), "inputs": {"r": {"ref": "two-words"}}},
            {
                "id": "deep",
                "component": source("import builtins\nsaid = said.upper()\nbuiltins.print(said)", "said"),
                "inputs": {"said": {"ref": "two-words.said"}},
                "cache": {"mode": "inputs"},
            },
        ],
    }


def outputs(twingraph, file, *arguments):
    report = twingraph("run", "--json", file, *arguments).json
    assert report["status"] == "completed", report["error"]
    return report["outputs"], {name: node["state"] for name, node in report["nodes"].items()}


@pytest.mark.parametrize("form", FORMS)
def test_what_is_exported_runs_to_the_same_result(twingraph, write, folder, documents, form):
    first = outputs(twingraph, write(everything(documents.source)))
    outcome = twingraph("export", "last", "-o", f"again.{form}")
    assert outcome.code == 0, outcome.stderr
    assert outputs(twingraph, folder / f"again.{form}") == first


def test_a_run_is_exported_with_the_parameters_it_had(twingraph, write, folder, documents):
    first = outputs(twingraph, write(documents.diamond()), "-p", "n=7")
    for form in ("py", "yaml"):
        twingraph("export", "last", "-o", f"again.{form}")
        assert outputs(twingraph, folder / f"again.{form}") == first


def test_a_script_takes_parameters_and_runs_without_the_command_line(twingraph, write, folder, documents):
    twingraph("export", write(documents.diamond()), "-o", "d.py")
    assert outputs(twingraph, "d.py", "--", '{"n": 4}')[0] == {"total": 25}
    done = subprocess.run([sys.executable, "d.py", '{"n": 4}'], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "{'total': 25}\n"


def test_an_exported_notebook_runs_live_with_other_parameters(twingraph, write, folder, documents):
    papermill = pytest.importorskip("papermill", reason="needs the extra `notebook`")
    twingraph("export", write(documents.diamond()), "-o", "d.ipynb")
    papermill.execute_notebook("d.ipynb", "ran.ipynb", {"n": 4}, kernel_name="python3", progress_bar=False)
    assert twingraph("show", "last", "--json").json["outputs"]["d"] == {"total": 25}


def test_an_export_never_overwrites_unasked(twingraph, write, folder, documents):
    path = write(documents.diamond())
    assert twingraph("export", path, "-o", "d.py").code == 0
    outcome = twingraph("export", path, "-o", "d.py")
    assert outcome.code != 0
    assert "d.py is there already; say --overwrite to replace it" in outcome.stderr
    assert twingraph("export", path, "-o", "d.py", "--overwrite").code == 0


def test_a_format_without_a_file_goes_to_stdout(twingraph, write, documents):
    path = write(documents.diamond())
    assert "@pipeline" in twingraph("export", path, "--format", "script").stdout
    assert json.loads(twingraph("export", path, "--format", "notebook").stdout)["nbformat"] == 4


def test_what_has_no_such_form_is_refused_and_nothing_is_written(twingraph, write, folder, documents):
    node = {"id": "a", "component": documents.source("x = eval('1')", "x")}
    outcome = twingraph("export", write({"name": "w", "nodes": [node]}), "-o", "w.py")
    assert outcome.code == 2
    assert "node 'a': `eval()` sees other names within a function" in outcome.stderr
    assert not (folder / "w.py").exists()


def test_a_program_is_exported_from_its_run(twingraph, folder):
    (folder / "p.py").write_text(
        "from twingraph_lab import component, pipeline\n\n\n@component\ndef double(x):\n    return 2 * x\n\n\n"
        "@pipeline\ndef twice(n=3):\n    return {'value': double(double(n))}\n\n\ntwice()\n"
    )
    first, _ = outputs(twingraph, "p.py")
    for form in ("py", "ipynb"):
        outcome = twingraph("export", "last", "-o", f"again.{form}")
        assert outcome.code == 0, outcome.stderr
    assert outputs(twingraph, "again.py")[0] == first == {"value": 12}
    assert outputs(twingraph, "again.ipynb")[0] == {"double-2": 12}


def with_module(folder, **changes):
    """A document in a folder of its own, and the modules that its nodes find there: one imports the other."""
    home = folder / "home"
    home.mkdir()
    (home / "flights.py").write_text("import delays\n\n\ndef load():\n    return delays.MINUTES\n")
    (home / "delays.py").write_text("MINUTES = 42\n")
    nodes = [{"id": name, "component": "flights:load"} for name in ("flights", "later")]
    document = {"version": "twingraph/1", "name": "late", "nodes": nodes, **changes}
    path = home / "workflow.twg.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_a_script_runs_whose_node_is_called_like_its_module(process, folder):
    path = with_module(folder, outputs={"minutes": {"ref": "flights"}})
    outcome = process("export", path, "-o", path.parent / "late.py")
    assert (outcome.code, outcome.stderr.splitlines()) == (0, [f"wrote {path.parent / 'late.py'}"])
    assert outputs(process, path.parent / "late.py") == ({"minutes": 42}, BOTH)


def test_a_script_is_not_written_over_or_beside_the_module_it_imports(twingraph, folder):
    path = with_module(folder)
    before = (path.parent / "flights.py").read_text()
    for target in (path.parent / "flights.py", folder / "flights.py"):
        outcome = twingraph("export", path, "-o", target, "--overwrite")
        assert outcome.code == 2
        assert "it imports the module `flights`, which would be the script itself; choose another" in outcome.stderr
    assert (path.parent / "flights.py").read_text() == before
    assert not (folder / "flights.py").exists()


@pytest.mark.parametrize("form", FORMS)
def test_an_export_to_another_folder_says_which_modules_stay_behind(process, folder, form):
    path = with_module(folder, outputs={"minutes": {"ref": "flights"}})
    there = folder / "there"
    there.mkdir()
    told = f"late.{form} needs the modules `delays`, `flights` of {path.parent.resolve()}: put a copy beside it"
    assert told in process("export", path, "-o", there / f"late.{form}").stderr
    for name in ("flights.py", "delays.py"):
        (there / name).write_text((path.parent / name).read_text())
    outcome = process("export", path, "-o", there / f"late.{form}", "--overwrite")
    assert outcome.stderr == f"wrote {there / f'late.{form}'}\n"
    assert outputs(process, there / f"late.{form}")[1] == BOTH


def test_modules_on_the_import_path_are_not_left_behind(process, folder):
    path = with_module(folder)
    environment = {**os.environ, "PYTHONPATH": str(path.parent)}
    assert process("export", path, "-o", "late.py", env=environment).stderr == "wrote late.py\n"
    assert subprocess.run([sys.executable, "late.py"], env=environment, check=False, timeout=60).returncode == 0


def test_a_run_is_exported_with_word_of_the_modules_it_found(process, folder):
    path = with_module(folder)
    assert process("run", path).code == 0
    told = process("export", "last", "-o", "late.yaml").stderr
    assert f"late.yaml needs the modules `delays`, `flights` of {path.parent.resolve()}" in told
