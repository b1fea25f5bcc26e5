"""作业3-1 tanh in numpy, and how many entries of a random matrix are positive

The camp's question: 使用numpy计算tanh激活函数，tanh: y = (e^x - e^-x) / (e^x + e^-x)，画出x在[-10, 10]上的曲线；
统计随机生成的矩阵p = np.random.randn(10, 10)中有多少个元素大于0（提示：可以试下q = (p > 0)，观察q的数据类型和取值）。

The question's formula is written down as it stands, and where it fails is searched for: from some |x| on both
exponentials' sum and difference are infinite, and their quotient is no number; near 0 the difference cancels. The
stable form has one exponential that cannot overflow. The derivative 1 - tanh^2 is checked against central differences;
from where on rounding makes it exactly 0 depends on the last bit of tanh, and 1 / cosh^2 does without the subtraction.
The count is one line; a chi-square test compares the counts of many matrices with the binomial distribution, whose mean
is 50 of 100 and whose standard deviation is 5. Takes a few seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le, Lt
from scipy import stats

import paddle_camp as camp
from homework.hw3_1_tanh.figures import draw
from homework.hw3_1_tanh.rounding import TYPES, check_derivative, relative_error, smallest_where, worst_errors


@dataclass(frozen=True)
class Settings(camp.HyperParameters):
    """The curve and the matrix of the question; how closely to look at either."""

    low: Annotated[float, Ge(-1000), Le(1000)] = -10.0  # the question's
    high: Annotated[float, Ge(-1000), Le(1000)] = 10.0  # the question's
    points: Annotated[int, Ge(2)] = 2001  # of the curve
    # Half the distance of a central difference; near the best for float64.
    difference: Annotated[float, Gt(1e-9), Lt(0.1)] = 1e-5
    rows: camp.Count = 10  # the question's
    columns: camp.Count = 10  # the question's
    draws: int = 10_000  # random matrices whose counts are compared with the binomial distribution

    def __post_init__(self):
        super().__post_init__()
        camp.require(self.low < self.high, f"low={self.low}: must be below high={self.high}")
        fewest = math.ceil(25 * math.sqrt(self.rows * self.columns))  # else hardly a count is expected five times
        camp.require(self.draws >= fewest, f"draws={self.draws}: a {self.rows} x {self.columns} matrix needs {fewest}")


QUICK = replace(Settings(), points=401, draws=2000)


def naive_tanh(x: np.ndarray) -> np.ndarray:
    """The formula of the question, in the dtype of ``x``: NaN where e^|x| overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


def stable_tanh(x: np.ndarray) -> np.ndarray:
    """The same function without overflow and without cancellation, in the dtype of ``x``.

    With m = e^(-2|x|) - 1, always in (-1, 0]: tanh |x| = (1 - e^(-2|x|)) / (1 + e^(-2|x|)) = -m / (2 + m).
    """
    m = np.expm1(-2 * np.abs(x))
    return np.copysign(-m / (2 + m), x)


def tanh_gradient(x: np.ndarray) -> np.ndarray:
    """1 - tanh(x)^2, in the dtype of ``x``."""
    return 1 - stable_tanh(x) ** 2


def sech_square(x: np.ndarray) -> np.ndarray:
    """1 / cosh(x)^2, the same derivative without a subtraction, in the dtype of ``x``."""
    with np.errstate(over="ignore"):  # 1 / inf is 0, as it should be
        return (1 / np.cosh(x)) ** 2


