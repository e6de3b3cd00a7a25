"""What a cell needs and gives, read from its code."""

from __future__ import annotations

import time

import pytest

from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends.cells import as_code, cell_node, names_of, read_cell

READS = {
    "a name read before it is bound": ("y = x + 1", "x"),
    "a name bound before it is read": ("x = 1\ny = x", ""),
    "a name read, then bound": ("x = x + 1", "x"),
    "augmented assignment reads": ("total += n", "total n"),
    "an annotation without a value binds nothing": ("x: int\ny = x", "x"),
    "an annotation is evaluated": ("x: Kilometres = 1", "Kilometres"),
    "unpacking": ("(a, *b), c = rows\nd = a, b, c", "rows"),
    "chained assignment": ("a = b = c\nd = b", "c"),
    "a builtin is not an input": ("n = len(range(3))", ""),
    "module names are not inputs": ("print(__name__, __file__)", ""),
    "IPython's additions to builtins are no builtins": ("display(1)", "display"),
    "a comprehension's variable is its own": ("s = [v * k for v in rows if v]", "rows k"),
    "a comprehension reads its first iterable outside": ("v = [v for v in v]", "v"),
    "nested comprehensions": ("s = {a: b for a in rows for b in a if c}", "rows c"),
    "a comprehension in a comprehension": ("s = [[w for w in v] for v in rows]", "rows"),
    "a comprehension's variable is unknown after it": ("s = [v for v in rows]\nprint(v)", "rows v"),
    "a generator expression": ("n = sum(v for v in rows)", "rows"),
    "a walrus binds": ("if (n := f(x)):\n    m = n", "f x"),
    "a walrus in a comprehension binds outside": ("s = [y := v for v in rows]\nz = y", "rows"),
    "a walrus on the short side may not happen": ("ok = a and (b := c)\nprint(b)", "a c"),
    "a function's parameters and locals are its own": ("def f(a, *b, c=1, **d):\n    e = a\n    return e, b, c, d", ""),
    "a function's free names": ("def f(a):\n    return a * scale", "scale"),
    "a function's default is evaluated now": ("def f(a=scale):\n    return a", "scale"),
    "a decorator is evaluated now": ("@register\ndef f(): ...", "register"),
    "a function's annotations are evaluated": ("def f(a: A) -> R: ...", "R A"),
    "a function may use what is bound after it": ("def f():\n    return scale\nscale = 2\ny = f()", ""),
    "a function called before its name is bound": ("def f():\n    return scale\ny = f()\nscale = 2", "scale"),
    "called through another function": ("def f():\n    return g()\ndef g():\n    return k\ny = f()\nk = 1", "k"),
    "mutual recursion": ("def f():\n    return g()\ndef g():\n    return f() or k\nf()", "k"),
    "nested functions": ("def f(a):\n    def g(b):\n        return a, b, k\n    return g", "k"),
    "a global that a function sets": ("def f():\n    global n\n    n = 1\nf()\nprint(n)", ""),
    "a lambda's parameters are its own": ("f = lambda a, b=k: a + b + m", "k m"),
    "a lambda used at once": ("s = sorted(rows, key=lambda r: r[column])", "rows column"),
    "two lambdas on one line": ("f, g = (lambda a: a + m), (lambda b: b + k)", "m k"),
    "a lambda that waits for a name": ("f = lambda: later\nlater = 1", ""),
    "a lambda in a comprehension": ("s = [(lambda: v + k)() for v in rows]", "rows k"),
    "a class body runs at once": ("class A(B):\n    n = k\n    m = n", "B k"),
    "a method doesn't see the class's names": ("class A:\n    n = 1\n    def f(self):\n        return n", "n"),
    "a method may use what is bound later": ("class A:\n    def f(self):\n        return k\nk = 1\nA().f()", ""),
    "a class used too early": ("class A:\n    def f(self):\n        return k\nA().f()\nk = 1", "k"),
    "a comprehension in a class body": ("class A:\n    n = 1\n    s = [n for _ in rows]", "rows n"),
    "a decorator in a class": ("class A:\n    def a(self): ...\n    @a.setter\n    def b(self): ...", ""),
    "with binds its target": ("with open(path) as f:\n    text = f.read()", "path"),
    "for binds its target": ("for i, (a, b) in rows:\n    print(i, a, b)", "rows"),
    "for to an attribute": ("for box.x in rows: ...", "rows box"),
    "except binds its name only inside": ("try:\n    a = f()\nexcept E as e:\n    print(e)\nprint(e)", "f E e"),
    "import binds": ("import os.path, json as j\nfrom math import pi as p\nprint(os, j, p)", ""),
    "an import inside a function": ("def f():\n    import json\n    return json", ""),
    "del takes the name away": ("x = 1\ndel x\ny = x", "x"),
    "del reads": ("del x", "x"),
    "captures": ("match p:\n    case (a, *b):\n        a, b\n    case {'k': v, **w}:\n        v, w", "p"),
    "a match reads classes": ("match p:\n    case P(x=0): ...\n    case red.A: ...", "p P red"),
    "a match reads keys": ("match p:\n    case {K.A: v, 'x': 1}:\n        v", "p K"),
    "a loop that fills a dict": ("for d['k'], (e.x, *v) in rows:\n    v", "d e rows"),
    "a context put into an attribute": ("with cm() as (a, d.x):\n    a", "cm d"),
    "f-strings": ("s = f'{x:>{width}} {y!r}'", "x width y"),
    "await at the top level": ("r = await fetch(url)", "fetch url"),
    "async for and with": ("async with s() as c:\n    async for r in c.rows(q): ...", "s q"),
    "an async comprehension": ("s = [r async for r in rows]", "rows"),
    "a slice": ("part = rows[start:stop]", "rows start stop"),
    "a keyword's name is no variable": ("f(x=y)", "f y"),
    "an attribute's name is no variable": ("a = b.c.d", "b"),
    "code after raise is not reached": ("raise ValueError(x)\ny = z", "x"),
    "while, its test first": ("while n > 0:\n    n -= 1", "n"),
    "the body of an endless loop happens": ("while True:\n    x = f()\n    if x:\n        break\nprint(x)", "f"),
    "a conditional expression": ("y = a if b else c", "b a c"),
    "a starred call": ("f(*args, **words)", "f args words"),
    "starred parameters": ("def f(*args, k, **words):\n    return args, k, words\nf(*rows)", "rows"),
    "a starred target": ("first, *rest = rows\nprint(rest)", "rows"),
    "an import that may fail": ("try:\n    import orjson as j\nexcept ImportError:\n    import json as j\nj.x", ""),
    "a conditional import": ("if fast:\n    import a as m\nelse:\n    import b as m\nm.x", "fast"),
    "an import for type checkers": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a import T\ndef f(x: 'T'): ...",
        "",
    ),
    "a nested f-string": ("s = f'{f\"{x}\":>{w}}'", "x w"),
    "an f-string with a comprehension": ("s = f'{[v for v in rows]}'", "rows"),
    "a walrus in a while": ("while (line := read()):\n    print(line)", "read"),
    "a walrus in a filter": ("s = [y for v in rows if (y := f(v))]", "rows f"),
    "a walrus in a nested function": ("def g():\n    if (n := f()):\n        return n\ng()", "f"),
    "nonlocal is no global": ("def f():\n    n = 1\n    def g():\n        nonlocal n\n        n += k\nf()", "k"),
    "augmented through a global": ("n = 0\ndef f():\n    global n\n    n += step\nf()", "step"),
    "augmented item": ("total[k] += n", "total k n"),
    "augmented attribute": ("box.n += 1", "box"),
    "del of an item": ("del d[k]", "d k"),
    "del of several": ("a = b = 1\ndel a, b\nprint(a)", "a"),
    "del and bound again": ("x = 1\ndel x\nx = 2\nprint(x)", ""),
    "a guard in match": ("match p:\n    case [x] if x > limit:\n        print(x)", "p limit"),
    "alternatives in match": ("match p:\n    case A() | B.c:\n        1", "p A B"),
    "a decorator with arguments": ("@register(name, key=k)\ndef f(): ...", "register name k"),
    "a class with a metaclass": ("class A(B, metaclass=M, x=k): ...", "B M k"),
    "a class decorator": ("@dataclass\nclass A:\n    x: T = d", "dataclass T d"),
    "a class that names itself in a method": ("class A:\n    def f(self):\n        return A\nA().f()", ""),
    "a nested class": ("class A:\n    class B(C):\n        n = k\n    m = B", "C k"),
    "a type hint in quotes is text": ("def f(x: 'Unknown') -> 'Other': ...", ""),
    "a type hint of a local": ("def f():\n    x: Unknown = 1\n    return x", ""),
    "hints that are text": ("from __future__ import annotations\ndef f(x: A) -> B: ...\ny: C = 1", ""),
    "a subscripted hint": ("rows: list[Row] = []", "Row"),
    "an async function": ("async def f(x):\n    return await g(x)\nr = await f(1)", "g"),
    "async with inside a function": ("async def f():\n    async with s() as c:\n        return c", "s"),
    "try star": ("try:\n    f()\nexcept* E as e:\n    print(e)", "f E"),
    "a shadowed builtin": ("list = [1]\nprint(list)", ""),
    "an assertion": ("assert ok, message", "ok message"),
    "a lambda default": ("f = lambda a=k: a", "k"),
    "a lambda in a default": ("def f(key=lambda v: v[n]): ...", "n"),
    "star in an index": ("a[*b] = c", "b a c"),
    "a generator that reads late": ("g = (v * k for v in rows)", "rows k"),
    "a function used as a decorator": ("def d(f):\n    return wrap(f)\n@d\ndef g(): ...", "wrap"),
}  # fmt: skip

