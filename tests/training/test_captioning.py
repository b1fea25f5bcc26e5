"""The task of captions: its loss by hand, what it learns, and a resumption with the same bits."""

from __future__ import annotations

import math

import numpy as np
import paddle
import pytest

import paddle_camp as camp
from paddle_camp.data.captions.batches import NOTHING, CaptionBatches
from paddle_camp.networks.captioner import Captioner
from paddle_camp.training.captioning import PADDING, Captioning, caption_loss
from tests.helpers.toys import same_bits, weights, without_times
from tests.helpers.trainings import killed_after

WORDS = 6


def test_the_loss_by_hand():
    shares = np.array([[[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]], [[0.2, 0.2, 0.6], [0.3, 0.3, 0.4]]])
    logits = paddle.to_tensor(np.log(shares).astype(np.float32))
    targets = paddle.to_tensor(np.array([[0, 2], [1, PADDING]]))
    rights = [math.log(0.5), math.log(0.8), math.log(0.2)]
    assert float(caption_loss(logits, targets)) == pytest.approx(-sum(rights) / 3)
    spread = [np.log(row).mean() for row in (shares[0, 0], shares[0, 1], shares[1, 0])]
    smoothed = -sum(0.9 * right + 0.1 * mean for right, mean in zip(rights, spread, strict=True)) / 3
    assert float(caption_loss(logits, targets, 0.1)) == pytest.approx(smoothed)
    assert PADDING == NOTHING


def source(count=40, grid=True, seed=0):
    """Captions of one to three words that the picture's features tell."""
    rng = np.random.default_rng(5)
    pooled = rng.standard_normal((2, count, 4)).astype(np.float32)
    lengths = 1 + (pooled[0, :, 0] > 0) + (pooled[0, :, 1] > 0)
    words = np.zeros((count, 5), np.int64)
    words[:, 0] = 1
    for row, length in zip(words, lengths, strict=True):
        row[1 : length + 1] = 3 + np.arange(length)
    features = {"pooled": pooled} | ({"grid": rng.standard_normal((2, count, 5, 3)).astype(np.float32)} if grid else {})
    return CaptionBatches(features, np.arange(count), words, 8, seed)


def task(grid=True, rate=0.02, **options):
    paddle.seed(0)
    model = Captioner(WORDS, 4, 3 if grid else 0, width=8, dropout=0.2)
    optimizer = paddle.optimizer.AdamW(rate, parameters=model.parameters(), weight_decay=0.01)
    return Captioning(model, optimizer, **options)


@pytest.mark.parametrize("grid", [False, True])
def test_it_learns(grid):
    own = task(grid, label_smoothing=0.05, clip_norm=5.0)
    before = own.measure(source(grid=grid, seed=None))
    assert before["loss"] == pytest.approx(math.log(WORDS), abs=0.3) and before["samples"] == 40
    history = camp.fit_task(
        own, source(grid=grid), num_epochs=12, evaluations={"dev": source(grid=grid, seed=None)}, quiet=True
    )
    last = history.split("dev")[-1]
    assert last["loss"] < 0.6 * before["loss"] and last["perplexity"] == pytest.approx(math.exp(last["loss"]))


def test_what_is_measured_does_not_depend_on_the_batches():
    own = task()
    losses = []
    for size in (3, 40):
        every = source(seed=None)
        losses.append(own.measure(CaptionBatches(every.features, every.pictures, every.words, size))["loss"])
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def test_a_training_is_resumed_bit_for_bit(tmp_path):
    def train(folder):
        own = task()
        keep = camp.CheckpointPolicy(folder, best_on="dev", seconds=0)
        options = {"evaluations": {"dev": source(seed=None)}, "ema_decay": 0.9, "quiet": True}
        return own, camp.fit_task(own, source(), num_epochs=4, keep=keep, **options)

    whole, history = train(tmp_path / "whole")
    with killed_after(7):
        train(tmp_path / "cut")
    resumed, again = train(tmp_path / "cut")
    assert same_bits(weights(whole.network), weights(resumed.network))
    assert without_times(history.steps) == without_times(again.steps)
    assert without_times(history.evaluations) == without_times(again.evaluations)


def test_another_smoothing_is_another_training(tmp_path):
    camp.fit_task(task(), source(), num_epochs=1, keep=tmp_path, quiet=True)
    with pytest.raises(camp.errors.CheckpointError, match="label_smoothing"):
        camp.fit_task(task(label_smoothing=0.1), source(), num_epochs=1, keep=tmp_path, quiet=True)
    with pytest.raises(camp.SettingError, match="label_smoothing=1"):
        task(label_smoothing=1.0)
