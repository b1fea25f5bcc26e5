"""The loop: means over samples, modes and weights untouched by evaluation, same seed same bits, resume."""

from __future__ import annotations

import functools
import pickle
import signal
import threading

import numpy as np
import paddle
import pytest

from paddle_camp.errors import CheckpointError, DivergedError, OutOfMemoryError
from paddle_camp.files import read_sealed, write_sealed
from paddle_camp.training import checkpoint, session
from paddle_camp.training.fit import CheckpointPolicy, fit
from paddle_camp.training.loop import train_one_epoch
from paddle_camp.training.losses import classification_loss
from paddle_camp.training.measuring import evaluate
from paddle_camp.training.tasks import Supervised
from tests.helpers.toys import build, same_bits, toy_batches, weights, without_times

EVALUATIONS = {"holdout": toy_batches(12, seed=3, shuffle=False), "validation": toy_batches(14, seed=4, shuffle=False)}


def train(folder=None, num_epochs=3, boundaries=(), seed=0, **more):
    model, optimizer, schedule = build(boundaries, seed=seed)
    kept = {"every_epoch": more.pop("every_epoch", True), "seconds": more.pop("every", 60)}
    keep = None if folder is None else CheckpointPolicy(folder, best_on="holdout", **kept)
    options = {"schedule": schedule, "evaluations": EVALUATIONS, "eval_steps": {12}, "seed": seed, "quiet": True}
    history = fit(model, optimizer, toy_batches(), num_epochs=num_epochs, keep=keep, **options | more)
    return model, history


def test_the_epoch_loss_is_weighted_by_samples():
    model, optimizer, _ = build()
    rows = []
    mean = train_one_epoch(Supervised(model, optimizer), toy_batches(), on_step=rows.append)
    assert [row["samples"] for row in rows] == [5, 5, 5, 5, 3]
    assert mean == pytest.approx(sum(row["loss"] * row["samples"] for row in rows) / 23)
    assert mean != pytest.approx(np.mean([row["loss"] for row in rows]))  # what the course's script printed


def test_evaluation_does_not_depend_on_the_batch_size():
    model, _, _ = build()
    whole, parts = (evaluate(model, toy_batches(14, size, shuffle=False)) for size in (14, 4))
    assert parts.loss == pytest.approx(whole.loss, rel=1e-6)
    assert parts.accuracy == whole.accuracy
    np.testing.assert_allclose(parts.outputs, whole.outputs, atol=1e-6)


def test_evaluation_changes_nothing():
    model, _, _ = build()
    model.train()
    model.norm.eval()  # a layer frozen by hand stays frozen
    before = weights(model)
    evaluate(model, toy_batches())
    assert same_bits(before, weights(model))
    assert (model.training, model.dropout.training, model.norm.training) == (True, True, False)
    with pytest.raises(KeyError):
        evaluate(model, {}["no data"])


def test_modes_come_back_after_an_error():
    model, _, _ = build()
    model.train()
    with pytest.raises(ZeroDivisionError):
        evaluate(model, toy_batches(), loss_fn=lambda output, labels: 1 / 0)
    assert model.training and model.norm.training


def test_one_logit_and_two_give_the_same_loss():
    logit = paddle.to_tensor([[0.3], [-1.2], [2.0]])
    labels = paddle.to_tensor([1, 0, 0])
    two = paddle.concat([paddle.zeros_like(logit), logit], axis=1)
    assert float(classification_loss(logit, labels)) == pytest.approx(float(classification_loss(two, labels)), rel=1e-6)


def test_auxiliary_heads_count_three_tenths():
    heads = [paddle.to_tensor([[0.3, 0.1], [1.0, -1.0]]) * k for k in (1.0, 2.0, 3.0)]
    labels = paddle.to_tensor([0, 1])
    one, two, three = (float(classification_loss(head, labels)) for head in heads)
    assert float(classification_loss(tuple(heads), labels)) == pytest.approx(one + 0.3 * (two + three), rel=1e-6)


def test_the_loss_is_float32_for_half_precision_logits():
    logits = paddle.to_tensor([[0.3, 0.1]]).astype("bfloat16")
    assert classification_loss(logits, paddle.to_tensor([1])).dtype == paddle.float32


def test_same_seed_same_bits_and_another_seed_others():
    one, other, third = train(), train(), train(seed=1)
    assert same_bits(weights(one[0]), weights(other[0]))
    assert without_times(one[1].steps) == without_times(other[1].steps)
    assert not same_bits(weights(one[0]), weights(third[0]))


def test_the_history_has_every_step_and_measurement():
    _, history = train(num_epochs=3, boundaries=[7])
    assert history.column("step") == list(range(1, 16))
    assert history.column("learning_rate") == [0.05] * 7 + [0.005] * 8
    where = [(row["epoch"], row["split"]) for row in history.evaluations]
    splits = ("holdout", "validation")
    expected = [(1, "train"), *[(1, s) for s in splits], (2, "train"), *[(2, s) for s in splits]]
    assert where == expected + [(2.4, s) for s in splits] + [(3, "train"), *[(3, s) for s in splits]]


class Kill(BaseException):
    """Stands for SIGKILL: nothing in the library may catch it."""


