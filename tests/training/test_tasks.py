"""Every kind of task: it learns, and killed and resumed it has the same bits as never having stopped."""

from __future__ import annotations

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest
from paddle import nn

from paddle_camp.data.batches import ArrayBatches
from paddle_camp.errors import DivergedError, SettingError
from paddle_camp.training.batch import Batch, parts
from paddle_camp.training.fit import CheckpointPolicy, fit_task
from paddle_camp.training.losses import regression_loss
from paddle_camp.training.tasks import Regression, Supervised, Task
from tests.helpers.toys import build, same_bits, toy_batches, toy_gan, weights, without_times
from tests.helpers.trainings import killed_after

RNG = np.random.default_rng(0)
X, EXTRA = RNG.normal(size=(60, 4)).astype("float32"), RNG.normal(size=(60, 3)).astype("float32")
Y = (X @ np.array([1.0, -2.0, 0.5, 0.0]) + EXTRA[:, 0]).astype("float32")


def adam(*networks, rate: float = 0.02):
    parameters = [p for network in networks for p in network.parameters()]
    return paddle.optimizer.Adam(rate, parameters=parameters)


class TwoInputs(nn.Layer):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.dropout = nn.Linear(4, 8), nn.Linear(3, 8), nn.Dropout(0.2)
        self.out = nn.Linear(8, 1)

    def forward(self, table, extra):
        return self.out(self.dropout(F.tanh(self.first(table) + self.second(extra))))


class Autoencoder(Task):
    """One written outside of the library, without labels and with two networks under one loss."""

    def __init__(self, encoder, decoder):
        networks = {"encoder": encoder, "decoder": decoder}
        super().__init__(networks, {name: adam(network) for name, network in networks.items()})

    def error(self, x):
        return F.mse_loss(self.networks["decoder"](self.networks["encoder"](x)), x)

    def step(self, batch):
        loss = self.backward(self.error(batch[0]), batch)
        self.update("encoder")
        self.update("decoder")
        return {"loss": loss}

    def measure(self, batches):
        with paddle.no_grad():
            losses = [float(self.error(paddle.to_tensor(x))) for (x,) in batches.epoch()]
        return {"loss": float(np.mean(losses)), "samples": batches.num_samples}


def classification():
    model, optimizer, _ = build(boundaries=[7])
    return Supervised(model, optimizer), toy_batches(), toy_batches(12, seed=3, shuffle=False)


def regression():
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    return Regression(model, adam(model)), ArrayBatches(X, Y, 8, 0), ArrayBatches(X[:20], Y[:20], 20)


def several(inputs):
    model = TwoInputs()
    few = {k: v[:20] for k, v in inputs.items()} if isinstance(inputs, dict) else tuple(v[:20] for v in inputs)
    return Regression(model, adam(model)), ArrayBatches(inputs, Y, 8, 0), ArrayBatches(few, Y[:20], 20)


def adversarial(game="non-saturating"):
    return toy_gan(game), ArrayBatches(X, None, 8, 0), ArrayBatches(X[:20], None, 20)


def autoencoder():
    return Autoencoder(nn.Linear(4, 2), nn.Linear(2, 4)), ArrayBatches(X, None, 8, 0), ArrayBatches(X[:20], None, 20)


KINDS = {
    "classification": classification,
    "regression": regression,
    "a tuple of inputs": lambda: several((X, EXTRA)),
    "a dict of inputs": lambda: several({"extra": EXTRA, "table": X}),
    "adversarial": adversarial,
    "adversarial by a hinge": lambda: adversarial("hinge"),
    "its own": autoencoder,
}


def train(kind: str, folder=None, **options):
    paddle.seed(0)
    task, batches, held = KINDS[kind]()
    keep = None if folder is None else CheckpointPolicy(folder, best_on="holdout", seconds=0)
    history = fit_task(task, batches, num_epochs=3, evaluations={"holdout": held}, keep=keep, quiet=True, **options)
    return task, history


