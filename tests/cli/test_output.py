"""Tables for terminals of any width."""

from __future__ import annotations

import pytest
from rich.console import Console

from twingraph_lab.cli import output

ROWS = [["flights", "", "it has never run before and is large"], ["a-node-with-a-long-name", "", "cached"]]


@pytest.fixture
def printed(monkeypatch, capsys):
    """The lines of a table of `ROWS` on a terminal of this width."""

    def lines(width, **options):
        monkeypatch.setattr(output, "console", lambda: Console(width=width, highlight=False, markup=False))
        output.print_rows(["node", "time", "what"], ROWS, **options)
        return capsys.readouterr().out.splitlines()

    return lines


def test_a_wide_terminal_shows_all_but_the_columns_without_content(printed):
    assert printed(200) == [
        "node                     what",
        "flights                  it has never run before and is large",
        "a-node-with-a-long-name  cached",
    ]


def test_in_a_narrow_one_wide_columns_give_way_and_the_last_is_cut_off(printed):
    assert printed(48) == [
        "node              what",
        "flights           it has never run before and i…",
        "a-node-with-a-l…  cached",
    ]


def test_the_last_column_may_go_on_below(printed):
    assert printed(48, wrap=True)[1:3] == [
        "flights           it has never run before and is",
        "                  large",
    ]