MAYBE = {
    "bound in one branch": ("if c:\n    x = 1\nprint(x)", "x"),
    "bound in both branches": ("if c:\n    x = 1\nelse:\n    x = 2\nprint(x)", ""),
    "bound in a loop's body": ("for r in rows:\n    x = r\nprint(x)", "x"),
    "the loop's variable itself": ("for r in rows: ...\nprint(r)", "r"),
    "bound in a try's body": ("try:\n    x = f()\nexcept E:\n    pass\nprint(x)", "x"),
    "bound in body and handler": ("try:\n    x = f()\nexcept E:\n    x = 0\nprint(x)", ""),
    "a handler that raises doesn't count": ("try:\n    x = f()\nexcept E:\n    raise\nprint(x)", ""),
    "read in a handler": ("try:\n    x = f()\nexcept E:\n    print(x)", "x"),
    "read in finally": ("try:\n    x = f()\nfinally:\n    print(x)", "x"),
    "bound in finally": ("try:\n    f()\nfinally:\n    x = 1\nprint(x)", ""),
    "try, else": ("try:\n    f()\nexcept E:\n    x = 0\nelse:\n    x = 1\nprint(x)", ""),
    "bound in one case": ("match p:\n    case 1:\n        x = 1\nprint(x)", "x"),
    "bound in every case": ("match p:\n    case 1:\n        x = 1\n    case _:\n        x = 2\nprint(x)", ""),
    "left by continue": ("for r in rows:\n    if r:\n        continue\n    x = r\n    print(x)", ""),
    "for, else": ("for r in rows:\n    if r:\n        x = r\n        break\nelse:\n    x = None\nprint(x)", ""),
    "a shadowed builtin": ("n = max(rows)", "max"),
    "bound in with": ("with c:\n    x = 1\nprint(x)", ""),
    "bound when a guard holds": ("match p:\n    case _ if c:\n        x = 1\nprint(x)", "x"),
    "a walrus in a condition": ("if c and (x := 1):\n    pass\nprint(x)", "x"),
    "taken away on one path": ("x = 1\nif c:\n    del x\nprint(x)", "x"),
    "augmented on one path": ("if c:\n    x = 0\nx += 1", "x"),
    "an imported name on one path": ("if c:\n    import x\nprint(x)", "x"),
    "a global that a function may set": ("def f():\n    global n\n    n = 1\nf()\nprint(n)", "n"),
}  # fmt: skip