@pytest.mark.parametrize("options", [{}, {"ema_decay": 0.9}], ids=["plain", "averaged"])
@pytest.mark.parametrize("kind", KINDS)
def test_killed_and_resumed_is_never_having_stopped(tmp_path, kind, options):
    whole, history = train(kind, **options)
    with killed_after(5):
        train(kind, tmp_path, **options)
    resumed, again = train(kind, tmp_path, **options)
    assert same_bits(weights(whole.network), weights(resumed.network))
    assert without_times(history.steps) == without_times(again.steps)
    assert without_times(history.evaluations) == without_times(again.evaluations)


@pytest.mark.parametrize("kind", ["regression", "a tuple of inputs", "its own"])
def test_it_learns(kind):
    _, history = train(kind)
    losses = [row["loss"] for row in history.split("holdout")]
    assert losses[-1] < 0.8 * losses[0]


def test_a_tuple_and_a_dict_are_the_same_network():
    (_, one), (_, other) = train("a tuple of inputs"), train("a dict of inputs")
    assert without_times(one.evaluations) == without_times(other.evaluations)


def test_regression_measures_the_absolute_error():
    task, history = train("regression")
    row = history.split("holdout")[-1]
    with paddle.no_grad():
        expected = np.abs(task.model(paddle.to_tensor(X[:20])).numpy()[:, 0] - Y[:20]).mean()
    assert row["mean_absolute_error"] == pytest.approx(expected, rel=1e-5) and "accuracy" not in row


def test_a_batch_in_parts_has_the_gradient_of_the_whole():
    """Uneven parts too: 8 samples in 3."""
    gradients = []
    for accumulate in (1, 3):
        paddle.seed(0)
        model = nn.Linear(4, 1)
        task = Regression(model, paddle.optimizer.SGD(1.0, model.parameters()), accumulate=accumulate)
        before = model.weight.numpy().copy()
        row = task.step(Batch.of((X[:8], Y[:8])))
        gradients.append((before - model.weight.numpy(), row["loss"]))
    np.testing.assert_allclose(gradients[0][0], gradients[1][0], rtol=1e-5)
    assert gradients[0][1] == pytest.approx(gradients[1][1], rel=1e-6)


def test_more_parts_than_samples_add_nothing():
    shares = [(len(part[0]), part.weight) for part in parts(Batch.of((X[:2], Y[:2])), 4)]
    assert sum(weight for _, weight in shares) == 1.0 and all(rows == 1 for rows, _ in shares)


def test_clipping_bounds_the_step():
    model = nn.Linear(4, 1)
    task = Regression(model, paddle.optimizer.SGD(1.0, model.parameters()), clip_norm=0.5)
    before = np.append(model.weight.numpy(), model.bias.numpy())
    task.step(Batch.of((X[:8], 100 + Y[:8])))
    moved = np.linalg.norm(np.append(model.weight.numpy(), model.bias.numpy()) - before)
    assert moved == pytest.approx(0.5, rel=1e-4)


def test_a_diverged_loss_changes_no_weight():
    model = nn.Linear(4, 1)
    task = Regression(model, paddle.optimizer.SGD(1.0, model.parameters()))
    task.step(Batch.of((X[:8], Y[:8])))
    before, task.position = weights(model), 6
    with pytest.raises(DivergedError, match="at step 7"):
        task.step(Batch.of((X[:8], np.full(8, np.nan, "float32"))))
    assert same_bits(before, weights(model))
    task.step(Batch.of((X[:8], Y[:8])))  # no gradient of the failed step is left
    assert all(np.isfinite(value).all() for value in weights(model).values())


def test_what_does_not_fit_together_is_one_line():
    model, optimizer, _ = build()
    with pytest.raises(SettingError, match=r"optimizers: \['other'\] are no networks"):
        Task({"model": model}, {"other": optimizer})
    with pytest.raises(SettingError, match="accumulate=0"):
        Supervised(model, optimizer, accumulate=0)
    with pytest.raises(SettingError, match="belong to classification_loss"):
        Supervised(model, optimizer, regression_loss, label_smoothing=0.1)
