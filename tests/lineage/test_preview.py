"""Previews: bounded, and without secrets."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twingraph_lab.lineage.preview import Secrets, bounded, secret_name, without_literals

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES, st.integers(1, 300))
def test_a_preview_is_never_longer_than_asked_and_whole_if_it_fits(value, limit):
    text = bounded(value, limit)

    assert len(text) <= limit
    assert text.endswith("…") or len(bounded(value, 10**6)) <= limit


def test_a_preview_of_a_huge_value_looks_at_little_of_it():
    class Watched(list):
        seen = 0

        def __iter__(self):
            for item in super().__iter__():
                Watched.seen += 1
                yield item

    bounded(Watched(["x" * 100] * 100_000), 1000)

    assert Watched.seen < 20


def test_an_integer_too_long_to_write_is_described():
    assert bounded(1 << 20_000) == "<integer of 20001 bits>"


@pytest.mark.parametrize(
    "name", ["password", "DB_PASSWORD", "apiKey", "aws_secret_access_key", "auth_token", "Authorization"]
)
def test_names_of_secrets_are_known(name):
    assert secret_name(name)


@pytest.mark.parametrize(
    "name", ["max_tokens", "token_count", "key", "passenger", "secretary", "monkey", "primary_key"]
)
def test_names_that_only_look_like_it_are_not_taken_for_secrets(name):
    assert not secret_name(name)


@pytest.mark.parametrize(
    "travelling", [str, repr, quote, quote_plus, json.dumps, lambda text: base64.b64encode(text.encode()).decode()]
)
def test_a_known_secret_is_hidden_in_every_form_it_travels_in(travelling):
    secret = "p@ss wörd/1'\"2"
    hidden = Secrets().also([{"nested": [{"password": secret}]}]).hide(f"before {travelling(secret)} after")

    assert secret not in hidden
    assert hidden.replace("'", "").replace('"', "").replace("=", "") == "before *** after"


def test_a_secret_at_the_end_of_a_preview_is_not_cut_in_two():
    secrets = Secrets().also([{"password": "abcdefghij"}])

    for limit in range(1, 40):
        assert "abcd" not in secrets.preview(["x" * 5, "abcdefghij"], limit)


def test_references_to_secrets_stay():
    secrets = Secrets().also([{"password": "secret://db"}])

    assert secrets.preview({"password": "secret://db"}) == "{'password': 'secret://db'}"


def test_text_that_no_database_takes_is_made_takeable():
    assert Secrets().hide("a\ud800b") == "a?b"


def test_literals_assigned_to_secret_names_are_hidden_in_source():
    code = 'API_KEY = "sk-1"\nconnect(password=\'x"y\', user="me")\nlimit_tokens = "5"\n{"token": "t"}'

    assert (
        without_literals(code)
        == 'API_KEY = "***"\nconnect(password=\'***\', user="me")\nlimit_tokens = "5"\n{"token": "***"}'
    )
