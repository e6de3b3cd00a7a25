"""What nodes wrote, page by page."""

from __future__ import annotations

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.errors import NotFoundError
from twingraph_lab.frontends.inspection.logs import log_page

CHATTY = (
    "import logging\nfrom twingraph_lab.logs import get_logger\n"
    "for n in range(30):\n    print('line', n)\n"
    "get_logger('mine').warning('careful\\nwith two lines', extra={'n': 1})\nlogging.getLogger('x').error('bad')"
)


@pytest.fixture
def run(inline):
    made = workflow(cell("a", f"{CHATTY}\nresult = 1"), cell("b", "print('\\x1b[31mred\\x1b[0m <b>')", after=("a",)))
    run = inline.submit(made)
    run.wait(60)
    return run


def texts(page):
    return [line.text for line in page.lines]


def every_page(lab, run, **asked):
    page = log_page(lab, run.id, **asked)
    pages = [page]
    while page.more:
        page = log_page(lab, run.id, **{**asked, "after": page.after})
        pages.append(page)
    return pages


def test_lines_come_in_order_with_where_they_are_from(inline, run):
    page = log_page(inline, run.id)
    assert texts(page)[:30] == [f"line {n}" for n in range(30)]
    assert {(line.node, line.attempt, line.stream) for line in page.lines[:30]} == {("a", 1, "stdout")}
    assert (page.lines[-1].node, page.more) == ("b", False)
    assert [line.seq for line in page.lines] == sorted(line.seq for line in page.lines)


def test_pages_go_on_where_the_last_one_ended_and_lose_nothing(inline, run):
    pages = every_page(inline, run, limit=1)
    assert len(pages) > 1
    assert [text for page in pages for text in texts(page)] == texts(log_page(inline, run.id))
    assert log_page(inline, run.id, after=pages[-1].after).lines == ()
    assert log_page(inline, run.id, after=pages[-1].after).after == pages[-1].after


def test_one_node_or_a_level_can_be_asked_for(inline, run):
    assert texts(log_page(inline, run.id, node="b")) == ["red <b>"]
    warnings = log_page(inline, run.id, level="warning")
    assert [(line.level, line.text.splitlines()) for line in warnings.lines] == [
        ("WARNING", ["mine: careful", "with two lines"]),
        ("ERROR", ["x: bad"]),
    ]
    assert warnings.lines[0].fields["n"] == 1
    assert texts(log_page(inline, run.id, level="ERROR")) == ["x: bad"]


def test_what_there_is_not_is_named(inline, run):
    with pytest.raises(NotFoundError, match="no level 'loud'"):
        log_page(inline, run.id, level="loud")
    with pytest.raises(NotFoundError, match="no node 'c'"):
        log_page(inline, run.id, node="c")
    with pytest.raises(NotFoundError, match="no run"):
        log_page(inline, "nowhere")
