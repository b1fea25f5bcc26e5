"""What fit takes beyond the plain training, and the traps in which a training used to go wrong without a word."""

from __future__ import annotations

from functools import partial

import numpy as np
import paddle
import pytest
from paddle import nn
from paddle.optimizer.lr import PiecewiseDecay, ReduceOnPlateau

from paddle_camp.data.batches import ArrayBatches
from paddle_camp.errors import CheckpointError, SettingError
from paddle_camp.networks.freezing import freeze
from paddle_camp.networks.weights import read_arrays
from paddle_camp.training.fit import CheckpointPolicy, fit, fit_task
from paddle_camp.training.losses import balanced_weights, classification_loss, regression_loss
from paddle_camp.training.measuring import evaluate
from paddle_camp.training.tasks import Regression
from tests.helpers.toys import ToyNet, build, same_bits, toy_batches, toy_images, weights, without_times

HOLDOUT = {"holdout": toy_batches(12, seed=3, shuffle=False)}


def train(folder=None, num_epochs=3, learning_rate=0.05, network=ToyNet, batches=None, **options):
    paddle.seed(0)
    model = network()
    optimizer = paddle.optimizer.Momentum(learning_rate, parameters=model.parameters())
    keep = None if folder is None else CheckpointPolicy(folder, best_on="holdout", seconds=0)
    options = {"evaluations": HOLDOUT, "quiet": True} | options
    history = fit(model, optimizer, batches or toy_batches(), num_epochs=num_epochs, keep=keep, **options)
    return model, optimizer, history


class Killed(Exception):
    pass


def resumed(folder, killed_after: int, **options):
    """The training, killed in its ``probe`` after some epochs and started again."""
    seen = []

    def probe(network):
        seen.append(1)
        if len(seen) > killed_after:
            raise Killed
        return {}

    with pytest.raises(Killed):
        train(folder, probe=probe, **options)
    return train(folder, probe=lambda network: {}, **options)


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


def test_labels_in_a_column_give_the_same():
    data = toy_images()
    images = data.images.astype("float32") / 127.5 - 1
    found = []
    for labels in (data.labels, data.labels[:, None]):
        batches = ArrayBatches(images, labels, 5, shuffle_seed=0)
        _, _, history = train(batches=batches, evaluations={"holdout": batches})
        found.append(without_times(history.evaluations))
    assert found[0] == found[1] and found[0][-1]["accuracy"] > 0.5


def test_float_labels_are_named():
    with pytest.raises(SettingError, match="give loss_fn=regression_loss"):
        train(batches=ArrayBatches(np.zeros((4, 3, 8, 8), "float32"), np.zeros(4, "float32"), 2))
    with pytest.raises(SettingError, match=r"outputs of shape \[4, 2\] and targets of shape \[4\]"):
        regression_loss(paddle.zeros([4, 2]), paddle.zeros([4]))


def test_a_column_and_a_row_of_targets_are_not_broadcast():
    outputs, targets = paddle.to_tensor([[1.0], [2.0], [4.0]]), paddle.to_tensor([1.0, 2.0, 3.0])
    assert float(regression_loss(outputs, targets)) == pytest.approx(1 / 3)


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


def test_a_folder_says_what_it_holds(tmp_path, capsys):
    train(tmp_path, quiet=False)
    capsys.readouterr()
    train(tmp_path, quiet=False)
    assert f"finished already, after step 15 of {tmp_path}" in capsys.readouterr().err


def test_a_folder_with_half_a_training_says_where_it_goes_on(tmp_path, capsys):
    resumed(tmp_path, 2, quiet=False)  # killed at the end of the second epoch, before its save
    assert f"continuing from step 9 of {tmp_path}" in capsys.readouterr().err


class Wide(ToyNet):
    pass


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"learning_rate": 0.01}, r"learning_rate is \{'model': \[0.05\]\} there and \{'model': \[0.01\]\} here"),
        ({"num_epochs": 5}, "num_epochs is 3 there and 5 here"),
        ({"network": Wide}, "network is .*ToyNet of .* there and .*Wide of"),
        ({"batches": toy_batches(seed=1)}, "data is"),
        ({"batches": toy_batches(22)}, r"samples is 23 there and 22 here \(also different: data"),
        ({"label_smoothing": 0.1}, "label_smoothing is 0.0 there and 0.1 here"),
        ({"seed": 1}, "seed is 0 there and 1 here"),
    ],
)
def test_a_folder_of_another_training_is_refused(tmp_path, change, says):
    train(tmp_path)
    with pytest.raises(CheckpointError, match=rf"holds another training: {says}") as caught:
        train(tmp_path, **change)
    assert "\n" not in str(caught.value) and "give another folder" in str(caught.value)


