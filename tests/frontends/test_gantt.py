"""Charts of runs, as SVG and in block characters."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from tests.stories import FAILURE, Story
from twingraph_lab.frontends import gantt_svg, gantt_text
from twingraph_lab.frontends.gantt import LIMIT, at_once, chart, ticks

HOSTILE = "<script>alert('x')</script>"


def story():
    """Ten seconds of everything."""
    told = Story(load=[], clean=["load"], flaky=["load"], bad=["clean"], late=["bad"], old=[])
    told.begins(0).completes("old", 0.5, cached_from="r0/old").starts("load", 1).completes("load", 3, wall_s=1.9)
    told.starts("flaky", 3).retries("flaky", 4).starts("flaky", 5, attempt=2).completes("flaky", 7, wall_s=2)
    return told.starts("clean", 4).completes("clean", 6, wall_s=2).starts("bad", 6).fails("bad", 10).ends(10, "failed")


def many(count, workers=8):
    told = Story(**{f"n{i}": [] for i in range(count)}).begins(0)
    for i in range(count):
        started = i // workers
        told.starts(f"n{i}", started)
        told.fails(f"n{i}", started + 1) if i == 500 else told.completes(f"n{i}", started + 1, wall_s=1)
    return told.ends(count // workers + 1)


def texts(svg):
    return ["".join(element.itertext()) for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_the_picture_names_every_node_with_symbol_and_time():
    svg = gantt_svg.svg(story().told(), "flights")
    found = texts(svg)
    assert [name for name in found if name in story().tasks] == ["old", "load", "flaky", "clean", "bad"]
    assert {"✓", "✗", "⇉", "↻", "1.9 s", "4.0 s", "reused"} <= set(found)
    assert {"completed", "failed", "failed attempt, tried again", "outputs reused, not run", "waits for its turn"} <= {
        *found
    }
    assert "1 node not begun" in found


def test_the_picture_needs_nothing_from_outside_and_follows_the_theme():
    svg = gantt_svg.svg(story().told())
    assert not re.search(r"<style|<script|href|url\(|class=", svg)
    assert 'fill="currentColor"' in svg
    assert "#000" not in svg


def test_what_users_write_is_escaped():
    told = Story(a=[]).begins(0).starts("a", 1).fails("a", 2, FAILURE.model_copy(update={"message": HOSTILE})).ends(2)
    svg = gantt_svg.svg(told.told(), HOSTILE)
    ET.fromstring(svg)
    assert "<script" not in svg


def test_nothing_is_drawn_before_anything_began():
    assert gantt_svg.svg(Story(a=[]).told()) == ""
    assert gantt_text.lines(Story(a=[]).told(), 80) == []


def test_of_very_many_nodes_the_telling_ones_have_rows_and_the_rest_is_counted():
    whole = many(1000).told()
    drawn = chart(whole)
    assert (len(drawn.lanes), len(drawn.others)) == (LIMIT, 1000 - LIMIT)
    assert "n500" in {lane.name for lane in drawn.lanes}
    assert "… 950 more" in texts(gantt_svg.svg(whole))
    assert any("… 950 more" in line for line in gantt_text.plain(whole, 100).splitlines())


def test_one_node_too_many_gets_a_row_rather_than_a_line_about_it():
    assert not chart(many(LIMIT + 1).told()).others


def test_a_chart_of_a_thousand_nodes_is_small():
    svg = gantt_svg.svg(many(1000).told())
    assert len(svg) < 100_000


def test_how_many_run_at_once_adds_up_to_their_time():
    whole = many(80).told()
    counts = at_once(whole.lanes, whole, whole.active_s, 22)
    assert sum(counts) * whole.active_s / 22 == pytest.approx(80)
    assert max(counts) == pytest.approx(8)


def test_a_resumed_run_shows_where():
    told = Story(a=[], b=[]).begins(0).starts("a", 0).completes("a", 5).begins(7200, epoch=2)
    whole = told.starts("b", 7201).completes("b", 7205).ends(7205).told()
    assert "resumed after 1 h 59 min" in texts(gantt_svg.svg(whole))
    assert "resumed after 1 h 59 min" in gantt_text.plain(whole, 80)


@pytest.mark.parametrize("width", [30, 60, 90, 200])
def test_lines_fit_the_width(width):
    assert max(map(len, gantt_text.plain(story().told(), width).splitlines())) <= width


def test_lines_tell_waiting_attempts_and_reuse_apart():
    axis, old, load, flaky, clean, bad = gantt_text.plain(story().told(), 70).splitlines()
    assert axis.split()[0] == "0"
    assert re.fullmatch(r"⇉ old +⇉ +reused", old)
    assert re.fullmatch(r"✓ load +·+█+.? +1.9 s", load)
    assert re.fullmatch(r"✓ flaky +░+·+█+.? +2.0 s", flaky)
    assert re.fullmatch(r"✓ clean +·+█+.? +2.0 s", clean)
    assert re.fullmatch(r"✗ bad +█+.? +4.0 s", bad)


def test_a_running_node_reaches_until_now():
    whole = Story(a=[]).begins(0).starts("a", 1).told(now=10)
    assert re.search(r"● a +·+▒+ +9.0 s$", gantt_text.plain(whole, 60))
    assert "●" in texts(gantt_svg.svg(whole))


@pytest.mark.parametrize("length_s", [1e-3, 0.05, 0.9, 1, 7, 59, 61, 4000, 90_000, 10**7])
def test_there_are_some_round_times_on_the_axis_but_not_many(length_s):
    found = ticks(length_s)
    assert 2 <= len(found) <= 9
    assert found[-1] <= length_s * 1.001
