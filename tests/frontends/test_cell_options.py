"""What can be typed after `%%twingraph`."""

from __future__ import annotations

import pytest

from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends.cell_options import cell_of, cell_options
from twingraph_lab.frontends.magic_options import HelpShownError
from twingraph_lab.spec.workflow import CachePolicy


def cell(line):
    return cell_of(cell_options().parse(line), "x = 1", "id")


def test_a_bare_cell():
    made = cell("")
    assert (made.code, made.name, made.given, made.keep, made.options) == ("\nx = 1\n", "", {}, (), {})


def test_every_option_of_a_cell():
    made = cell(
        "clean --in rows=load.rows,n=load.n --in m=load --out a,b --out c --platform docker --option image=tg/python "
        "--option 'gpus=[1,2]' --retry 2 --timeout 1.5m --cache inputs,ttl=1d --after x,y --resources gpu=1,memory=2e9 "
        "--lang python"
    )  # fmt: skip
    assert made.name == "clean"
    assert made.given == {"rows": "load.rows", "n": "load.n", "m": "load"}
    assert made.keep == ("a", "b", "c")
    assert made.options == {
        "platform": {"kind": "docker", "options": {"image": "tg/python", "gpus": [1, 2]}},
        "retry": {"attempts": 3},
        "timeout_s": 90,
        "cache": CachePolicy(mode="inputs", ttl_s=86400),
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
        ("--in rows", "--in: 'rows' is not of the form NAME=VALUE"),
        ("--timeout soon", "--timeout: 'soon' is not a time like 30"),
        ("--retry x", "--retry: 'x' is not a whole number"),
        ("--retry -1", "--retry: '-1' is not a whole number"),
        ("--resources gpu=many", "--resources: 'gpu=many' is not of the form NAME=NUMBER"),
        ("--cache sometimes", "--cache: 'sometimes' is no part of a cache policy"),
        ("--lang r", "--lang: cells in 'r' aren't available yet in this version; only python is"),
        ("--out 'a", "no closing quotation"),
    ],
)
def test_a_mistake_is_told_with_the_usage(line, message):
    with pytest.raises(WorkflowError, match="%%twingraph: 1 fault") as raised:
        cell_options().parse(line)
    assert message in str(raised.value)


def test_all_mistakes_are_told_at_once():
    with pytest.raises(WorkflowError, match="%%twingraph: 4 faults") as raised:
        cell_options().parse("a --retry x --lang julia --cache ttl=soon --frob")
    for part in ("--frob", "--retry", "--lang", "--cache"):
        assert part in str(raised.value)


def test_help_does_not_end_the_process(capsys):
    with pytest.raises(HelpShownError):
        cell_options().parse("--help")
    assert "--retry N" in capsys.readouterr().out