def test_what_is_handed_over_is_taken_as_one_expects(tmp_path):
    """A string for a folder, one source for evaluations, arrays and an ImageSet for batches."""
    data = toy_images()
    arrays = (data.images.astype("float32") / np.float32(127.5) - np.float32(1), data.labels)
    model, optimizer, _ = build()
    history = fit(
        model, optimizer, arrays, num_epochs=1, batch_size=5, evaluations=data, keep=str(tmp_path), quiet=True
    )
    assert [row["split"] for row in history.evaluations] == ["train", "validation"]
    assert (tmp_path / "last.pdparams").exists()
    _, _, other = train(num_epochs=1, batches=toy_batches(), evaluations=None)
    assert [row["samples"] for row in history.steps] == [row["samples"] for row in other.steps]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"keep": 5}, "keep=5: give a folder"),
        ({"keep": ""}, "keep='': give a folder"),
        ({"keep": __file__}, "is a file; give a folder"),
        ({"num_epochs": 1.5}, "num_epochs=1.5: give a whole number"),
        ({"keep": CheckpointPolicy("x", best_on="valid")}, "best_on='valid': the evaluations are: holdout"),
        ({"evaluations": {"train": toy_batches()}}, r"evaluations: \['train'\] is the history's own name"),
        ({"patience": 0}, "patience=0"),
        ({"patience": 2, "evaluations": None}, "patience watches a loss"),
        ({"ema_decay": 1.0}, "ema_decay=1.0"),
        ({"clip_norm": 0.0}, "clip_norm=0.0: must be positive"),
        ({"class_weights": "even"}, "class_weights='even'"),
        ({"num_epochs": -1}, "num_epochs=-1"),
        ({"label_smoothing": 0.1, "loss_fn": regression_loss}, "belong to classification_loss"),
    ],
)
def test_what_cannot_be_is_one_line(options, says):
    model, optimizer, _ = build()
    options = {"num_epochs": 1, "evaluations": HOLDOUT, "quiet": True} | options
    with pytest.raises(SettingError, match=says) as caught:
        fit(model, optimizer, toy_batches(), **options)
    assert "\n" not in str(caught.value)


def relu_or_tanh(layer):
    return nn.Sequential(nn.Flatten(), nn.Linear(192, 4), layer(), nn.Linear(4, 2))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"network": lambda: relu_or_tanh(nn.Tanh)}, r"network is .*Sequential of 782 numbers \(layers"),
        ({"momentum": 0.5}, r"optimizer is .*Momentum\(momentum=0.9.* there and .*Momentum\(momentum=0.5"),
        ({"evaluations": {"validation": HOLDOUT["holdout"]}}, r"evaluations is \['holdout'\] there"),
        ({"loss_fn": lambda outputs, labels: classification_loss(outputs, labels)}, "loss_fn is classification_loss"),
    ],
)
def test_what_only_looks_the_same_is_refused_too(tmp_path, change, says):
    """As many numbers with another activation; another momentum; another loss."""
    first = {"network": lambda: relu_or_tanh(nn.ReLU), "momentum": 0.9}
    for options in (first, first | change):
        paddle.seed(0)
        model = options["network"]()
        optimizer = paddle.optimizer.Momentum(0.05, options["momentum"], parameters=model.parameters())
        more = {key: value for key, value in options.items() if key in ("evaluations", "loss_fn")}
        call = partial(fit, model, optimizer, toy_batches(), num_epochs=1, keep=tmp_path, quiet=True)
        if options is first:
            call(evaluations=HOLDOUT)
            continue
        with pytest.raises(CheckpointError, match=rf"holds another training: {says}"):
            call(**({"evaluations": HOLDOUT} | more))


def test_an_optimizer_of_another_network_is_named():
    model, other = ToyNet(), ToyNet()
    optimizer = paddle.optimizer.SGD(0.1, parameters=other.parameters())
    with pytest.raises(SettingError, match="model: its optimizer trains another network: build it with parameters="):
        fit(model, optimizer, toy_batches(), num_epochs=1)
    with pytest.raises(SettingError, match=r"model: give a network \(paddle.nn.Layer\), not a SGD"):
        fit(optimizer, model, toy_batches(), num_epochs=1)
    with pytest.raises(SettingError, match="model: give an optimizer .* not a float"):
        fit(model, 0.1, toy_batches(), num_epochs=1)
    with pytest.raises(SettingError, match="model: all of its parameters are frozen"):
        fit(freeze(other), optimizer, toy_batches(), num_epochs=1)
    groups = paddle.optimizer.Adam(parameters=[{"params": model.parameters()}])
    assert fit(model, groups, toy_batches(), num_epochs=1, quiet=True).steps


@pytest.mark.parametrize("dtype", ["uint8", "int32", "bool"])
def test_labels_of_any_whole_kind_are_classes(dtype):
    data = toy_images()
    images = data.images.astype("float32") / np.float32(127.5) - np.float32(1)
    found = []
    for labels in (data.labels, data.labels.astype(dtype)):
        _, _, history = train(batches=(images, labels), evaluations=(images, labels), batch_size=5)
        found.append(without_times(history.evaluations))
    assert found[0] == found[1]


@pytest.mark.parametrize("wrong", [7, -1])
def test_a_label_that_is_no_class_is_named(wrong):
    data = toy_images()
    images = data.images.astype("float32")
    labels = data.labels.copy()
    labels[3] = wrong
    with pytest.raises(
        SettingError, match=rf"label {wrong}: the network has 2 outputs, so labels are 0 to 1"
    ) as caught:
        train(batches=(images, labels), evaluations=None)
    assert "\n" not in str(caught.value)


def test_regression_on_whole_numbers_measures_the_error():
    x = np.arange(20, dtype="float32")[:, None]
    model = nn.Linear(1, 1)
    task = Regression(model, paddle.optimizer.SGD(0.0001, parameters=model.parameters()))
    history = fit_task(task, (x, np.arange(20)), num_epochs=1, evaluations=(x, np.arange(20)), quiet=True)
    assert "accuracy" not in history.last("validation") and history.last("validation")["mean_absolute_error"] > 0


def test_an_evaluation_shows_itself():
    model, _, _ = build()
    found = evaluate(model, toy_images())
    shown = found._repr_html_()
    assert f"{found.accuracy:.4f} (95 %: " in shown and "taken for 1" in shown and "<table>" in shown
    assert repr(found).startswith("Evaluation(loss=")


def test_a_folder_in_the_home_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    train(num_epochs=1)
    model, optimizer, _ = build()
    fit(model, optimizer, toy_batches(), num_epochs=1, keep="~/mine", quiet=True)
    assert (tmp_path / "mine" / "last.pdparams").is_file()
