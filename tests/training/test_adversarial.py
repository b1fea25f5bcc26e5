"""Two networks against each other: losses by hand, whose weights a step moves, what is measured and kept."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from paddle import nn

from paddle_camp.data.batches import ArrayBatches
from paddle_camp.errors import CheckpointError, SettingError
from paddle_camp.training.adversarial import GAMES, Adversarial
from paddle_camp.training.batch import Batch
from paddle_camp.training.fit import CheckpointPolicy, fit_task
from tests.helpers.toys import same_bits, toy_gan, weights

X = np.random.default_rng(0).normal(size=(60, 4)).astype("float32")


def train(folder, game="non-saturating"):
    task, held = toy_gan(game), {"holdout": ArrayBatches(X[:20], None, 20)}
    keep = CheckpointPolicy(folder, best_on="holdout", seconds=0)
    return fit_task(task, ArrayBatches(X, None, 8, 0), num_epochs=1, evaluations=held, keep=keep, quiet=True)


def test_the_losses_of_every_game_by_hand():
    """At the outputs 2 and 0 of real samples and -1 of a drawn one: sigmoid(2) = 0.880797, sigmoid(-1) = 0.268941."""
    real, drawn = paddle.to_tensor([[2.0], [0.0]]), paddle.to_tensor([[-1.0]])
    found = {
        name: tuple(map(float, (game.real(real, 1.0), game.drawn(drawn), game.generator(drawn))))
        for name, game in GAMES.items()
    }
    cross_entropy = ((0.126928 + 0.693147) / 2, 0.313262)  # -log D and -log(1 - D)
    assert found["minimax"] == pytest.approx((*cross_entropy, -0.313262), abs=1e-5)
    assert found["non-saturating"] == pytest.approx((*cross_entropy, 1.313262), abs=1e-5)
    assert found["least squares"] == pytest.approx((0.5, 0.5, 2.0))
    assert found["hinge"] == pytest.approx((0.5, 0.0, 1.0))


def test_the_generator_moves_towards_the_data():
    """Real numbers lie around (3, 3); after some steps the drawn ones do too. With momentum they would swing."""
    paddle.seed(0)
    real = np.random.default_rng(0).normal(3, 0.5, (400, 2)).astype("float32")
    generator = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
    discriminator = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
    adam = [paddle.optimizer.Adam(0.02, 0.0, parameters=each.parameters()) for each in (generator, discriminator)]
    before = generator(paddle.randn([200, 2])).numpy().mean(axis=0)
    task = Adversarial(generator, discriminator, *adam, noise=2)
    fit_task(task, ArrayBatches(real, None, 40, 0), num_epochs=30, quiet=True)
    after = generator(paddle.randn([200, 2])).numpy().mean(axis=0)
    assert np.abs(after - 3).max() < 1 < np.abs(before - 3).min()


def test_the_generators_step_leaves_the_discriminator_alone():
    """It gets no gradient from it, and learns again in the next step."""
    task, batch = toy_gan(), Batch.of((X[:8],))
    task.step(batch)
    assert all(p.grad is None for p in task.discriminator.parameters())
    before = weights(task.discriminator)
    task.step(batch)
    assert not same_bits(before, weights(task.discriminator))


@pytest.mark.parametrize(("game", "boundary"), [("non-saturating", 0.0), ("least squares", 0.5)])
def test_what_is_measured_is_who_was_taken_for_real(game, boundary):
    """Batches of different sizes count by their samples; the noise is the same each time."""
    task = toy_gan(game)
    row = task.measure(ArrayBatches(X[:20], None, 8))
    with paddle.no_grad():
        outputs = task.judge(paddle.to_tensor(X[:20]))
    assert row["real"] == pytest.approx(float((outputs.numpy() > boundary).mean()))
    assert row["samples"] == 20 and row["loss"] == row["discriminator_loss"] + row["generator_loss"]
    assert row == task.measure(ArrayBatches(X[:20], None, 8))
    plain = toy_gan(game, label_smoothing=0.0)
    plain.network.set_state_dict(task.network.state_dict())
    lower = row["discriminator_loss"] - plain.measure(ArrayBatches(X[:20], None, 8))["discriminator_loss"]
    smoothed = float(GAMES[game].real(outputs, 0.9) - GAMES[game].real(outputs, 1.0))
    assert lower == pytest.approx(smoothed, abs=1e-5)  # the drawn ones keep their target


def test_the_two_networks_have_files_and_optimizers_of_their_own(tmp_path):
    history = train(tmp_path)
    keys = paddle.load(str(tmp_path / "last.pdparams")).keys()
    assert {key.split(".")[0] for key in keys} == {"generator", "discriminator"}
    assert {"discriminator_loss", "generator_loss", "real", "drawn"} <= history.split("holdout")[0].keys()
    assert history.steps[0]["loss"] == pytest.approx(
        history.steps[0]["discriminator_loss"] + history.steps[0]["generator_loss"]
    )


def test_a_training_is_not_resumed_as_another_game(tmp_path):
    train(tmp_path)
    with pytest.raises(CheckpointError, match="game is non-saturating there and hinge here"):
        train(tmp_path, "hinge")


def test_what_does_not_fit_together_is_one_line():
    with pytest.raises(SettingError, match="game='chess': there are minimax"):
        toy_gan("chess")
    with pytest.raises(SettingError, match="label_smoothing=1.5: give a number from 0 to below 1"):
        toy_gan(label_smoothing=1.5)