OUTPUTS = {
    "names bound": ("x = 1\ny, z = x, 2", "x y z"),
    "not imports": ("import math\nfrom json import dumps as d\nx = math.pi", "x"),
    "not functions, classes and lambdas": ("def f(): ...\nclass A: ...\ng = lambda: 1\nx = f()", "x"),
    "not underscore names": ("_tmp = 1\nx = _tmp", "x"),
    "not loop variables": ("for i in range(3):\n    print(i)\nx = 1", "x"),
    "not what with binds": ("with open(p) as f:\n    text = f.read()", "text"),
    "not names deleted again": ("x = 1\ny = x\ndel x", "y"),
    "not names that only some path binds": ("if c:\n    x = 1\ny = 2", "y"),
    "names that every path binds": ("if c:\n    x = 1\nelse:\n    x = 2", "x"),
    "a fallback for an import is no output": ("try:\n    import orjson as j\nexcept E:\n    j = None\nx = 1", "x"),
    "a walrus": ("print(n := 3)", "n"),
    "an annotated name with a value": ("x: int = 1\ny: int", "x"),
    "an augmented input": ("total += 1", "total"),
    "an input whose item is set": ("df['speed'] = df.km / df.h", "df"),
    "an input whose attribute is set": ("df.columns = names", "df"),
    "an input set through a chain": ("df.loc[rows, 'x'] = 0", "df"),
    "an input whose item is deleted": ("del d['k']", "d"),
    "an input changed by inplace=True": ("df.dropna(inplace=True)", "df"),
    "an input changed by a well-known method": ("rows.append(1)", "rows"),
    "a model that is fitted": ("model.fit(X, y)\nscore = model.score(X, y)", "model score"),
    "an input popped": ("last = stack.pop()", "last stack"),
    "an input only read": ("n = df.add(1)\nm = df.sum()", "n m"),
    "a module that is changed is no output": ("import matplotlib as m\nm.rcParams['x'] = 1\ny = 1", "y"),
    "a loop variable that is changed is no output": ("for r in rows:\n    r['x'] = 1\nn = 1", "n"),
    "a comprehension's variable that is changed": ("s = [r.pop() for r in rows]", "s"),
    "nothing": ("print('hello')", ""),
    "a star target": ("first, *rest = rows", "first rest"),
    "an augmented item": ("total[k] += 1", "total"),
    "a walrus in a comprehension may not happen": ("s = [y := v for v in rows]", "s"),
    "what match captures on every path": ("match p:\n    case x:\n        y = x", "x y"),
    "what some case captures is not": ("match p:\n    case [x]:\n        y = x", ""),
    "a global set by a function that may run": ("def f():\n    global n\n    n = 1\nf()\nx = 1", "x"),
    "a name that hides a builtin": ("max = 3", "max"),
    "an alias of a function": ("def f(): ...\ng = f", "g"),
    "an optional import is no output": ("try:\n    import a\nexcept ImportError:\n    a = None\nx = 1", "x"),
    "a conditional function is no output": ("if c:\n    def f(): ...\nelse:\n    f = None\nx = 1", "x"),
    "what a lambda is bound to is no output": ("f = lambda: 1", ""),
    "an instance of a class defined here": ("class A: ...\na = A()", "a"),
    "names after an early exit": ("x = 1\nraise SystemExit", ""),
}  # fmt: skip

