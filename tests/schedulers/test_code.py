from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path

import pytest

from twingraph_lab.planning.context import RunContext
from twingraph_lab.planning.plan import plan
from twingraph_lab.schedulers.code import survey
from twingraph_lab.spec.workflow import Builtin, Node, Pickled, PlatformSpec, PythonFunction, Source, Workflow


@pytest.fixture
def project(tmp_path):
    """Writes files of a project, and asks for the code of a component in it."""

    class Project:
        root = tmp_path

        def write(self, **files):
            for name, text in files.items():
                path = tmp_path / f"{name.replace('__in__', '/')}.py"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)

        def code(self, component, **inputs):
            return survey(component, task(component, **inputs), self.context).code

        def environment(self, component, **fields):
            return survey(component, task(component, **fields), self.context).environment

        context = RunContext(cwd=str(tmp_path), sys_path=(str(tmp_path / "lib"), str(tmp_path)))

    (tmp_path / "lib").mkdir()
    return Project()


def task(component, platform="local", **inputs):
    node = Node(id="a", component=component, inputs=inputs, platform=platform)
    return plan(Workflow(name="w", nodes=(node,))).tasks["a"]


def cell(code, **more):
    return Source(code=code, **more)


def test_a_cell_is_its_code_and_its_setup(project):
    assert set(project.code(cell("x = 1"))) == {"cell"}
    assert set(project.code(cell("x = f()", setup="def f(): return 1"))) == {"cell", "setup"}
    one, other = (project.code(cell("x = f()", setup=f"def f(): return {n}")) for n in (1, 2))
    assert one["cell"] == other["cell"]
    assert one["setup"] != other["setup"]


def test_comments_and_layout_do_not_count(project):
    assert project.code(cell("x = [1,\n  2]  # why")) == project.code(cell("# what\nx = [1, 2]\n"))
    assert project.code(cell("x = 1")) != project.code(cell("x = True"))


def test_what_is_not_python_counts_as_it_is(project):
    one, other = cell("x <- 1", language="r"), cell("x <-  1", language="r")
    assert survey(one, task(cell("")), project.context).code != survey(other, task(cell("")), project.context).code
    assert project.code(cell("x = (")) != project.code(cell("x = ( "))


def test_modules_count_as_far_as_they_are_imported(project):
    project.write(
        helpers="import deeper\nfrom pkg import sub\n",
        deeper="x = 1",
        unused="x = 1",
        pkg__in____init__="from . import other\n",
        pkg__in__sub="from .inner.leaf import x\n",
        pkg__in__other="",
        pkg__in__unused="",
        pkg__in__inner__in____init__="",
        pkg__in__inner__in__leaf="x = 1",
        lib__in__helped="",
        space__in__part="",
    )
    found = project.code(cell("import helpers, helped, json\nif x:\n    import space.part"))
    assert set(found) == {
        "cell",
        "helpers.py",
        "deeper.py",
        "helped.py",
        "space/part.py",
        "pkg/__init__.py",
        "pkg/sub.py",
        "pkg/other.py",
        "pkg/inner/__init__.py",
        "pkg/inner/leaf.py",
    }


def test_the_import_path_decides_between_modules_of_one_name(project):
    project.write(lib__in__twice="x = 1", twice="x = 2")
    first = project.code(cell("import twice"))
    project.write(twice="x = 3")
    assert project.code(cell("import twice")) == first
    project.write(lib__in__twice="x = 4")
    assert project.code(cell("import twice")) != first


def test_modules_that_import_each_other_and_long_chains_come_to_an_end(project):
    project.write(one="import two", two="import one")
    project.write(**{f"m{n}": f"import m{n + 1}" for n in range(1500)})
    assert set(project.code(cell("import one"))) == {"cell", "one.py", "two.py"}
    assert len(project.code(cell("import m0"))) == 1501


