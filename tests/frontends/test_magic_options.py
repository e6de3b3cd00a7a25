"""What can be typed after the magics."""

from __future__ import annotations

import pytest

from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends.magic_options import HelpShownError, cell_of, cell_options, line_options, typed


def cell(line):
    return cell_of(cell_options().parse(line), "x = 1", "id")


def test_a_bare_cell():
    made = cell("")
    assert (made.code, made.name, made.given, made.keep, made.options) == ("\nx = 1\n", "", {}, (), {})


def test_every_option_of_a_cell():
    made = cell(
        "clean --in rows=load.rows,n=load.n --in m=load --out a,b --platform docker --option image=tg/python "
        "--option 'gpus=[1]' --retry 2 --timeout 1.5m --cache inputs --after x,y --resources gpu=1,memory=2e9"
    )  # fmt: skip
    assert made.name == "clean"
    assert made.given == {"rows": "load.rows", "n": "load.n", "m": "load"}
    assert made.keep == ("a", "b")
    assert made.options == {
        "platform": {"kind": "docker", "options": {"image": "tg/python", "gpus": [1]}},
        "retry": {"attempts": 3},
        "timeout_s": 90,
        "cache": {"mode": "inputs"},
        "after": ("x", "y"),
        "resources": {"gpu": 1, "memory": 2e9},
    }


def test_options_of_a_platform_need_no_name():
    assert cell("--option a=1").options["platform"] == {"kind": "local", "options": {"a": 1}}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--nothing", "unrecognized arguments: --nothing"),
        ("a b", "unrecognized arguments: b"),
        ("--in rows", "'rows' is not of the form NAME=VALUE"),
        ("--timeout soon", "'soon' is not a time like 30"),
        ("--retry x", "invalid int value"),
        ("--resources gpu=many", "'gpu=many' is not of the form NAME=NUMBER"),
        ("--cache sometimes", "invalid choice"),
        ("--out 'a", "no closing quotation"),
    ],
)
def test_a_mistake_is_told_with_the_usage(line, message):
    with pytest.raises(WorkflowError, match="%%twingraph: 1 fault") as raised:
        cell_options().parse(line)
    assert message in str(raised.value)


def test_help_does_not_end_the_process(capsys):
    with pytest.raises(HelpShownError):
        cell_options().parse("--help")
    assert "--retry N" in capsys.readouterr().out


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
    assert typed(options.parameters, types) == {"n": 3, "name": "two words"}


def test_values_are_json_where_they_can_be():
    given = [("a", "[1, 2]"), ("b", "true"), ("c", "1"), ("d", "NaN"), ("e", "a=b")]
    assert typed(given, {"c": "string"}) == {"a": [1, 2], "b": True, "c": "1", "d": "NaN", "e": "a=b"}
