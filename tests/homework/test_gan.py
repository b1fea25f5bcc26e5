"""GAN: divergences and distances by hand, D* = p/(p+q) measured, gradients, a resumption, and the answer's turns."""

from __future__ import annotations

import itertools

import numpy as np
import paddle
import pytest
from scipy import linalg, stats

import paddle_camp as camp
from homework.gan import experiment as hw
from homework.gan import gradients, judging, networks, one_dimension, verdicts
from paddle_camp.preprocessing import scale_to_unit
from paddle_camp.sweeps.grid import Grid
from tests.helpers.toys import same_bits, weights, without_times
from tests.helpers.trainings import killed_after

SMALL = hw.Settings(noise=8, channels=4, batch_size=20)


def digits(count: int = 80) -> camp.Batches:
    """A few stand-ins, from -1 to 1."""
    return camp.Batches(camp.load_mnist("synthetic", None, (count, 10)).train, 20, 0, scale=scale_to_unit)


def test_divergences_by_hand():
    p, q = np.array([0.5, 0.5, 0.0]), np.array([0.25, 0.25, 0.5])
    assert one_dimension.kl(p, q) == pytest.approx(np.log(2)) and one_dimension.kl(q, p) == np.inf
    # m = (0.375, 0.375, 0.25): KL(p, m) = log(4/3), KL(q, m) = log(2/3) / 2 + log(2) / 2 = log(4/3) / 2
    assert one_dimension.js(p, q) == pytest.approx(0.75 * np.log(4 / 3))
    assert one_dimension.js(p, p) == 0 and one_dimension.js(np.eye(2)[0], np.eye(2)[1]) == pytest.approx(np.log(2))


def test_kl_grows_without_end_and_js_ends_at_log_2():
    rows = one_dimension.shifted_normals((0.0, 1.0, 8.0))
    assert [row["kl"] for row in rows] == [0, 0.5, 32]
    assert [row["js"] for row in rows] == pytest.approx([0, 0.111421, 0.693054], abs=1e-5)
    x = np.arange(-8, 9, 0.01)
    cells = [stats.norm(shift).pdf(x) * 0.01 for shift in (0, 1)]
    assert one_dimension.kl(*cells) == pytest.approx(0.5, abs=1e-6)


def test_shares_count_everything():
    shares = one_dimension.shares_of(np.array([-100.0, 0.05, 0.05, 100.0]))
    assert shares[0] == shares[-1] == 0.25 and shares[60] == 0.5 and shares.sum() == 1
    assert one_dimension.real_shares().sum() == pytest.approx(1)
    assert one_dimension.real_shares()[80] == pytest.approx(stats.norm(2, 0.5).cdf(2.1) - 0.5, abs=1e-7)


def test_the_best_discriminator_is_the_share_of_the_density(monkeypatch):
    """Against a generator of N(1, 1), whose density is known."""
    monkeypatch.setattr(one_dimension, "SAMPLES", 40_000)
    generator = paddle.nn.Linear(1, 1)
    generator.weight.set_value(np.ones((1, 1), np.float32))
    generator.bias.set_value(np.ones(1, np.float32))
    found = one_dimension.compare(generator, one_dimension.network(1), epochs=3, seed=0)
    x = np.array(found["curves"]["x"])
    p, q = stats.norm(2, 0.5).pdf(x), stats.norm(1, 1).pdf(x)
    likely = p + q > 0.2  # elsewhere there are few numbers to learn from
    np.testing.assert_allclose(np.array(found["curves"]["best"])[likely], (p / (p + q))[likely], atol=0.1)
    assert found["gap"] < 0.05 < found["own_gap"]
    assert found["js_by_value"] == pytest.approx(found["js"], abs=0.02)
    assert found["kl"] == pytest.approx(np.log(0.5) + (1 + 1) / (2 * 0.25) - 0.5, rel=0.2)  # of two normals


def test_the_frechet_distance_by_hand_and_by_scipy():
    one = judging.moments(np.array([[-1.0], [1.0]])), judging.moments(np.array([[1.0], [5.0]]))  # variances 2 and 8
    assert judging.frechet_distance(*one) == pytest.approx(9 + (2**0.5 - 8**0.5) ** 2)
    rng = np.random.default_rng(0)
    a, b = (judging.moments(rng.normal(size=(200, 4)) @ rng.normal(size=(4, 4))) for _ in range(2))
    expected = ((a[0] - b[0]) ** 2).sum() + np.trace(a[1] + b[1] - 2 * linalg.sqrtm(a[1] @ b[1]).real)
    assert judging.frechet_distance(a, b) == pytest.approx(expected)
    assert judging.frechet_distance(a, a) == pytest.approx(0, abs=1e-6)


def test_entropy_and_missing_digits():
    assert judging.entropy(np.full(10, 0.1)) == pytest.approx(2.302585)
    assert judging.entropy(np.eye(10)[3]) == 0
    assert judging.missing([0.009, 0.01, *[0.12] * 7, 0.0]) == [0, 9]


def test_the_judge_is_trained_once_for_its_settings(fresh_cache, monkeypatch):
    data = camp.load_mnist("synthetic", None, (300, 80))
    sets = camp.three_parts(data, 1 / 6, 50, 0)
    judge, worth = judging.train_judge(sets, 2, 0, "data", say=str)
    monkeypatch.setattr(camp, "fit", None)  # a second training would fail
    again, same = judging.train_judge(sets, 2, 0, "data", say=str)
    assert same_bits(weights(judge.model), weights(again.model)) and same == worth
    with pytest.raises(TypeError):
        judging.train_judge(sets, 3, 0, "data", say=str)
    pictures = data.test.kind.scale(data.test.images)
    features, logits = judge.look(pictures)
    assert features.shape == (len(pictures), 64) and logits.shape == (len(pictures), 10)
    found = judge.score(pictures, judging.moments(features))
    assert found["frechet"] == pytest.approx(0, abs=1e-6) and sum(found["shares"]) == pytest.approx(1)


