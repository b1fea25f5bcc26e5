"""作业1-2 Supervised learning in daily life, and AI engineers seen through supply and demand

The camp's questions: 类比牛顿第二定律的案例，在你的工作和生活中还有哪些问题可以用监督学习的框架来解决？
假设和参数是什么？优化目标是什么？为什么说AI工程师有发展前景？怎样从经济学（市场供需）的角度做出解读？

The answer is a model answer of our own; two of its examples are worked in numbers. First, the minutes that a meal takes
to arrive: minutes = kitchen_minutes + minutes_per_km * distance + rush_minutes * (rush hour or not) + noise, with the
distance even between 0.5 and 6 km, rush hour for four orders in ten, and normal noise of noise_minutes. Gradient
descent, written below, sees the orders and not the relation; it is compared with least squares, with the mean, and
with a hypothesis without the rush hour. Second, a market whose numbers are assumed, no data: at wage w firms want
demand_people - demand_slope * w, and supply_people + supply_slope * w would do the work once they have learned it.
Demand grows; each year a part of those who are missing follow, and the wage clears the market. Takes a few seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Gt, Le

import paddle_camp as camp
from homework.hw1_2_written_questions.figures import draw_learning, draw_market


@dataclass(frozen=True)
class Settings(camp.HyperParameters):
    """The relation behind the orders, how it is learned, and the assumed market."""

    orders: int = 500
    train_share: camp.Share = 0.8  # the course's share; the other orders are held out
    kitchen_minutes: float = 12.0
    minutes_per_km: float = 4.0
    rush_minutes: float = 8.0
    noise_minutes: camp.NonNegative = 3.0  # standard deviation
    # For standardised inputs, whose loss is about equally steep in every direction; near 1 the descent diverges.
    learning_rate: Annotated[float, Gt(0), Le(0.9)] = 0.1
    num_steps: camp.Count = 200  # of gradient descent, each on all training orders
    demand_people: float = 90.0  # 10,000 people that firms would hire at wage 0
    demand_slope: camp.Rate = 2.0  # 10,000 people fewer for each 10,000 yuan a year more
    supply_people: float = -10.0  # negative: below some wage nobody does this work
    supply_slope: camp.Rate = 3.0  # 10,000 people more for each 10,000 yuan a year more, in the long run
    demand_growth: camp.Rate = 25.0  # 10,000 people more at every wage
    adjustment: camp.Rate = 0.15  # part of the missing people that have learned the trade a year later
    years: camp.Count = 12

    def __post_init__(self):
        super().__post_init__()
        enough = min(self.train_share, 1 - self.train_share) * self.orders >= 20
        camp.require(enough, f"orders={self.orders}: leave at least 20 to train on and 20 held out")
        hired = min(equilibrium(self)) > 0
        camp.require(hired, f"demand_people={self.demand_people}: nobody is hired at any wage above 0")
        most = 2 / (1 + self.supply_slope / self.demand_slope)  # beyond it the wage swings ever wider
        camp.require(self.adjustment < most, f"adjustment={self.adjustment}: give a part above 0 and below {most:g}")


def equilibrium(settings: Settings, growth: float = 0.0) -> tuple[float, float]:
    """(Wage, people) where long-run supply meets a demand that has grown by ``growth``."""
    wage = (settings.demand_people + growth - settings.supply_people) / (settings.demand_slope + settings.supply_slope)
    return wage, settings.supply_people + settings.supply_slope * wage


QUICK = replace(Settings(), orders=200, num_steps=100, years=8)


def draw_orders(settings: Settings, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Orders by the relation of the module's docstring: inputs ``[N, 2]`` (km, rush hour 0 or 1), minutes ``[N]``."""
    distance = rng.uniform(0.5, 6, settings.orders)
    rush = (rng.random(settings.orders) < 0.4).astype(float)
    minutes = settings.kitchen_minutes + settings.minutes_per_km * distance + settings.rush_minutes * rush
    return np.column_stack([distance, rush]), minutes + rng.normal(0, settings.noise_minutes, settings.orders)