RESULTS = {
    "an expression": ("x + 1", True),
    "an expression that isn't wanted": ("x + 1;", False),
    "print": ("print(x)", False),
    "showing plots": ("plt.show()", False),
    "a docstring": ("'''text'''", False),
    "an ellipsis": ("...", False),
    "an output by name": ("x = 1\nx", False),
    "an input by name": ("x", True),
    "a call is what the cell is for": ("describe(x)", True),
    "a call beside other outputs": ("x = 1\nplot(x)", False),
    "an awaited call beside other outputs": ("x = 1\nawait send(x)", False),
    "a calculation beside other outputs": ("x = 1\nx + 1", True),
    "no expression at the end": ("f(x)\ny = 1", False),
}  # fmt: skip


def cases(table):
    return pytest.mark.parametrize(("code", "expected"), table.values(), ids=table)


@cases(READS)
def test_reads_from_elsewhere(code, expected):
    assert set(names_of(code).needs) == set(expected.split())


@cases(MAYBE)
def test_may_read_from_elsewhere(code, expected):
    own = {name for name in names_of(code).may_need if name in names_of(code).kinds or name in ("max", "e")}
    assert own == set(expected.split())


@cases(OUTPUTS)
def test_gives_to_others(code, expected):
    assert sorted(names_of(code).outputs) == sorted(expected.split())


