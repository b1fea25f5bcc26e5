"""What fit takes beyond the plain training: each option against its formula, and resumed."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from paddle.optimizer.lr import PiecewiseDecay, ReduceOnPlateau

from paddle_camp.errors import SettingError
from paddle_camp.networks.weights import read_arrays
from paddle_camp.training.losses import balanced_weights, classification_loss
from paddle_camp.training.measuring import evaluate
from tests.helpers.toys import ToyNet, build, same_bits, toy_batches, toy_images, weights, without_times
from tests.helpers.trainings import HOLDOUT, resumed, train

OPTIONS = {
    "ema_decay": {"ema_decay": 0.9},
    "clip_norm": {"clip_norm": 0.1},
    "accumulate": {"accumulate": 2},
    "class_weights": {"class_weights": "balanced"},
    "label_smoothing": {"label_smoothing": 0.1},
    "patience": {"patience": 2, "num_epochs": 6},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_changes_the_training_and_is_resumed_bit_for_bit(tmp_path, name):
    options = OPTIONS[name]
    batches = toy_batches(21) if name == "class_weights" else None  # 11 of one class and 10 of the other
    plain, _, _ = train(batches=batches)
    model, _, history = train(batches=batches, probe=lambda network: {}, **options)
    assert name == "patience" or not same_bits(weights(plain), weights(model))
    again, _, its_history = resumed(tmp_path, 2, batches=batches, **options)
    assert same_bits(weights(model), weights(again))
    assert without_times(history.steps) == without_times(its_history.steps)
    assert without_times(history.evaluations) == without_times(its_history.evaluations)


def test_the_average_is_that_of_the_formula(tmp_path):
    """Against a loop in numpy over the weights after each step; it is what is measured, saved and returned."""
    trained: list[dict] = []
    paddle.seed(0)
    start = weights(ToyNet())
    for steps in range(1, 6):  # one epoch of five steps, cut after each of them
        model, _, _ = train(num_epochs=1, batches=Cut(steps))
        trained.append(weights(model))
    average = {key: value.astype(np.float64) for key, value in start.items()}
    for step, values in enumerate(trained, start=1):
        share = 1 - min(0.9, step / (step + 10))
        average = {key: own + share * (values[key] - own) for key, own in average.items()}
    model, _, history = train(tmp_path, num_epochs=1, ema_decay=0.9)
    for key, value in weights(model).items():
        np.testing.assert_allclose(value, average[key], rtol=1e-4, atol=1e-6)
    assert same_bits(weights(model), {k: np.asarray(v) for k, v in read_arrays(tmp_path / "best.pdparams").items()})
    assert history.split("holdout")[-1]["loss"] == evaluate(model, HOLDOUT["holdout"]).loss


class Cut:
    """The first steps of the toy's epoch."""

    def __init__(self, steps: int):
        self.whole, self.steps = toy_batches(), steps
        self.batch_size, self.num_samples = 5, min(23, 5 * steps)

    def __len__(self):
        return self.steps

    def epoch(self, epoch=0, start=0):
        for number, batch in zip(range(self.steps), self.whole.epoch(epoch), strict=False):
            if number >= start:
                yield batch


def test_smoothing_and_class_weights_against_numpy():
    logits, labels = np.random.default_rng(0).normal(size=(6, 3)).astype("float32"), np.array([0, 0, 0, 1, 1, 2])
    log = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    soft = 0.8 * np.eye(3)[labels] + 0.2 / 3
    each = -(soft * log).sum(axis=1)
    args = paddle.to_tensor(logits), paddle.to_tensor(labels)
    assert float(classification_loss(*args, label_smoothing=0.2)) == pytest.approx(each.mean(), rel=1e-6)
    balanced = balanced_weights(labels)
    np.testing.assert_allclose(balanced, [2 / 3, 1, 2])  # 6 / (3 classes x 3, 2, 1 samples)
    weighted = float(classification_loss(*args, label_smoothing=0.2, class_weights=balanced))
    assert weighted == pytest.approx((each * balanced[labels]).mean(), rel=1e-6)
    one = paddle.to_tensor(logits[:, :1])
    assert float(classification_loss(one, args[1].clip(max=1), label_smoothing=0.2)) == pytest.approx(
        np.mean(np.log1p(np.exp(logits[:, 0])) - (0.8 * np.minimum(labels, 1) + 0.1) * logits[:, 0]), rel=1e-5
    )


def test_patience_stops_after_so_many_epochs_without_a_new_minimum():
    _, _, history = train(num_epochs=30, learning_rate=0.5, patience=2)
    losses = [row["loss"] for row in history.split("holdout")]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 2 < 30


def test_the_schedule_is_the_optimizers():
    def rates(**options):
        schedule = PiecewiseDecay([5, 10], [0.1, 0.01, 0.001])
        return train(learning_rate=schedule, **options)[2].column("learning_rate")

    assert rates() == [0.1] * 5 + [0.01] * 5 + [0.001] * 5
    schedule = PiecewiseDecay([1, 2], [0.1, 0.01, 0.001])  # the same, counted in epochs
    assert train(learning_rate=schedule, schedule_interval="epoch")[2].column("learning_rate") == rates()
    with pytest.raises(SettingError, match="schedule= is not the optimizer's"):
        rates(schedule=PiecewiseDecay([5], [0.1, 0.01]))
    with pytest.raises(SettingError, match="schedule_interval='batch'"):
        rates(schedule_interval="batch")


def test_reduce_on_plateau_gets_the_watched_loss(tmp_path):
    def schedule():
        return ReduceOnPlateau(0.5, patience=0, factor=0.1, threshold=0.0)

    model, optimizer, history = train(num_epochs=6, learning_rate=schedule(), probe=lambda network: {})
    losses = [row["loss"] for row in history.split("holdout")]
    rate, expected, best = 0.5, [], np.inf
    for loss in losses:
        expected += [rate] * 5
        rate, best = (rate, loss) if loss < best else (rate * 0.1, best)
    assert history.column("learning_rate") == pytest.approx(expected) and expected[-1] < 0.5
    again, _, its = resumed(tmp_path, 3, num_epochs=6, learning_rate=schedule())
    assert its.column("learning_rate") == history.column("learning_rate")
    assert same_bits(weights(model), weights(again))
    with pytest.raises(SettingError, match="ReduceOnPlateau watches a loss"):
        train(learning_rate=schedule(), evaluations=None)


def test_an_evaluation_shows_itself():
    model, _, _ = build()
    found = evaluate(model, toy_images())
    shown = found._repr_html_()
    assert f"{found.accuracy:.4f} (95 %: " in shown and "taken for 1" in shown and "<table>" in shown
    assert repr(found).startswith("Evaluation(loss=")
