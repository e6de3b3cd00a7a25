"""Source, signature and history of components, without importing them."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from twingraph_lab.lineage.provenance import describe, git_state, module_file
from twingraph_lab.spec.workflow import Builtin, Node, Pickled, PythonFunction, Source

LATER = datetime.now(UTC) + timedelta(days=1)
MODULE = '''raise RuntimeError("imported!")


class Shop:
    @staticmethod
    def buy(item: str, /, count=1, *rest, price: float = 2.5, **more) -> list[str]:
        """Buy."""
        return [item] * count


if True:

    @decorated(
        "over lines"
    )
    async def sell(item):
        return item
'''


@pytest.fixture
def places(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("raise RuntimeError('imported!')")
    (tmp_path / "shop" / "trade.py").write_text(MODULE)
    return [str(tmp_path)]


def code(ref, places, before=LATER):
    return describe(Node(id="n", component=PythonFunction(ref=ref)), PythonFunction(ref=ref), places, before)


def test_a_function_is_read_from_its_file_and_not_imported(places):
    found = code("shop.trade:sell", places)

    assert found.name == "sell"
    assert found.source == "async def sell(item):\n    return item"
    assert found.component == "python:shop.trade:sell"


def test_signature_and_argument_specification_are_those_of_inspect(places):
    found = code("shop.trade:Shop.buy", places)

    assert found.source.startswith("def buy(")
    assert found.signature == "(item: str, /, count=1, *rest, price: float=2.5, **more) -> list[str]"
    assert found.arguments == (
        "FullArgSpec(args=['item', 'count'], varargs='rest', varkw='more', defaults=('1',), kwonlyargs=['price'], "
        "kwonlydefaults={'price': '2.5'}, annotations={'item': 'str', 'price': 'float'})"
    )


def test_a_file_that_changed_after_the_run_was_asked_for_says_nothing(places):
    assert code("shop.trade:sell", places, datetime(2020, 1, 1, tzinfo=UTC)).source == ""


@pytest.mark.parametrize(
    "ref", ["shop.trade:nobody", "shop.nothing:f", "nowhere:f", "__main__:f", "math:sin", "sys:exit"]
)
def test_what_cant_be_read_is_named_and_nothing_more(places, ref):
    found = code(ref, places)

    assert (found.name, found.source, found.signature) == (ref.rpartition(":")[2], "", "")
    assert found.code_hash == code(ref, places).code_hash


def test_the_hash_of_code_changes_with_the_code(places, tmp_path):
    before = code("shop.trade:sell", places).code_hash
    (tmp_path / "shop" / "trade.py").write_text(MODULE.replace("return item\n", "return [item]\n"))

    assert code("shop.trade:sell", places).code_hash != before


def test_a_cell_is_named_after_its_node_and_shows_what_goes_in_and_out():
    cell = Source(code="y = x + 1", outputs=("y",))
    found = describe(Node(id="add", component=cell, inputs={"x": 1}), cell, [], LATER)

    assert (found.name, found.source, found.signature) == ("add", "y = x + 1", "(x) -> (y)")


def test_a_pickled_function_shows_the_source_it_came_with():
    pickled = Pickled(name="outer.<locals>.double", data="…", source="    def double(x):\n        return 2 * x\n")
    found = describe(Node(id="n", component=pickled), pickled, [], LATER)

    assert (found.name, found.signature) == ("double", "(x)")


def test_a_builtin_is_just_a_name():
    found = describe(Node(id="n", component="http"), Builtin(name="http"), [], LATER)

    assert (found.name, found.component, found.source) == ("http", "builtin:http", "")


def test_a_module_is_found_along_the_path_without_importing_its_package(places, tmp_path):
    assert module_file("shop.trade", places) == tmp_path / "shop" / "trade.py"
    assert module_file("shop", places) == tmp_path / "shop" / "__init__.py"


def git(folder, *arguments, author="Ada"):
    identity = ["-c", f"user.name={author}", "-c", f"user.email={author}@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


def test_history_is_the_commits_that_the_functions_lines_are_from(places, tmp_path):
    git(tmp_path, "init", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "open the shop")
    (tmp_path / "shop" / "trade.py").write_text(MODULE.replace("return item\n", "return [item]\n"))
    git(tmp_path, "commit", "-am", "sell lists", author="Bob")

    sold = code("shop.trade:sell", places).history.splitlines()
    bought = code("shop.trade:Shop.buy", places).history.splitlines()

    assert [line.partition(" ")[2].partition(" ")[2] for line in sold] == ["Ada: open the shop", "Bob: sell lists"]
    assert [line.rpartition(" ")[2] for line in bought] == ["shop"]


def test_the_state_of_a_repository_is_commit_branch_and_whether_files_changed(places, tmp_path):
    git(tmp_path, "init", "-b", "trunk")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    clean = git_state(str(tmp_path / "shop"))
    (tmp_path / "shop" / "trade.py").write_text("changed")
    dirty = git_state(str(tmp_path))

    assert (clean["branch"], clean["dirty"], len(str(clean["commit"]))) == ("trunk", False, 40)
    assert dirty == {**clean, "dirty": True}


def test_without_a_repository_or_without_git_nothing_is_known(tmp_path, monkeypatch):
    assert git_state(str(tmp_path)) == {}
    monkeypatch.setenv("PATH", "")
    assert git_state(str(tmp_path)) == {}