def test_an_edit_is_seen_and_so_is_a_module_that_was_missing(project):
    before = project.code(cell("import helpers"))
    assert set(before) == {"cell"}
    project.write(helpers="x = 1")
    first = project.code(cell("import helpers"))
    assert set(first) == {"cell", "helpers.py"}
    project.write(helpers="x = 2")
    assert project.code(cell("import helpers"))["helpers.py"] != first["helpers.py"]
    project.write(helpers="x = 1  # as it was")
    assert project.code(cell("import helpers")) == first


def test_modules_imported_by_a_literal_name_count(project):
    project.write(helpers="", other="")
    code = "import importlib\nimportlib.import_module('helpers'); __import__('other'); importlib.import_module(name)"
    assert set(project.code(cell(code))) == {"cell", "helpers.py", "other.py"}


def test_a_relative_literal_name_counts_too(project):
    project.write(
        pkg__in____init__="import importlib\nimportlib.import_module('.deep', __name__)\n", pkg__in__deep="x = 1"
    )
    assert set(project.code(cell("import pkg"))) == {"cell", "pkg/__init__.py", "pkg/deep.py"}


def test_a_star_may_stand_for_any_module_of_a_package(project):
    project.write(pkg__in____init__="__all__ = ['deep']", pkg__in__deep="x = 1", pkg__in__deeper__in____init__="")
    everything = {"cell", "pkg/__init__.py", "pkg/deep.py", "pkg/deeper/__init__.py"}
    assert set(project.code(cell("from pkg import *"))) == everything
    project.write(mod="x = 1")
    assert set(project.code(cell("from mod import *"))) == {"cell", "mod.py"}


def test_a_project_that_is_installed_editable_counts_wherever_it_is(project, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "mine"
    elsewhere.mkdir()
    (elsewhere / "__init__.py").write_text("from mine import deep")
    (elsewhere / "deep.py").write_text("x = 1")

    class Finder:
        """As setuptools writes one."""

        @staticmethod
        def find_spec(name, path=None, target=None):
            file = elsewhere / "__init__.py"
            return importlib.util.spec_from_file_location(name, file) if name == "mine" else None

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    first = project.code(cell("import mine"))
    assert set(first) == {"cell", "mine/__init__.py", "mine/deep.py"}
    (elsewhere / "deep.py").write_text("x = 22")
    assert project.code(cell("import mine")) != first


def test_a_file_is_read_again_even_if_its_time_was_put_back(project):
    project.write(helper="x = 1")
    file = project.root / "helper.py"
    first, before = project.code(cell("import helper")), file.stat()
    file.write_text("x = 2")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert project.code(cell("import helper")) != first


def test_an_imported_function_is_its_definition_and_its_module(project):
    project.write(
        mod="from helpers import h\ndef f(): return h()\nclass C:\n    def g(self): return 1\n", helpers="h = 1"
    )
    first = project.code(PythonFunction(ref="mod:f"))
    assert set(first) == {"mod:f", "mod.py", "helpers.py"}
    assert first["mod:f"] != project.code(PythonFunction(ref="mod:C.g"))["mod:C.g"]
    project.write(mod="from helpers import h\ndef f(): return h()\nx = 1\n")
    edited = project.code(PythonFunction(ref="mod:f"))
    assert edited["mod:f"] == first["mod:f"]
    assert edited["mod.py"] != first["mod.py"]


def test_the_installation_is_no_part_of_the_project(project):
    inside = project.root / ".venv" / "lib" / "python3" / "site-packages"
    inside.mkdir(parents=True)
    (inside / "installed.py").write_text("x = 1")
    context = RunContext(cwd=str(project.root), sys_path=(str(inside),))
    component = cell("import installed, twingraph_lab")
    assert set(survey(component, task(component), context).code) == {"cell"}
    here = RunContext(cwd=str(Path(__file__).parents[2]))
    assert set(survey(component, task(component), here).code) == {"cell"}


def test_a_pickled_function_is_its_digest_and_the_modules_it_refers_to(project):
    project.write(helpers="x = 1", other="x = 1")
    component = Pickled(
        name="f", data="AAAA", source="def f(): import other", digest="sha256:1", modules=("helpers", "re")
    )
    assert project.code(component) | {"other.py": "", "helpers.py": ""} == {
        "f": "sha256:1",
        "helpers.py": "",
        "other.py": "",
    }


def test_a_pickled_function_without_a_digest_cannot_be_known(project):
    assert project.code(Pickled(name="f", data="AAAA", source="def f(): return x")) == {"f": ""}


def notebook(path, *cells, **metadata):
    made = [{"cell_type": "code", "source": code, "metadata": metadata, "outputs": []} for code in cells]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}))