@cases(RESULTS)
def test_keeps_the_last_expression(code, expected):
    assert names_of(code).result is expected


def test_outputs_are_in_order_of_binding():
    assert names_of("b = 1\na = 2\nc = b").outputs == ("b", "a", "c")


def test_lines_count_from_the_magic_line():
    assert names_of(as_code("y = 1\nz = y + x\n\n")).needs == {"x": 3}


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        ("x = (1,\n", 2, "never closed"),
        ("x = 1\nreturn x", 3, "'return' outside function"),
        ("x = 1\nfrom math import *", 3, "import them by name"),
        ("x = 1\n%matplotlib inline", 3, "plain Python"),
        ("!ls", 2, "plain Python"),
        ("files = !ls", 2, "plain Python"),
        ("now = %time", 2, "plain Python"),
        ("x = 1\n  y = 2", 3, "unexpected indent"),
        ("break", 2, "outside loop"),
        ("def f():\n    x = 1\n    global x", 4, "global"),
    ],
)
def test_a_syntax_error_is_shown_at_its_line(body, line, message):
    with pytest.raises(WorkflowError, match=message) as raised:
        read_cell("load", as_code(body))
    (fault,) = raised.value.faults
    assert (fault.node, fault.path) == ("load", f"line {line}")


def test_an_empty_cell_is_a_fault():
    with pytest.raises(WorkflowError, match="empty"):
        read_cell("load", as_code("  \n"))


def test_a_null_character_is_a_fault():
    with pytest.raises(WorkflowError, match="null"):
        read_cell("load", as_code("x = '\0'"))


def test_a_warning_of_the_compiler_is_left_to_the_run():
    assert names_of("x = '\\d'").outputs == ("x",)


def test_a_cell_becomes_a_node():
    node = cell_node("clean", as_code("y = x\ny * 2"), inputs={"x": {"ref": "load.x"}}, options={"timeout_s": 3})
    assert node.component.code == "\ny = x\ny * 2\n"
    assert node.component.filename == "<twingraph clean>"
    assert node.component.outputs == ("y", "result")
    assert node.timeout_s == 3


def test_outputs_can_be_named():
    code = as_code("for i in range(3):\n    x = i\n_y = x\nz = 1")
    assert cell_node("a", code, inputs={}, keep=("i", "_y")).component.outputs == ("i", "_y")


def test_an_input_can_be_passed_on():
    assert cell_node("a", as_code("y = x"), inputs={"x": 1}, keep=("x",)).component.outputs == ("x",)


def test_the_value_of_the_last_line_can_be_asked_for():
    assert cell_node("a", as_code("x = 1\nf(x)"), inputs={}, keep=("x", "result")).component.outputs == ("x", "result")


def test_an_output_that_is_not_there_is_a_fault():
    with pytest.raises(WorkflowError, match="can't keep 'z': the cell binds x, y"):
        cell_node("a", as_code("x = 1\ny = 2"), inputs={}, keep=("z",))


def test_every_bad_option_is_named():
    with pytest.raises(WorkflowError) as raised:
        cell_node("two words", as_code("x = 1"), inputs={}, options={"timeout_s": -1})
    assert {fault.path for fault in raised.value.faults} == {"id", "timeout_s"}
    assert "'two words' is not a name: letters, digits, _ and - after a letter or _" in str(raised.value)


def test_reading_a_long_cell_is_quick():
    code = as_code("\n".join(f"x{n} = [v for v in range({n}) if v > x{n - 1}]" for n in range(1, 100)))
    start = time.process_time()  # whatever else the machine does
    names_of(code)
    assert time.process_time() - start < 0.05
