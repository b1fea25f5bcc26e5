"""What stands beside the six people's fit: scikit-learn's solvers, no penalty, and how far to trust a coefficient."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from homework.car_buyers.features import penalty_of, with_ones
from homework.car_buyers.newton import gradient, hessian, newton_steps
from paddle_camp.data.built_in import LabelledTable

SOLVERS = {
    "lbfgs": {},  # scikit-learn's default, with its default tolerance
    "lbfgs, tight": {"tol": 1e-10, "max_iter": 10000},
    "liblinear": {"solver": "liblinear"},  # the default up to scikit-learn 0.21
}
SAME = 1e-4  # coefficients this close are called the same
SHIFT = 20  # years, by which ages are moved to show what a penalised intercept does
NORMAL = 1.96  # standard errors of a 95 % interval


def compare_with_sklearn(people: LabelledTable, exact: np.ndarray, settings: Any) -> dict[str, Any]:
    """scikit-learn's coefficients by solver, and whether the reasons for their differences hold in this run.

    Returns:
        by solver: ``theta``, ``gap`` to the exact optimum, ``probability`` and ``ratio``, ``slope`` (the largest
        entry of the gradient of the mean loss, which lbfgs compares with its tolerance), ``tolerance``;
        ``stopped_early``: lbfgs is off because a slope below its tolerance let it stop: a tighter tolerance mends it;
        ``penalised``: the optimum with a penalised intercept, and ``intercept_is_why``: liblinear has come to it;
        ``shifted``: the probability where ages are counted from SHIFT years on, with the intercept ``penalised`` and
        ``free``; ``steady``: the latter is the one without the shift.
    """
    rows, bought = with_ones(people.inputs), people.labels.astype(np.float64)
    penalty = penalty_of(settings.C)
    found: dict[str, Any] = {}
    for name, options in SOLVERS.items():
        model = LogisticRegression(C=settings.C, **options).fit(people.inputs, people.labels)
        theta = np.append(model.intercept_, model.coef_)
        share = float(model.predict_proba([[settings.age, settings.income]])[0, 1])
        slope = float(np.abs(gradient(theta, rows, bought, penalty)).max()) / len(people)
        found[name] = {"theta": theta, "gap": float(np.abs(theta - exact).max()), "probability": share}
        found[name] |= {"ratio": float(np.exp(theta[2])), "slope": slope, "tolerance": model.tol}
    plain, tight = found["lbfgs"], found["lbfgs, tight"]
    early = plain["gap"] >= SAME and tight["gap"] < SAME and plain["slope"] < plain["tolerance"]
    penalties = {"penalised": np.full(3, 1.0) / settings.C, "free": penalty}
    penalised, asked = newton_steps(rows, bought, penalties["penalised"], 100)[-1], [1, settings.age, settings.income]
    shifted = {}
    for name, each in penalties.items():
        moved = newton_steps(rows - [0, SHIFT, 0], bought, each, 100)[-1]
        shifted[name] = float(1 / (1 + np.exp(-moved @ np.subtract(asked, [0, SHIFT, 0]))))
    steady = abs(shifted["free"] - float(1 / (1 + np.exp(-exact @ asked)))) < SAME
    differs = found["liblinear"]["gap"] >= SAME
    why = differs and float(np.abs(found["liblinear"]["theta"] - penalised).max()) < SAME
    found = {"solvers": found, "stopped_early": early, "penalised": penalised, "intercept_is_why": why}
    return found | {"shift": SHIFT, "shifted": shifted, "steady": steady}


def describe_growth(path: np.ndarray, deviation: np.ndarray, people: LabelledTable) -> dict[str, Any]:
    """Gradient descent without a penalty, watched at every tenth part of its steps, and of these again.

    Args:
        path: plain theta before the first step and after each one, ``[steps + 1, 3]``.
        deviation: of age and income, ``[2]``.

    Returns:
        ``rows`` at these steps, with the loss, the smallest margin, the size of the standardised weights and the
        ``error`` a textbook would give the coefficient of income; ``separable``: the line at the end has everyone on
        the right side; ``grows``: so that the weights have grown by about as much in the last tenfold of steps as in
        the one before, as a logarithm does, while the loss kept falling; ``gained``: by how much in each tenfold.
    """
    rows, sign = with_ones(people.inputs), 2 * people.labels - 1
    last = len(path) - 1
    decades = [last // 10**k for k in range(int(np.log10(last)), -1, -1)]
    watched = []
    for step in decades:
        margins = sign * (rows @ path[step])
        size = float(np.linalg.norm(path[step, 1:] * deviation))
        loss = float(np.logaddexp(0, -margins).sum())
        row = {"step": step, "theta": path[step], "size": size, "loss": loss, "margin": float(margins.min())}
        watched.append(row | {"error": float(standard_errors(path[step], rows, np.zeros(3))[2])})
    separable = watched[-1]["margin"] > 0
    gained = np.diff([row["size"] for row in watched])
    falls = all(later["loss"] < row["loss"] for row, later in zip(watched, watched[1:], strict=False))
    grows = bool(separable and falls and gained[-1] > 0.5 * gained[-2] > 0)
    return {"rows": watched, "separable": separable, "grows": grows, "gained": gained}


def standard_errors(theta: np.ndarray, rows: np.ndarray, penalty: np.ndarray) -> np.ndarray:
    """The square roots of the diagonal of the inverse Hessian, as a textbook computes standard errors."""
    return np.sqrt(np.diag(np.linalg.inv(hessian(theta, rows, penalty))))


def doubts(rows: np.ndarray, bought: np.ndarray, exact: np.ndarray, settings: Any) -> dict[str, Any]:
    """Why no standard error belongs beside these coefficients.

    Returns:
        ``errors``: the :func:`standard_errors`, and the ``interval`` for the odds ratio of income that they would
        give; ``unpenalised``: the same without the penalty's part of the Hessian; ``strengths``: C -> theta
        with its odds ``ratio`` of income; ``left_out``: that ratio without each person in turn.
    """
    penalty = penalty_of(settings.C)
    errors, unpenalised = (standard_errors(exact, rows, each) for each in (penalty, np.zeros(3)))
    interval = np.exp(exact[2] + NORMAL * errors[2] * np.array([-1, 1]))
    paths = {f"{C:g}": newton_steps(rows, bought, penalty_of(C), 200)[-1] for C in settings.strengths}
    by_strength = {C: {"theta": theta, "ratio": float(np.exp(theta[2]))} for C, theta in paths.items()}
    others = [np.arange(len(rows)) != person for person in range(len(rows))]
    left_out = [float(np.exp(newton_steps(rows[kept], bought[kept], penalty, 200)[-1][2])) for kept in others]
    found = {"errors": errors, "interval": interval, "unpenalised": unpenalised}
    return found | {"strengths": by_strength, "left_out": left_out}
