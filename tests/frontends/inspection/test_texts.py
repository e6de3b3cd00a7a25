"""Text of others: nothing in it hides or rearranges what a reader sees."""

from __future__ import annotations

import pytest

from twingraph_lab.frontends.inspection.texts import decoded, shown, visible


def test_plain_text_stays_as_it_is():
    text = "Grüße, 世界 🎉\n\tindented — “quoted”"
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\x00b", "a␀b"),
        ("\x1b[2Jgone", "␛[2Jgone"),
        ("over\rwritten", "over␍written"),
        ("back\x08", "back␈"),
        ("\x7f\x85", "␡\\x85"),
        ("admin\u202etxt.exe", "admin\\u202etxt.exe"),
        ("one\u2028two", "one\\u2028two"),
        ("half \ud83d", "half \\ud83d"),
    ],
)
def test_what_could_deceive_is_seen(text, seen):
    assert visible(text) == seen


def test_windows_line_ends_are_line_ends():
    assert visible("a\r\nb") == "a\nb"


def test_long_text_is_cut_and_says_so():
    assert shown("abcdef", 4) == ("abcd", True)
    assert shown("abcd", 4) == ("abcd", False)


def test_a_character_cut_in_two_is_left_out():
    data = "naïve".encode()
    assert decoded(data[:3], whole=False) == "na"
    assert decoded(data[:3], whole=True) is None
    assert decoded(b"\xff\xfe\xfd", whole=False) is None
