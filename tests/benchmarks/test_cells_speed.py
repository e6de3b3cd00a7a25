"""Defining a cell in a notebook of two hundred, against compiling its code, which is what running it costs at least."""

from __future__ import annotations

import statistics
import time

import pytest

from tests.benchmarks.reporting import report
from twingraph_lab.frontends.cell_views import defined
from twingraph_lab.frontends.cellbook import Cell, CellBook
from twingraph_lab.frontends.cells import as_code
from twingraph_lab.spec.workflow import Workflow

pytestmark = pytest.mark.benchmark
CELLS = 200
LIMIT_S = 0.05
HELPERS = "import statistics\n\ndef spread(values):\n    return statistics.pstdev(values) * rate\n"


def body(number, version=0):
    """A cell of fifteen lines that reads from the one before, a helper and a variable of the notebook."""
    given = f"rows_{number - 1}" if number else "[1, 2]"
    lines = ["import math", f"rows_{number} = [math.sqrt(v) + {version} for v in {given}]"]
    lines += [f"part_{n} = sum(v ** {n} for v in rows_{number} if v < rate)" for n in range(10)]
    lines += [f"spread_{number} = spread(rows_{number})", "for i in range(3):", f"    print(i, spread_{number})"]
    return as_code("\n".join(lines))


def test_defining_a_cell():
    namespace = {"rate": 2, "__name__": "__main__"}
    exec(HELPERS, namespace)
    history = [HELPERS, *(f"x{n} = {n}\n" * 20 for n in range(CELLS))]
    book, times, baseline = CellBook(Workflow(name="cells")), [], []
    changes = [(number, 0) for number in range(CELLS)]
    changes += [(number, 1) for number in range(0, CELLS, 10)]  # in the middle, with others that wait for it
    for number, version in changes:
        code = body(number, version)
        begun = time.perf_counter()
        made, name = book.define(Cell(code, name=f"cell_{number}"), namespace, history)
        defined(name, made, book)
        times.append(time.perf_counter() - begun)
        book = made
        begun = time.perf_counter()
        compile(code, "<cell>", "exec")
        baseline.append(time.perf_counter() - begun)
    assert not book.faults()
    report(f"define a cell of {CELLS}", statistics.median(times), statistics.median(baseline), "compile()")
    report(f"define a cell of {CELLS}, the slowest", max(times), statistics.median(baseline), "compile()")
    assert statistics.quantiles(times, n=20)[-1] < LIMIT_S
