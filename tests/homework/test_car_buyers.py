"""`car-buyers`: the exact optimum, the odds, why solvers differ, what no penalty does, and the answer's turns."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression

from homework.car_buyers import experiment as hw
from homework.car_buyers.looking_closer import compare_with_sklearn, describe_growth
from homework.car_buyers.newton import gradient, hessian, newton_steps
from paddle_camp.answers.template import render
from paddle_camp.data.built_in import LabelledTable
from paddle_camp.derivatives import central_differences
from paddle_camp.errors import DivergedError
from tests.helpers import contract
from tests.helpers.markdown import form_faults

EXACT = [-0.949940, -0.170789, 0.932501]
QUICK_STEPS = ("num_steps=400", "free_steps=1000")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder and the results of a short run."""
    options = [word for each in QUICK_STEPS for word in ("-o", each)]
    folder, said = contract.run("car-buyers", tmp_path_factory.mktemp("run"), "--data", "synthetic", *options)
    assert "six people has no stand-in, since the data are always there" in said
    return folder, contract.check(folder, "car-buyers")


def test_gradient_descent_comes_to_the_exact_optimum_and_newton_in_a_few_steps(run):
    results = run[1]
    np.testing.assert_allclose(results["exact"], EXACT, atol=1e-6)
    np.testing.assert_allclose(results["theta"], EXACT, atol=1e-4)
    assert results["ways"]["standardised"]["arrived"] < 300
    assert results["ways"]["newton"]["arrived"] == 6 and results["newton"]["doubles"]
    assert results["ways"]["plain"]["arrived"] is None and results["ways"]["plain"]["gap"] > 0.5
    assert contract.metrics_of(run[0])["headline"]["value"] == pytest.approx(0.849153, abs=2e-5)


def test_one_more_unit_of_income_multiplies_the_odds_by_the_exponential(run):
    results = run[1]
    assert results["probability"] == pytest.approx([0.849153, 0.934654], abs=2e-5)
    assert results["ratio"] == pytest.approx(2.540857, abs=2e-4) and results["ratio_error"] < 1e-12
    exact = np.array(results["exact"])
    shares = [hw.probability(exact, 28, income) for income in (8, 9)]
    assert shares == pytest.approx([0.849153, 0.934654], abs=1e-6)
    for age, income in ((28, 8), (60, 0), (35, 11)):  # wherever one starts
        ratio = hw.odds_of(hw.probability(exact, age, income + 1)) / hw.odds_of(hw.probability(exact, age, income))
        assert ratio == pytest.approx(2.540857, abs=1e-6)
    assert hw.odds_of(0.75) == 3
    assert results["elsewhere"]["from"] == [20, 3] and results["elsewhere"]["ratio"] == pytest.approx(results["ratio"])
    assert results["factors"] == pytest.approx({"age": np.exp(EXACT[1]), "income": 2.540857}, abs=2e-4)


def test_why_scikit_learns_solvers_differ(run):
    found = run[1]["sklearn"]
    solvers = found["solvers"]
    np.testing.assert_allclose(solvers["lbfgs, tight"]["theta"], EXACT, atol=2e-6)
    np.testing.assert_allclose(solvers["liblinear"]["theta"], [-0.041318, -0.197300, 0.915557], atol=5e-5)
    assert solvers["liblinear"]["probability"] == pytest.approx(0.853052, abs=1e-5)
    assert solvers["liblinear"]["ratio"] == pytest.approx(2.498167, abs=1e-4)
    assert found["intercept_is_why"]
    assert found["penalised"] == pytest.approx([-0.041314, -0.197305, 0.915576], abs=1e-6)
    shifted = LogisticRegression(solver="liblinear", tol=1e-10).fit(
        np.array(hw.PEOPLE)[:, :2] - [20, 0], [0, 1, 1, 1, 0, 0]
    )
    assert found["shifted"]["penalised"] == pytest.approx(shifted.predict_proba([[8, 8]])[0, 1], abs=1e-6)
    assert found["steady"] and found["shifted"]["free"] == pytest.approx(0.849153, abs=1e-6)
    if sklearn.__version__.startswith("1.9."):  # where it stops depends on the version
        assert solvers["lbfgs"]["theta"][2] == pytest.approx(0.932314, abs=1e-5) and found["stopped_early"]


def test_a_reason_that_does_not_hold_is_not_given():
    people = hw.load_people()
    found = compare_with_sklearn(people, np.zeros(3), hw.Settings())  # as if 0 were the optimum: tight is off as well
    assert not found["stopped_early"]
    loose = compare_with_sklearn(people, np.array(EXACT), hw.Settings(C=50.0))  # of another penalty
    assert not loose["stopped_early"] and loose["solvers"]["liblinear"]["gap"] > 1


def test_the_derivatives_against_central_differences_and_scikit_learn():
    rng = np.random.default_rng(0)
    rows, bought = np.c_[np.ones(9), rng.normal(size=(9, 2))], (np.arange(9) % 2).astype(np.float64)
    penalty, theta = np.array([0.0, 0.5, 2.0]), rng.normal(size=3)
    loss = lambda: float(np.logaddexp(0, rows @ theta).sum() - bought @ rows @ theta + penalty @ theta**2 / 2)  # noqa: E731
    assert gradient(theta, rows, bought, penalty) == pytest.approx(central_differences(loss, theta, 1e-5), abs=1e-8)
    for column in range(3):
        part = lambda k=column: float(gradient(theta, rows, bought, penalty)[k])  # noqa: E731
        measured = central_differences(part, theta, 1e-5)
        assert hessian(theta, rows, penalty)[column] == pytest.approx(measured, abs=1e-7)
    fitted = LogisticRegression(C=2.0, tol=1e-10, max_iter=1000).fit(rows[:, 1:], bought)
    exact = newton_steps(rows, bought, np.array([0, 0.5, 0.5]), 50)[-1]
    assert exact == pytest.approx(np.append(fitted.intercept_, fitted.coef_), abs=1e-6)


