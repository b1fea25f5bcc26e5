"""Who buys a car? Logistic regression on six people, and what a coefficient means

Course: keras
The question (the course's six people, its wording reconstructed): 六个人的年龄、收入和是否买车为 (20,3)→0、(23,7)→1、
(31,10)→1、(42,13)→1、(50,7)→0、(60,5)→0。用逻辑回归判断 (28,8) 的人会不会买车；系数说明什么？验证：收入每加 1，
odds（买与不买的概率之比）乘以 e^θ。

The course calls scikit-learn; its loss, the sum of the people's log losses plus |w|^2 / (2C), is written out here and
minimised in Paddle: by gradient descent, on standardised and on plain features, and by Newton's steps. scikit-learn
stands beside it with two solvers, and why they differ is computed. Then the penalty is left out, and the strength of
the penalty and the six people are changed one by one: both say how much of a coefficient is the data's.
Takes some ten seconds on a CPU with the full settings; nothing in it is random.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
import paddle
import paddle.nn.functional as F
from annotated_types import Ge

import paddle_camp as camp
from homework.car_buyers.features import Scaling, penalty_of, with_ones
from homework.car_buyers.figures import draw
from homework.car_buyers.looking_closer import compare_with_sklearn, describe_growth, doubts
from homework.car_buyers.newton import hessian, largest_curvature, newton_steps
from paddle_camp.data.built_in import LabelledTable, describe_built_in

PEOPLE = ((20, 3, 0), (23, 7, 1), (31, 10, 1), (42, 13, 1), (50, 7, 0), (60, 5, 0))  # age, income, has bought a car
TOLERANCE = 1e-4  # of every coefficient: from here on a training has arrived


@dataclass(frozen=True)
class Settings(camp.HyperParameters):
    """Whom to ask about, and how to train; "source" marks what the course and its scikit-learn give."""

    age: camp.NonNegative = 28.0  # source; years, of the person to predict
    income: camp.NonNegative = 8.0  # source; it names no unit
    C: camp.Rate = 1.0  # source: scikit-learn's default; the penalty is |w|^2 / (2C), beside the sum of the log losses
    learning_rate: camp.Rate = 0.5  # of gradient descent on standardised features
    num_steps: Annotated[int, Ge(10)] = 2000  # of gradient descent, on standardised and on plain features
    newton_steps: camp.Count = 12
    free_steps: Annotated[int, Ge(1000), camp.Hint("growth is seen from 1000 steps on")] = 20000  # without a penalty
    strengths: camp.Several[camp.Rate] = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)  # other C, to see what it does


QUICK = replace(Settings(), num_steps=1000, free_steps=2000)


def load_people(data: str = "auto", data_dir: str | None = None) -> LabelledTable:
    """The six people; they stand in this file, so nothing is looked for."""
    table = np.array(PEOPLE, np.float64)
    info = describe_built_in("six people", data, __file__, {"train": len(table)}, table)
    return LabelledTable(table[:, :2], table[:, 2].astype(np.int64), ("age", "income"), ("no", "yes"), info)


def loss_of(theta: paddle.Tensor, rows: paddle.Tensor, bought: paddle.Tensor, penalty: paddle.Tensor) -> paddle.Tensor:
    """Sum of the log losses plus half the penalty; a row begins with 1, so theta is (intercept, age, income)."""
    z = rows @ theta
    return (F.softplus(z) - bought * z).sum() + 0.5 * (penalty * theta**2).sum()


def gradient_descent(rows, bought, penalty, rate: float, num_steps: int) -> np.ndarray:
    """theta before the first step and after each one, float64 ``[num_steps + 1, 3]``."""
    rows, bought, penalty = (paddle.to_tensor(array, dtype="float64") for array in (rows, bought, penalty))
    theta = paddle.create_parameter([rows.shape[1]], "float64", default_initializer=paddle.nn.initializer.Constant(0.0))
    optimizer = paddle.optimizer.SGD(rate, parameters=[theta])
    path = [theta.numpy().copy()]
    for step in range(1, num_steps + 1):
        loss = loss_of(theta, rows, bought, penalty)
        if not np.isfinite(float(loss)):
            raise camp.DivergedError(step, float(loss))
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
        path.append(theta.numpy().copy())
    return np.array(path)


def arrival(path: np.ndarray, exact: np.ndarray) -> int | None:
    """The step from which on every coefficient is within TOLERANCE of the exact one; None: not yet at the end."""
    far = np.flatnonzero(np.abs(path - exact).max(axis=1) >= TOLERANCE)
    after = int(far[-1]) + 1 if len(far) else 0
    return after if after < len(path) else None


def probability(theta: np.ndarray, age: float, income: float) -> float:
    """P(buys) = 1 / (1 + exp(-z))."""
    return float(F.sigmoid(paddle.to_tensor(theta @ np.array([1.0, age, income]))))


def odds_of(share: float) -> float:
    """How many times likelier it is that something happens than that it does not."""
    return share / (1 - share)


def one_more_of_income(theta: np.ndarray, age: float, income: float) -> dict[str, Any]:
    """``probability`` and ``odds`` of buying with this income and with one more, and the ``ratio`` of the odds."""
    shares = [probability(theta, age, each) for each in (income, income + 1)]
    odds = [odds_of(share) for share in shares]
    return {"probability": shares, "odds": odds, "ratio": odds[1] / odds[0]}


def train_all_ways(settings: Settings, people: LabelledTable) -> tuple[dict[str, np.ndarray], dict]:
    """The paths of plain theta by "standardised", "plain" and "newton", and what came of each."""
    inputs, bought = people.inputs, people.labels.astype(np.float64)
    scaling, penalty = Scaling.of(inputs), penalty_of(settings.C)
    scaled_penalty = penalty / np.array([1.0, *scaling.deviation]) ** 2  # of the same plain weights
    plain, scaled = with_ones(inputs), scaling.rows(inputs)
    rates = {"standardised": settings.learning_rate, "plain": 1 / largest_curvature(plain, penalty)}
    paths = {
        "standardised": scaling.to_plain(
            gradient_descent(scaled, bought, scaled_penalty, rates["standardised"], settings.num_steps)
        ),
        "plain": gradient_descent(plain, bought, penalty, rates["plain"], settings.num_steps),
        "newton": newton_steps(plain, bought, penalty, settings.newton_steps),
    }
    exact = newton_steps(plain, bought, penalty, 100)[-1]
    ends = {
        name: {"arrived": arrival(path, exact), "gap": float(np.abs(path[-1] - exact).max()), "rate": rates.get(name)}
        for name, path in paths.items()
    }
    curvatures = {"plain": hessian(exact, plain, penalty)}
    curvatures["standardised"] = hessian(scaling.to_standardised(exact), scaled, scaled_penalty)
    found = {"exact": exact, "theta": paths["standardised"][-1], "ways": ends}
    gaps = np.abs(paths["newton"] - exact).max(axis=1)
    digits = -np.log10(gaps[(gaps < 0.1) & (gaps > 1e-10)])  # before the first and after the last there are none
    found["newton"] = {"gaps": 10.0**-digits, "doubles": len(digits) > 1 and (digits[1:] > 1.5 * digits[:-1]).all()}
    found["conditions"] = {name: float(np.linalg.cond(each)) for name, each in curvatures.items()}
    found["flattest"] = float(np.linalg.eigvalsh(curvatures["plain"])[0])
    return paths, found | {"last": {name: path[-1] for name, path in paths.items()}}


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    people = context.load(load_people)
    paths, results = train_all_ways(settings, people)
    theta = results["theta"]
    results |= one_more_of_income(theta, settings.age, settings.income)
    results["elsewhere"] = {"from": PEOPLE[0][:2]} | one_more_of_income(theta, *PEOPLE[0][:2])
    results["factors"] = {"age": np.exp(theta[1]), "income": np.exp(theta[2])}
    errors = [abs(each["ratio"] / results["factors"]["income"] - 1) for each in (results, results["elsewhere"])]
    results["ratio_error"] = max(errors)
    rows, bought = with_ones(people.inputs), people.labels.astype(np.float64)
    results["sklearn"] = compare_with_sklearn(people, results["exact"], settings)
    scaling = Scaling.of(people.inputs)
    free_path = scaling.to_plain(
        gradient_descent(scaling.rows(people.inputs), bought, np.zeros(3), settings.learning_rate, settings.free_steps)
    )
    results["free"] = describe_growth(free_path, scaling.deviation, people)
    results["doubts"] = doubts(rows, bought, results["exact"], settings)
    values = {"people": PEOPLE, "tolerance": TOLERANCE}
    values["code"] = camp.code_of(loss_of, gradient_descent)
    return camp.Answer(
        title="作业car-buyers:谁会买车？六个人的逻辑回归",
        results=results,
        values=values,
        headline={"name": "probability", "value": results["probability"][0]},
        figures=draw(people, paths, free_path, results, settings),
    )
