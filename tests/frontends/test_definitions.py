"""What a cell defines, and the text that makes it anew."""

from __future__ import annotations

import pytest

from twingraph_lab.frontends.definitions import defines_only, definitions_of

TEXTS = {
    "an import": ("import pandas as pd, os", {"pd": "import pandas as pd", "os": "import os"}),
    "submodules": ("import a.b\nimport a.c", {"a": "import a.b\nimport a.c"}),
    "from a module": ("from math import pi as p, e", {"p": "from math import pi as p", "e": "from math import e"}),
    "imported again": ("from a import f\nfrom b import f", {"f": "from a import f\nfrom b import f"}),
    "a function": ("x = 1\ndef f():\n    return 1\ny = f()", {"f": "def f():\n    return 1"}),
    "an async function": ("async def f(): ...", {"f": "async def f(): ..."}),
    "with decorators": ("@a\n@b(1)\ndef f(): ...", {"f": "@a\n@b(1)\ndef f(): ..."}),
    "a comment inside": ("def f():\n    # why\n    return 1  # so", {"f": "def f():\n    # why\n    return 1  # so"}),
    "a class": ("class A(B):\n    n = 1", {"A": "class A(B):\n    n = 1"}),
    "a lambda": ("f = lambda x: x", {"f": "f = lambda x: x"}),
    "a typed lambda": ("f: F = lambda x: x", {"f": "f: F = lambda x: x"}),
    "several on a line": ("import a; f = lambda: 1; x = 2", {"a": "import a", "f": "f = lambda: 1"}),
    "defined twice": ("def f(): return 1\ndef f(): return 2", {"f": "def f(): return 2"}),
    "wrapped afterwards": ("def f(): ...\nf = timed(f)", {"f": "def f(): ...\nf = timed(f)"}),
    "registered": (
        "@d\ndef f(x): ...\n@f.register\ndef _(x: int): ...",
        {"f": "@d\ndef f(x): ...\n@f.register\ndef _(x: int): ...", "_": "@f.register\ndef _(x: int): ..."},
    ),
    "a conditional import": (
        "try:\n    import orjson as j\nexcept ImportError:\n    import json as j",
        {"j": "try:\n    import orjson as j\nexcept ImportError:\n    import json as j"},
    ),
    "an optional import": (
        "try:\n    import torch\n    HAS = True\nexcept ImportError:\n    HAS = False",
        dict.fromkeys(["torch", "HAS"], "try:\n    import torch\n    HAS = True\nexcept ImportError:\n    HAS = False"),
    ),
    "a conditional function": (
        "if V > 3:\n    def f(): ...\nelse:\n    f = lambda: 1",
        {"f": "if V > 3:\n    def f(): ...\nelse:\n    f = lambda: 1"},
    ),
    "nothing in a loop": ("for i in x:\n    def f(): ...", {}),
    "nothing in a function": ("def f():\n    def g(): ...", {"f": "def f():\n    def g(): ..."}),
    "no plain values": ("x = 1\nif x:\n    y = 2", {}),
}


@pytest.mark.parametrize(("code", "expected"), TEXTS.values(), ids=TEXTS)
def test_knows_what_a_cell_defines(code, expected):
    assert {name: each.text for name, each in definitions_of(code).items()} == expected


@pytest.mark.parametrize(
    ("code", "only"),
    [
        ("import a", True),
        ("'''tools'''\nimport a\n\ndef f(): ...", True),
        ("f = lambda: 1\ng = lambda: 2", True),
        ("try:\n    import a\nexcept ImportError:\n    a = None", True),
        ("from __future__ import annotations\ndef f(): ...", True),
        ("def f(): ...\nf()", False),
        ("def f(): ...\nx = 1", False),
        ("import a\na.b = 1", False),
        ("'''text'''", False),
        ("if c:\n    x = 1", False),
    ],
)
def test_knows_cells_that_only_define(code, only):
    assert defines_only(code) is only


def test_what_is_written_under_a_future_import_stays_so():
    found = definitions_of("from __future__ import annotations\ndef f(x: Unknown): ...")
    assert found["f"].future == "from __future__ import annotations"