def test_a_training_that_diverges_ends():
    with pytest.raises(DivergedError, match="inf at step 3"):
        hw.gradient_descent(np.ones((1, 2)), np.zeros(1), np.full(2, 1e200), 1.0, 5)


def test_the_scaling_says_the_same_of_plain_features():
    scaling = hw.Scaling(np.array([40.0, 7.0]), np.array([10.0, 2.0]))
    assert scaling.to_plain(np.array([1.0, 5.0, 4.0])).tolist() == [1 - 20 - 14, 0.5, 2.0]
    assert scaling.to_standardised(np.array([-33.0, 0.5, 2.0])) == pytest.approx([1, 5, 4])


def test_the_arrival_is_for_good():
    path = np.array([[1.0], [0.0], [1.0], [0.00005], [0.0]])
    assert hw.arrival(path, np.zeros(1)) == 3
    assert hw.arrival(path[:3], np.zeros(1)) is None


def test_without_a_penalty_the_weights_grow_as_a_logarithm(run):
    free = run[1]["free"]
    assert free["separable"] and free["grows"]
    sizes = [row["size"] for row in free["rows"]]
    assert [row["step"] for row in free["rows"]] == [1, 10, 100, 1000] and sizes == sorted(sizes)
    assert free["gained"][-1] == pytest.approx(free["gained"][-2], rel=0.3)
    assert free["rows"][-1]["error"] > 3 * free["rows"][0]["error"]  # the standard error grows too


def test_people_who_cannot_be_parted_do_not_grow():
    people = hw.load_people()
    mixed = LabelledTable(people.inputs, 1 - people.labels[::-1], people.columns, people.classes, people.info)
    mixed.labels[:] = [0, 1, 0, 1, 0, 1]
    scaling = hw.Scaling.of(mixed.inputs)
    path = hw.gradient_descent(scaling.rows(mixed.inputs), mixed.labels.astype(float), np.zeros(3), 0.5, 1000)
    found = describe_growth(scaling.to_plain(path), scaling.deviation, mixed)
    assert not found["separable"] and not found["grows"]


def answer_of(run, **turned) -> str:
    """The answer of the run with some of its results made up; a dict is merged into the run's."""
    kept = copy.deepcopy(json.loads((run[0] / "answer.json").read_text(encoding="utf-8")))
    values = {"settings": hw.replace(hw.Settings(), num_steps=400), "seed": 0} | kept["values"] | kept["results"]
    for key, value in turned.items():
        values[key] = values[key] | value if isinstance(value, dict) else value
    return render(hw.__file__, values)


def test_the_answer_of_the_run(run):
    text = answer_of(run)
    first = text.splitlines()[0]
    assert "84.92%，判断为会买" in first and "2.5408" in first and "已验证" in first and "不到 0.0001" in first
    assert "系数的大小由惩罚项决定" in first and "**不收敛，系数无止境地增长。为什么**" in text
    assert "不惩罚截距则不变" in text and "每步正确的位数约加倍" in text and "从 (20, 3) 出发是 2.5408" in text
    assert "liblinear 解的是另一个问题" in text and form_faults(text.replace("95% 区间", "")) == []


def test_the_answer_turns_around(run):
    ways = json.loads((run[0] / "answer.json").read_text(encoding="utf-8"))["results"]["ways"]
    late = ways | {"standardised": {"arrived": None, "gap": 0.02, "rate": 0.01}}
    text = answer_of(run, probability=[0.31, 0.45], ways=late, ratio_error=0.01)
    first = text.splitlines()[0]
    assert "31.00%，判断为不会买" in first and "走了 400 步，还没有到达最优解（最大误差 2.0e-02）" in first
    assert "验证没有通过" in first and "相差不到" not in first and "牛顿法只要" not in text
    text = answer_of(run, newton={"doubles": False}, sklearn={"steady": False})
    assert "正确的位数" not in text and "不惩罚截距也变成 0.8492" in text
    text = answer_of(run, free={"grows": False, "separable": False})
    assert "系数的大小由惩罚项决定" not in text and "还不能说系数会无止境地增长" in text
    assert "最大似然估计不存在" not in text
    assert "还没有看到稳定的对数增长" in answer_of(run, free={"grows": False, "separable": True})
    text = answer_of(run, sklearn={"stopped_early": False, "intercept_is_why": False})
    assert "解的是另一个问题" not in text and "惩罚截距不能完全解释这个差别" in text and "就停了" not in text


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("age=nan", "age"),
        ("income=-1", "income=-1.0: must not be negative"),
        ("C=0", "C=0.0: must be positive"),
        ("free_steps=10", "free_steps=10: growth is seen from 1000 steps on"),
        ("strengths=1,1", "each one once"),
    ],
)
def test_a_wrong_setting_is_one_line(override, says, tmp_path):
    contract.refused("car-buyers", tmp_path, says, override)


@pytest.mark.slow
def test_the_quick_run(tmp_path):
    folder, _ = contract.run("car-buyers", tmp_path, "--quick")
    assert contract.check(folder, "car-buyers")["ways"]["standardised"]["arrived"] == 178
