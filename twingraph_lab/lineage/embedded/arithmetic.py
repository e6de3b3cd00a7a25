"""The formulas of `math()`: parsed, checked against a list of what is allowed, and computed in floating point.

Syntax and functions as in TinkerPop's math() step (exp4j): `+ - * / % ^`, unary minus, `_` for the current value.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from twingraph_lab.lineage.errors import QueryError

Formula = Callable[[Mapping[str, float]], float]
CURRENT = "_"

_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: math.fmod,
    ast.Pow: math.pow,
}
_UNARY: dict[type[ast.unaryop], Callable[[float], float]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "acos": math.acos,
    "asin": math.asin,
    "atan": math.atan,
    "cbrt": math.cbrt,
    "ceil": math.ceil,
    "cos": math.cos,
    "cosh": math.cosh,
    "exp": math.exp,
    "expm1": math.expm1,
    "floor": math.floor,
    "log": math.log,
    "log10": math.log10,
    "log1p": math.log1p,
    "log2": math.log2,
    "signum": lambda value: math.copysign(1.0, value) if value else 0.0,
    "sin": math.sin,
    "sinh": math.sinh,
    "sqrt": math.sqrt,
    "tan": math.tan,
    "tanh": math.tanh,
}
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A formula that was found to be harmless. `variables` are its names in order of first mention."""

    text: str
    variables: tuple[str, ...]
    compute: Formula

    def __call__(self, values: Mapping[str, float]) -> float:
        """The result. Raises `QueryError` where there is none: division by zero, logarithm of a negative number, …"""
        try:
            return float(self.compute(values))
        except (ArithmeticError, ValueError) as error:
            raise QueryError(f"math('{self.text}'): {error}") from error


@lru_cache(256)
def parse(text: str) -> Arithmetic:
    """Compile a formula. Raises `QueryError`, naming what isn't allowed in it.

    >>> parse("a + 2 ^ 3 * sqrt(_)")({"a": 1, "_": 4})
    17.0
    """
    if len(text) > _LONGEST:
        raise QueryError(f"math(): a formula has at most {_LONGEST} characters")
    try:
        tree = ast.parse(text.replace("^", "**").strip(), mode="eval").body
        variables: dict[str, None] = {}
        compute = _compile(tree, text, variables)
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError) as error:
        raise QueryError(f"math('{text}') is not a formula") from error
    return Arithmetic(text, tuple(variables), compute)


def _compile(tree: ast.expr, text: str, variables: dict[str, None]) -> Formula:
    match tree:
        case ast.Constant(value=bool()):
            raise QueryError(f"math('{text}'): True and False aren't numbers")
        case ast.Constant(value=int() | float() as value):
            number = float(value)
            return lambda _: number
        case ast.Name(id=name):
            variables[name] = None
            return lambda values: values[name]
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _BINARY:
            binary = _BINARY[type(sign)]
            first, second = _compile(left, text, variables), _compile(right, text, variables)
            return lambda values: binary(first(values), second(values))
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _UNARY:
            unary, inner = _UNARY[type(sign)], _compile(operand, text, variables)
            return lambda values: unary(inner(values))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            function, inner = _FUNCTIONS[name], _compile(argument, text, variables)
            return lambda values: function(inner(values))
        case ast.Call(func=ast.Name(id=name)):
            raise QueryError(f"math('{text}'): no function {name!r} of one argument; known: {', '.join(_FUNCTIONS)}")
        case _:
            raise QueryError(f"math('{text}'): {ast.unparse(tree)!r} is not arithmetic")
