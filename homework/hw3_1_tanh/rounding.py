"""What rounding makes of formulas for tanh and its derivative: how far off they are, and from where on they fail."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from decimal import Context, Decimal, localcontext

import numpy as np

TYPES = {"float32": np.float32, "float64": np.float64}
DIGITS = Context(prec=50)
AT = 8.0  # where the derivative's error is measured: far out, and not yet 0 in float32


def smallest_where(condition: Callable[[np.ndarray], np.ndarray], dtype: type) -> float:
    """The smallest positive number of ``dtype`` that meets a condition which all larger ones, up to 1000, meet too.

    Bisection over the bits: read as integers, positive floating-point numbers keep their order.
    """
    bits = {4: np.uint32, 8: np.uint64}[np.dtype(dtype).itemsize]
    largest = int(np.array([1000], dtype).view(bits)[0])
    found = bisect_left(range(largest), True, key=lambda k: condition(np.array([k], bits).view(dtype))[0])
    return float(np.array([found], bits).view(dtype)[0])


def relative_error(function: Callable, x: np.ndarray) -> np.ndarray:
    """|function - tanh| / |tanh|, against ``np.tanh`` in float64 of the same numbers ``x`` (none of them 0)."""
    true = np.tanh(x.astype(np.float64))
    return np.abs(function(x).astype(np.float64) - true) / np.abs(true)


def worst_errors(formulas: dict[str, Callable]) -> dict[str, dict]:
    """Type -> name of a formula -> its relative errors over many x: the largest of 40 neighbours; NaN leaves a gap."""
    x, panels = np.logspace(-4, 3, 200 * 40), {}
    for name, dtype in TYPES.items():
        curves = panels[name] = {}
        for label, function in formulas.items():
            worst = relative_error(function, x.astype(dtype)).reshape(200, 40).max(axis=1)
            curves[label] = (x[20::40], np.maximum(worst, np.finfo(dtype).eps / 10))  # 0 has no place on a log axis
    return panels


def rounded_tanh(x: np.ndarray) -> np.ndarray:
    """tanh correctly rounded to the dtype of ``x``: of 50 decimal digits, the nearest number that there is."""
    with localcontext(DIGITS):
        exact = [float(1 - 2 / ((2 * Decimal(float(v))).exp() + 1)) for v in x]
    return np.array(exact).astype(x.dtype)


def exact_derivative(x: float) -> Decimal:
    """4 e^(2x) / (e^(2x) + 1)^2 to 50 digits."""
    with localcontext(DIGITS):
        power = (2 * Decimal(x)).exp()
        return 4 * power / (power + 1) ** 2


def check_derivative(tanh: Callable, with_cosh: Callable, dtype: type) -> dict:
    """Where the derivative is exactly 0 in ``dtype``, and the relative errors at ``AT``; JSON values.

    Args:
        tanh: the page's own; correctly rounded and numpy's stand beside it.
        with_cosh: the derivative written without the subtraction.
    """
    kinds = {"rounded": rounded_tanh, "own": tanh, "numpy": np.tanh}
    zero = {name: smallest_where(lambda v, f=f: 1 - f(v) ** 2 == 0, dtype) for name, f in kinds.items()}
    zero |= {"cosh": smallest_where(lambda v: with_cosh(v) == 0, dtype)}
    # 1 - tanh x is nearly 2 e^(-2x), and below 1 the numbers are eps / 2 apart: less than half of that rounds to 1.
    zero |= {"expected": float(np.log(8 / np.finfo(dtype).eps) / 2)}
    at, true = np.array([AT], dtype), exact_derivative(AT)
    found = {"difference": 1 - tanh(at) ** 2, "cosh": with_cosh(at)}
    errors = {name: abs(float(Decimal(float(value[0])) / true - 1)) for name, value in found.items()}
    return {"zero_from": zero, "errors": errors | {"at": AT}}