@pytest.mark.parametrize("kind", networks.NETWORKS)
def test_pictures_come_out_and_numbers_too(kind):
    generator, discriminator = networks.build(kind, 8, 4)
    pictures = generator(paddle.randn([3, 8]))
    assert pictures.shape == [3, 1, 28, 28] and float(pictures.abs().max()) <= 1
    assert discriminator(pictures).shape == [3, 1]
    shown = hw.draw(generator, hw.noises(5, 8))
    assert shown.shape == (5, 1, 28, 28) and shown.min() >= 0 and shown.max() <= 1


def test_the_gradients_differ_by_the_ratio_of_the_slopes():
    rows = gradients.at_the_start("dense", digits(), (0, 8), 0, SMALL)
    for row in rows:
        assert row["ratio"] == pytest.approx(row["expected"], rel=0.15)
    assert rows[1]["drawn"] < rows[0]["drawn"] and rows[1]["minimax"] < rows[0]["minimax"]
    assert rows[1]["non-saturating"] > rows[1]["minimax"]


def test_a_training_is_resumed_bit_for_bit(tmp_path):
    """Both networks and both optimizers, batch norm too."""

    def train(folder):
        task = networks.make_task("convolutional", "hinge", 0, SMALL)
        keep = camp.CheckpointPolicy(folder, seconds=0)
        return task, camp.fit_task(task, digits(), num_epochs=3, keep=keep, quiet=True)

    whole, history = train(tmp_path / "whole")
    with killed_after(6):
        train(tmp_path / "cut")
    resumed, again = train(tmp_path / "cut")
    assert same_bits(weights(whole.network), weights(resumed.network))
    assert without_times(history.steps) == without_times(again.steps)
    for name, optimizer in whole.optimizers.items():
        one, other = (
            [value.numpy() for value in each.state_dict().values() if isinstance(value, paddle.Tensor)]
            for each in (optimizer, resumed.optimizers[name])
        )
        assert len(one) > 8 and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_latent_grid_has_its_corners():
    grid = hw.latent_grid(4, 8)
    assert grid.shape == (16, 8) and np.linalg.norm(grid, axis=1) == pytest.approx(np.full(16, 8**0.5), rel=1e-5)
    first = hw.noises(4, 8)[0]
    np.testing.assert_allclose(grid[0] / np.linalg.norm(grid[0]), first / np.linalg.norm(first), rtol=1e-5)


def cell(frechet: float, shares: list[float] | None = None) -> dict:
    return {"score": {"frechet": frechet, "sure": 0.8, "entropy": 2.2, "shares": shares or [0.1] * 10}}


def table(dense: list[float], convolutional: list[float]) -> Grid:
    axes = {"network": ("dense", "convolutional"), "game": ("minimax", "hinge"), "seed": tuple(range(len(dense)))}
    numbers = {"dense": dense, "convolutional": convolutional}
    cells = {
        (network, game, seed): cell(numbers[network][seed] * (1 if game == "hinge" else 2 + seed / 10))
        for network, game, seed in itertools.product(*axes.values())
    }
    return Grid(axes, cells).over("seed", lambda several: verdicts.summarise(several, 0.9))


def test_verdicts_over_seeds():
    cells = [cell(5.0), cell(7.0, [0.5, 0.5] + [0.0] * 8), {"diverged": 3}]
    summary = verdicts.summarise(cells, 0.9)
    assert (summary["diverged"], summary["collapsed"], summary["formless"]) == (1, 1, 0)
    assert summary["frechet"]["mean"] == 6
    cells[1]["score"]["sure"] = 0.1  # blots are taken for two digits
    summary = verdicts.summarise(cells, 0.9)
    assert (summary["collapsed"], summary["formless"]) == (0, 1)
    assert summary["lost"] == [[], [2, 3, 4, 5, 6, 7, 8, 9]]
    blind = verdicts.summarise([cell(5.0) | {"score": cell(5.0)["score"] | {"sure": 0.0}}], 0.0)
    assert blind["formless"] == 1  # a judge that is sure of nothing, real or drawn, has seen no digit
    found = table([50.0, 52.0, 51.0], [20.0, 21.0, 23.0])
    games = verdicts.compare_games(found)
    assert games["dense"]["name"] == "hinge" and games["dense"]["against"]["minimax"]["verdict"] == "better"
    assert verdicts.compare_networks(found) == {"minimax": "better", "hinge": "better"}
    few = table([50.0], [20.0])
    assert verdicts.compare_games(few) == {"dense": None, "convolutional": None} and not verdicts.compare_networks(few)


def test_theory_and_gradients_are_judged():
    moments = [{"js": 0.6, "js_by_value": 0.59, "gap": 0.01}, {"js": 0.1, "js_by_value": 0.07, "gap": 0.02}]
    found = verdicts.judge_numbers(moments)
    assert found["agrees"] and found["learned"] and found["js_gap"] == pytest.approx(0.03)
    assert not verdicts.judge_numbers([moments[0], moments[1] | {"js": 0.4}])["agrees"]
    rows = [{"minimax": 1.0, "drawn": 0.5, "ratio": 1.0, "expected": 1.0}]
    rows.append({"minimax": 0.1, "drawn": 0.01, "ratio": 90.0, "expected": 99.0})
    assert verdicts.judge_gradients(rows) == {"shrinks": True, "agrees": True, "last": 90.0}
    assert not verdicts.judge_gradients([rows[0], rows[1] | {"minimax": 0.9, "ratio": 10.0}])["agrees"]