def mean_square(weights: np.ndarray, inputs: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean squared error of ``inputs @ weights[1:] + weights[0]``, and its gradient with respect to ``weights``."""
    difference = weights[0] + inputs @ weights[1:] - targets
    gradient = 2 * np.concatenate([[difference.mean()], inputs.T @ difference / len(targets)])
    return float(np.mean(difference**2)), gradient


def gradient_descent(inputs: np.ndarray, targets: np.ndarray, settings: Settings) -> tuple[np.ndarray, list[float]]:
    """Constant and weights ``[1 + features]`` in the inputs' own units, and the loss before each step."""
    mean, deviation = inputs.mean(axis=0), inputs.std(axis=0)
    weights, losses = np.zeros(1 + inputs.shape[1]), []
    for _ in range(settings.num_steps):
        loss, gradient = mean_square(weights, (inputs - mean) / deviation, targets)
        losses.append(loss)
        weights = weights - settings.learning_rate * gradient
    slopes = weights[1:] / deviation
    return np.concatenate([[weights[0] - slopes @ mean], slopes]), losses


def learn(settings: Settings, seed: int) -> tuple[dict, tuple]:
    """Learn from the first orders, judge on the others; returns JSON values, and what the figure needs."""
    inputs, minutes = draw_orders(settings, np.random.default_rng(seed))
    count = int(settings.train_share * settings.orders)
    train, test = (inputs[:count], minutes[:count]), (inputs[count:], minutes[count:])
    weights, losses = gradient_descent(*train, settings)
    exact = np.linalg.lstsq(np.column_stack([np.ones(count), train[0]]), train[1], rcond=None)[0]
    short, _ = gradient_descent(train[0][:, :1], train[1], settings)
    candidates = {"learned": weights, "least_squares": exact, "no_rush": np.append(short, 0)}
    candidates |= {"mean": np.array([train[1].mean(), 0, 0])}
    found = {"train": count, "held_out": len(test[1]), "difference": float(np.abs(weights - exact).max())}
    found["weights"] = {name: candidate.tolist() for name, candidate in candidates.items()}
    found["errors"] = {name: mean_square(candidate, *test)[0] ** 0.5 for name, candidate in candidates.items()}
    return found, (train, weights, losses, mean_square(exact, *train)[0])


def simulate(settings: Settings) -> dict:
    """Wage and people before demand grows, right after, in the years that follow, and in the end."""
    before, after = equilibrium(settings), equilibrium(settings, settings.demand_growth)
    people, path = before[1], []
    for _ in range(settings.years + 1):
        wage = (settings.demand_people + settings.demand_growth - people) / settings.demand_slope
        path.append([wage, people])
        wanted = settings.supply_people + settings.supply_slope * wage
        people = people + settings.adjustment * (wanted - people)
    # The same market where the trade is harder or easier to learn: long-run supply turned about the old equilibrium.
    slopes = {str(factor): settings.demand_slope + factor * settings.supply_slope for factor in (0.5, 1.0, 2.0)}
    entry = {factor: before[0] + settings.demand_growth / slope for factor, slope in slopes.items()}
    remains = 1 - settings.adjustment * (1 + settings.supply_slope / settings.demand_slope)  # of the gap, each year
    # Percent more or fewer people for one percent more wage, where the market is before demand grows.
    elasticity = {"demand": settings.demand_slope, "supply": settings.supply_slope}
    elasticity = {side: slope * before[0] / before[1] for side, slope in elasticity.items()}
    found = {"before": before, "short_run": path[0], "long_run": after, "path": path, "entry": entry}
    return found | {"remains": remains, "elasticity": elasticity}


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    orders, fitted = learn(settings, context.seed)
    market = simulate(settings)
    figures = {
        "orders": ("外卖送达时间：生成的订单与学到的直线；梯度下降的损失", draw_learning(*fitted)),
        "market": ("供需示意（假设的数字）：A 原来，B 短期，C 长期；右图为逐年的工资", draw_market(market, settings)),
    }
    results = {"orders": orders, "market": market}
    return camp.Answer("作业1-2:生活中的监督学习，从供需看 AI 工程师的前景", results, figures)