def check_tanh(settings: Settings) -> dict:
    """Where the formulas fail and how far they are from ``np.tanh`` and from central differences."""
    x, h = np.linspace(settings.low, settings.high, settings.points), settings.difference
    slope = (stable_tanh(x + h) - stable_tanh(x - h)) / (2 * h)
    rows = {}
    for name, dtype in TYPES.items():
        here, tiny = x.astype(dtype), np.array([1e-4], dtype)
        rows[name] = {
            "nan_from": smallest_where(lambda v: np.isnan(naive_tanh(v)), dtype),
            "nans": int(np.isnan(naive_tanh(here)).sum()),
            "stable_error": float(np.abs(stable_tanh(here) - np.tanh(here)).max()),
            "naive_tiny": float(relative_error(naive_tanh, tiny)[0]),
            "stable_tiny": float(relative_error(stable_tanh, tiny)[0]),
        } | check_derivative(stable_tanh, sech_square, dtype)
    # A central difference is off by h^2 / 6 of the third derivative, which is 2 at most: a third of h^2.
    error = float(np.abs(tanh_gradient(x) - slope).max())
    gradient = {"at_0": float(tanh_gradient(0.0)), "error": error, "right": error < 1e-6 + h**2 / 2}
    finite = bool(np.isfinite(stable_tanh(np.array([-1000.0, 1000.0]))).all())
    return {"types": rows, "stable_is_finite": finite, "gradient": gradient}


def count_positive(p: np.ndarray) -> tuple[int, str]:
    """How many entries of ``p`` are greater than 0, and the dtype of ``p > 0``."""
    q = p > 0  # of the shape of p, each entry True or False
    return int(q.sum()), str(q.dtype)  # in a sum True counts as 1, False as 0


def draw_counts(settings: Settings, rng: np.random.Generator) -> np.ndarray:
    """The number of positive entries of many random matrices: int64 ``[draws]``."""
    shape = (settings.rows, settings.columns)
    return np.array([count_positive(rng.standard_normal(shape))[0] for _ in range(settings.draws)])


def compare(counts: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Chi-square test of drawn counts ``[draws]`` against ``probabilities`` of 0, 1, 2, ...; it disagrees below 0.001.

    Counts expected fewer than five times are joined with the nearest one expected more often.
    """
    expected = len(counts) * probabilities
    often = np.flatnonzero(expected >= 5)
    place = np.clip(np.arange(len(expected)), often[0], often[-1]) - often[0]
    joined = np.bincount(place, weights=expected)
    chi_square, p_value = stats.chisquare(np.bincount(place[counts], minlength=len(joined)), joined)
    found = {"chi_square": float(chi_square), "degrees_of_freedom": len(joined) - 1, "p_value": float(p_value)}
    return found | {"agrees": bool(p_value > 0.001)}


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    rng = np.random.default_rng(context.seed)
    p = rng.standard_normal((settings.rows, settings.columns))
    positive, dtype = count_positive(p)
    counts, law = draw_counts(settings, rng), stats.binom(p.size, 0.5)
    probabilities = law.pmf(np.arange(p.size + 1))
    matrix = {"positive": positive, "dtype": dtype, "expected": law.mean(), "deviation": law.std()}
    matrix |= {"drawn_mean": float(counts.mean()), "drawn_deviation": float(counts.std())}
    matrix |= {"verdict": camp.comparisons.compare_share(positive, p.size, 0.5)["verdict"]}
    matrix |= {"fewest": int(counts.min()), "most": int(counts.max())} | compare(counts, probabilities)
    results = {"tanh": check_tanh(settings), "matrix": matrix}
    x = np.linspace(settings.low, settings.high, settings.points)
    curves = {"tanh(x)": (x, stable_tanh(x)), "its derivative, 1 - tanh(x)^2": (x, tanh_gradient(x))}
    formulas = {"stable formula": stable_tanh, "the question's formula": naive_tanh}
    nan_from = {name: row["nan_from"] for name, row in results["tanh"]["types"].items()}
    figures = draw(curves, worst_errors(formulas), nan_from, counts, probabilities, settings)
    title = "作业3-1:用 numpy 计算 tanh，统计矩阵中大于0的元素"
    code = {"tanh": camp.code_of(naive_tanh, stable_tanh, sech_square), "count": camp.code_of(count_positive)}
    return camp.Answer(title, results, figures, values={"entries": p.size, "code": code})
