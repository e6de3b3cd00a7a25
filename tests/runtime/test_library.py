"""Workflows are saved under names, in versions that never change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.errors import NotFoundError, WorkflowError
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.spec.document import load

FIRST = workflow(cell("a", "result = 1"))
SECOND = workflow(cell("a", "result = 2"))
MOVED = FIRST.model_copy(update={"layout": {"a": (10.0, 20.0)}})


@pytest.fixture
def ledger(ledger_url):
    with Ledger(ledger_url) as ledger:
        yield ledger


def test_each_document_is_the_next_version(ledger):
    for number, each in enumerate((FIRST, SECOND, MOVED), 1):
        saved, new = ledger.save_workflow("etl", each)
        assert (saved.version, new, saved.digest) == (number, True, each.digest)
    assert load(ledger.saved_workflow("etl").text) == MOVED
    assert load(ledger.saved_workflow("etl", 2).text) == SECOND
    assert [saved.version for saved in ledger.saved_versions("etl")] == [3, 2, 1]


def test_the_same_document_again_is_the_same_version(ledger):
    first, _ = ledger.save_workflow("etl", FIRST)
    assert ledger.save_workflow("etl", FIRST) == (first, False)
    ledger.save_workflow("etl", SECOND)
    assert ledger.save_workflow("etl", FIRST)[0].version == 3  # going back is a step, too


def test_names_are_listed_with_their_newest_versions(ledger):
    for name in ("b", "a"):
        ledger.save_workflow(name, FIRST)
    ledger.save_workflow("b", SECOND)
    assert [(saved.name, saved.version) for saved in ledger.saved_workflows()] == [("a", 1), ("b", 2)]


def test_a_version_is_forgotten_and_its_number_stays_taken(ledger):
    for each in (FIRST, SECOND):
        ledger.save_workflow("etl", each)
    assert ledger.delete_workflow("etl", 2) == 1
    assert ledger.saved_workflow("etl").version == 1
    assert ledger.save_workflow("etl", SECOND)[0].version == 3


def test_all_versions_are_forgotten_at_once(ledger):
    for each in (FIRST, SECOND):
        ledger.save_workflow("etl", each)
    assert ledger.delete_workflow("etl") == 2
    assert ledger.saved_workflows() == []
    for missing in (ledger.saved_workflow, ledger.saved_versions, ledger.delete_workflow):
        with pytest.raises(NotFoundError, match="'etl'"):
            missing("etl")
    assert ledger.save_workflow("etl", FIRST)[0].version == 3


def test_what_is_missing_is_told_with_what_there_is(ledger):
    with pytest.raises(NotFoundError, match="none is saved yet"):
        ledger.saved_workflow("etl")
    ledger.save_workflow("etl", FIRST)
    with pytest.raises(NotFoundError, match="did you mean 'etl'"):
        ledger.saved_workflow("elt")
    with pytest.raises(NotFoundError, match="has no version 7; it has 1"):
        ledger.saved_workflow("etl", 7)


@pytest.mark.parametrize("name", ["", " ", "..", "a/b", "a\\b", "a\nb", "a\0b", "x" * 201, "\ud800"])
def test_what_cannot_be_a_name_is_refused(ledger, name):
    with pytest.raises(WorkflowError, match="can't be a name"):
        ledger.save_workflow(name, FIRST)


def test_any_other_text_is_a_name(ledger):
    for name in ("etl", "Daily report", "Ünïcödé 表", "a.b-c_d", "<script>"):
        ledger.save_workflow(name, FIRST)
        assert ledger.saved_workflow(name).name == name


def test_writers_at_the_same_time_get_versions_of_their_own(ledger):
    several = [workflow(cell("a", f"result = {number}")) for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        saved = list(pool.map(lambda each: ledger.save_workflow("etl", each)[0].version, several))
    assert sorted(saved) == list(range(1, 21))


def test_versions_are_there_in_the_next_process(ledger_url):
    with Ledger(ledger_url) as ledger:
        ledger.save_workflow("etl", FIRST)
    with Ledger(ledger_url) as ledger:
        assert load(ledger.saved_workflow("etl").text) == FIRST
        assert ledger.check() == []