@pytest.mark.parametrize("killed_after", [1, 5, 6, 9, 12, 14])
def test_resume_equals_never_having_stopped(tmp_path, monkeypatch, killed_after):
    whole = train(tmp_path / "whole", boundaries=[7])

    def after_step(self, row, original=session.Session.after_step):
        original(self, row)
        if row["step"] == killed_after:
            raise Kill

    with monkeypatch.context() as patch:
        patch.setattr(session.Session, "after_step", after_step)
        with pytest.raises(Kill):
            train(tmp_path / "cut", boundaries=[7], every=0)
    assert checkpoint.read_state(tmp_path / "cut", "last")["step"] >= killed_after - 1
    resumed = train(tmp_path / "cut", boundaries=[7])
    assert same_bits(weights(whole[0]), weights(resumed[0]))
    assert without_times(whole[1].steps) == without_times(resumed[1].steps)
    assert without_times(whole[1].evaluations) == without_times(resumed[1].evaluations)
    for name in ("last", "best", "epoch_2"):
        arrays = [checkpoint.read_arrays(tmp_path / run / f"{name}.pdparams") for run in ("whole", "cut")]
        assert same_bits(*arrays), name


def test_a_finished_run_is_not_trained_again(tmp_path):
    first, history = train(tmp_path)
    again, same = train(tmp_path)
    assert same_bits(weights(first), weights(again))
    assert history.steps == same.steps  # seconds included: nothing was measured anew


def test_best_is_the_epoch_with_the_lowest_holdout_loss(tmp_path):
    _, history = train(tmp_path, num_epochs=4)
    losses = [row["loss"] for row in history.split("holdout") if row["epoch"] % 1 == 0]
    best = int(np.argmin(losses)) + 1
    arrays = [checkpoint.read_arrays(tmp_path / f"{name}.pdparams") for name in ("best", f"epoch_{best}")]
    assert same_bits(*arrays)


def test_a_loss_that_is_not_finite_names_its_step(tmp_path):
    calls = []

    def explode(output, labels):
        calls.append(1)
        loss = classification_loss(output, labels)
        return loss * float("nan") if len(calls) == 3 else loss

    with pytest.raises(DivergedError, match="training loss became nan at step 3: .*learning_rate") as caught:
        train(tmp_path, loss_fn=explode, every=0)
    assert caught.value.step == 3
    assert checkpoint.read_state(tmp_path, "last")["step"] == 2


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM] * 3])  # Paddle's launcher sends three
def test_ctrl_c_saves_after_the_step_and_resumes(tmp_path, signals):
    whole = train()

    @functools.wraps(classification_loss)  # the same loss in the folder's eyes
    def press(output, labels, presses=[7]):  # noqa: B006  (counts the calls)
        presses[0] -= 1
        if presses[0] == 0:
            for number in signals:
                signal.raise_signal(number)
        return classification_loss(output, labels)

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, loss_fn=press)
    assert checkpoint.read_state(tmp_path, "last")["step"] > 0
    resumed = train(tmp_path)
    assert same_bits(weights(whole[0]), weights(resumed[0]))


def test_signal_handlers_are_put_back():
    before = signal.getsignal(signal.SIGINT)
    train(num_epochs=1)
    assert signal.getsignal(signal.SIGINT) is before


def test_fit_works_outside_the_main_thread():
    done = []
    thread = threading.Thread(target=lambda: done.append(train(num_epochs=1)))
    thread.start()
    thread.join()
    assert len(done[0][1].steps) == 5


class Hungry(paddle.nn.Layer):
    def forward(self, images):
        return images.sum([1, 2, 3]).reshape([-1, 1]) * paddle.zeros([1, 10**13])  # 40 terabytes


@pytest.mark.parametrize(
    ("batch_size", "says"), [(5, "5 samples: start again with -o batch_size=2"), (1, "smaller pictures")]
)
def test_out_of_memory_names_the_next_smaller_batch(batch_size, says):
    _, optimizer, _ = build()
    with pytest.raises(OutOfMemoryError, match=f"in a training step of {says}" if batch_size > 1 else says) as caught:
        fit(Hungry(), optimizer, toy_batches(batch_size=batch_size), num_epochs=1, quiet=True)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value) and "\n" not in str(again)


def test_out_of_memory_in_an_evaluation_is_not_put_on_the_training_batch():
    with pytest.raises(OutOfMemoryError, match="in an evaluation of 4 samples: take smaller pictures"):
        evaluate(Hungry(), toy_batches(14, 4, shuffle=False))


@pytest.mark.parametrize(
    "change",
    [
        {"step": "three"},
        {"step": None},
        {"best": 5},
        {"history": []},
        {"history": {"steps": 5, "evaluations": []}},
        {"history": {"steps": [1], "evaluations": []}},
        {"history": {"steps": [{"step": 1}], "evaluations": []}},
    ],
)
def test_a_state_without_a_place_in_a_training_is_one_line(tmp_path, change):
    """Its checksum is right: who writes a file can write that too."""
    train(tmp_path, num_epochs=2)
    path = tmp_path / "last.state.json"
    manifest = read_sealed(path)
    manifest["state"] |= change
    write_sealed(path, manifest)
    with pytest.raises(CheckpointError, match="last holds no place in a training") as caught:
        train(tmp_path, num_epochs=2)
    assert "\n" not in str(caught.value)