def test_a_notebook_is_its_code_cells_and_what_they_import(project):
    project.write(helpers="x = 1")
    file = project.root / "report.ipynb"
    notebook(file, "%matplotlib inline\nimport helpers", "x = 1")
    first = project.code(Builtin(name="notebook"), path="report.ipynb")
    assert set(first) == {"notebook", "report.ipynb", "helpers.py"}
    document = json.loads(file.read_text())
    document["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "1"}]
    document["cells"].append({"cell_type": "markdown", "source": "# Title", "metadata": {}})
    file.write_text(json.dumps(document))
    assert project.code(Builtin(name="notebook"), path={"value": "report.ipynb"}) == first
    notebook(file, "%matplotlib inline\nimport helpers", "x = 2")
    assert project.code(Builtin(name="notebook"), path="report.ipynb") != first
    notebook(file, "%matplotlib inline\nimport helpers", "x = 1", tags=["output"])
    assert project.code(Builtin(name="notebook"), path="report.ipynb") != first


def test_a_notebook_that_cannot_be_known_has_no_digest(project):
    assert project.code(Builtin(name="notebook"), path="missing.ipynb")["missing.ipynb"] == ""
    assert project.code(Builtin(name="notebook"), path={"value": 3})["path"] == ""


def test_other_built_ins_are_their_name_and_version(project):
    (found,) = project.code(Builtin(name="http"), url="x").items()
    assert found[0] == "http"
    assert found[1].startswith("twingraph-lab ")


def test_the_environment_has_what_the_code_imports_itself(project):
    project.write(helpers="import yaml, sys")
    found = project.environment(cell("import pandas as pd, helpers, os"))
    assert set(found) == {"python", "platform", "pandas", "pyyaml"}
    assert found["python"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert found["platform"] == "local"
    assert set(project.environment(cell("x = 1"))) == {"python", "platform"}


def test_a_platform_counts_with_its_options_and_its_image_stands_for_packages(project):
    platform = PlatformSpec(kind="docker", options={"image": "python:3.12"})
    component = cell("import pandas")
    made = plan(Workflow(name="w", nodes=(Node(id="a", component=component),))).tasks["a"]
    import dataclasses

    found = survey(component, dataclasses.replace(made, platform=platform), project.context).environment
    assert found["platform"] == 'docker {"image":"python:3.12"}'
    assert "pandas" not in found


def install(folder, name, version, *files):
    for old in folder.glob(f"{name}-*.dist-info"):
        old.rename(old.with_name(f"{name}-{version}.dist-info"))
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))


def test_a_distribution_is_found_by_what_it_installs(project):
    site = project.root / "site-packages"
    install(site, "My_Tool", "1.0", "my_tool/__init__.py")
    install(site, "Provider", "2.0", "given.py")
    install(site, "Half-One".replace("-", "_"), "3.0", "spread/one/__init__.py")
    install(site, "half_two", "4.0", "spread/two/__init__.py")
    context = RunContext(cwd=str(project.root), sys_path=(str(site),))
    component = cell("import my_tool, given, spread.one, nowhere")
    found = survey(component, task(component), context).environment
    assert {name: found[name] for name in found if name not in ("python", "platform")} == {
        "my-tool": "1.0",
        "provider": "2.0",
        "half-one": "3.0",
        "half-two": "4.0",
    }
    install(site, "Provider", "2.1", "given.py")
    assert survey(component, task(component), context).environment["provider"] == "2.1"
