"""What can be typed after `%twingraph`."""

from __future__ import annotations

import pytest

from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends.magic_options import HelpShownError, line_options
from twingraph_lab.frontends.parameter_text import values_of


@pytest.mark.parametrize("command", ["run", "plan", "show", "fetch", "load"])
def test_every_command_has_help(command, capsys):
    with pytest.raises(HelpShownError):
        line_options().parse(f"{command} --help")
    assert f"%twingraph {command}" in capsys.readouterr().out


def test_an_unknown_command_lists_the_known():
    with pytest.raises(WorkflowError, match=r"invalid choice: 'fly'.*run"):
        line_options().parse("fly")


def test_a_run_with_parameters():
    options = line_options().parse("run a b -p n=3 -p 'name=two words' --fetch x,y")
    assert options.nodes == ["a", "b"]
    assert options.fetch == ("x", "y")
    types = {"n": "number", "name": "string"}
    assert values_of(options.parameters, types, source="") == {"n": 3, "name": "two words"}


def test_values_are_json_where_they_can_be():
    given = [("a", "[1, 2]"), ("b", "true"), ("c", "1"), ("d", "NaN"), ("e", "a=b")]
    assert values_of(given, {"c": "string"}, source="") == {"a": [1, 2], "b": True, "c": "1", "d": "NaN", "e": "a=b"}
