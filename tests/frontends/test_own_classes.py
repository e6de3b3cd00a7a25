"""Values of classes that the notebook has, too."""

from __future__ import annotations

import cloudpickle

from twingraph_lab.frontends.own_classes import recognised
from twingraph_lab.frontends.surroundings import Surroundings
from twingraph_lab.platforms.cells import recognise

POINT = "class Point:\n    def __init__(self, x): self.x = x\n    def twice(self): return self.x * factor\n"
NEAR = "class Near(Point):\n    pass\n"


def notebook(*cells, **variables):
    namespace = {"__name__": "__main__", **variables}
    for code in cells:
        exec(code, namespace)
    return Surroundings(namespace, cells)


def stored(cell, expression, **variables):
    """What a node that takes `cell` along stores."""
    import ast

    namespace = {"__name__": "__main__", **variables}
    exec(cell, namespace)
    recognise(ast.parse(cell), namespace)
    return cloudpickle.dumps(eval(expression, namespace))


def test_a_value_is_of_the_notebooks_class_and_the_class_stays_as_it_was():
    data = stored(POINT + NEAR, "Near(2)", factor=10)
    around = notebook(POINT, NEAR, factor=3)
    method = around.variables["Point"].twice
    with recognised(around):
        value = cloudpickle.loads(data)
    assert type(value) is around.variables["Near"]
    assert around.variables["Point"].twice is method
    assert value.twice() == 6


def test_a_class_with_another_source_is_another_class():
    data = stored(POINT, "Point(2)", factor=10)
    around = notebook(POINT.replace("factor", "1"))
    with recognised(around):
        value = cloudpickle.loads(data)
    assert type(value) is not around.variables["Point"]
    assert value.twice() == 20
