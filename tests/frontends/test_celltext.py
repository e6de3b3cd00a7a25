"""A cell's text says something else, and keeps whatever needn't change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twingraph_lab.frontends.cell_options import cell_of, cell_options
from twingraph_lab.frontends.celltext import CellText

BODY = "\n# what it does\ny = x + 1   # kept\n\n"


def said(text):
    found = CellText.read(text)
    return None if found is None else cell_of(cell_options().parse(found.line), found.code, "")


@pytest.mark.parametrize(
    "text",
    [
        "%%twingraph",
        "%%twingraph\n",
        "%%twingraph a --in x=b.y\nx",
        "\n  \n%%twingraph  a\t--in  x=b.y  \n\nx\n\n",
        "%%twingraph a\r\nx\r\n",
        "  %%twingraph a\n  x\n",
        "%%twingraph a --option 'image=two words' --opt=a=\"b\"\nx",
    ],
)
def test_a_text_that_is_read_is_written_as_it_was(text):
    assert str(CellText.read(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        "",
        "%%time\n%%twingraph a\nx = 1",
        "%%twingraphs a\n",
        "# %%twingraph a\n",
        "%%twingraph 'a\nx",
        "x\n%%twingraph a",
    ],
)
def test_other_cells_and_lines_that_cannot_be_read_are_left_alone(text):
    assert CellText.read(text) is None


def test_the_name_takes_the_place_of_the_name():
    assert str(CellText.read(f"%%twingraph  a  --retry 3{BODY}").named("b")) == f"%%twingraph  b  --retry 3{BODY}"
    assert str(CellText.read(f"%%twingraph --retry 3 a{BODY}").named("b")) == f"%%twingraph --retry 3 b{BODY}"
    assert str(CellText.read(f"%%twingraph --retry 3{BODY}").named("b")) == f"%%twingraph b --retry 3{BODY}"
    assert str(CellText.read("%%twingraph").named("b")) == "%%twingraph b"


def test_an_option_is_added_behind_the_others():
    text = CellText.read(f"%%twingraph a --unknown  {BODY}")
    assert str(text.saying("--in", ["x=b.y"])) == f"%%twingraph a --unknown --in x=b.y  {BODY}"
    assert str(text.saying("--after", ["b", "c"])) == f"%%twingraph a --unknown --after b,c  {BODY}"


def test_an_option_that_says_something_of_a_name_changes_where_it_stands():
    text = CellText.read(f"%%twingraph a --in x=b.y,z=b.z  --retry 3 --in=w=c{BODY}")
    assert (
        str(text.saying("--in", ["w=d", "z=b.z", "x=e.y"]))
        == f"%%twingraph a --in x=e.y,z=b.z  --retry 3 --in=w=d{BODY}"
    )


def test_what_an_option_no_longer_says_is_taken_away():
    text = CellText.read(f"%%twingraph a --in x=b.y,z=b.z  --retry 3 --in=w=c{BODY}")
    assert str(text.saying("--in", ["z=b.z"])) == f"%%twingraph a --in z=b.z  --retry 3{BODY}"
    assert str(text.saying("--in", [])) == f"%%twingraph a  --retry 3{BODY}"
    assert str(text.saying("--retry", [])) == f"%%twingraph a --in x=b.y,z=b.z --in=w=c{BODY}"


def test_an_option_with_one_value_is_replaced():
    text = CellText.read("%%twingraph a --cache inputs,ttl=1h --retry=3")
    assert str(text.saying("--cache", ["source"]).saying("--retry", ["5"])) == "%%twingraph a --cache source --retry=5"


def test_nodes_to_wait_for_keep_their_places():
    text = CellText.read("%%twingraph a --after b,c --lang python --after d")
    assert str(text.saying("--after", ["b", "e", "d"])) == "%%twingraph a --after b,e --lang python --after d"
    assert str(text.saying("--after", ["b", "d"])) == "%%twingraph a --after b,d --lang python"


def test_the_beginning_of_an_option_is_enough():
    assert (
        str(CellText.read("%%twingraph a --plat docker").saying("--platform", ["batch"]))
        == "%%twingraph a --plat batch"
    )


def test_values_are_quoted_where_they_must_be():
    text = CellText.read("%%twingraph a --option 'image=two words'")
    assert str(text.saying("--option", ["image=a b", "n=1"])) == "%%twingraph a --option 'image=a b' --option n=1"


def test_code_replaces_what_stands_below_the_line():
    assert str(CellText.read(f"%%twingraph a  {BODY}").coded("z = 2\n")) == "%%twingraph a  \nz = 2"
    assert str(CellText.new("two", "x = 1\n")) == "%%twingraph two\nx = 1"
    assert CellText.read("%%twingraph a\n\nx = 1").code == "\nx = 1"


NAMES = st.from_regex(r"[a-z]{1,3}", fullmatch=True)
SOURCES = st.dictionaries(NAMES, NAMES, max_size=4)
SPACE = st.sampled_from([" ", "  ", "\t"])


@given(before=SOURCES, after=SOURCES, space=SPACE, together=st.booleans(), other=st.sampled_from(["", "--retry 2"]))
def test_whatever_stood_there_the_line_says_what_is_wanted(before, after, space, together, other):
    pairs = [f"{name}={source}" for name, source in before.items()]
    options = [f"--in {','.join(pairs)}"] if together and pairs else [f"--in={pair}" for pair in pairs]
    text = space.join(["%%twingraph n", *options[:1], other, *options[1:]]) + BODY
    made = str(CellText.read(text).saying("--in", [f"{name}={source}" for name, source in after.items()]))
    assert said(made).given == after
    assert said(made).options == said(text).options
    assert made.endswith(BODY)
