"""Homework 9-1's rule: how often it is wrong, by simulation, and what keeps it from naming a step."""

from __future__ import annotations

import numpy as np
import pytest

from homework.hw9_1_resnet_decay.plateau import BrokenLine, broken_line, find_plateau

PER_EPOCH = 36
NOISE = 0.3  # standard deviation of a step's loss


def falling(*pieces: tuple[float, float, int]) -> np.ndarray:
    """Lines one behind the other: from, to, over so many steps."""
    return np.concatenate([np.linspace(*piece) for piece in pieces])


def simulate(mean: np.ndarray, trainings: int, draws: int, shrinking: bool = False) -> list:
    """The rule's answers about losses that scatter around ``mean``, and held-out losses that scatter less.

    Args:
        shrinking: the noise is proportional to the loss, as that of real trainings is.
    """
    rng = np.random.default_rng(0)
    deviation = NOISE * (mean / mean.mean() if shrinking else 1)
    found = []
    for _ in range(draws):
        losses = mean + deviation * rng.normal(size=(trainings, len(mean)))
        holdout = mean[PER_EPOCH - 1 :: PER_EPOCH] + rng.normal(0, 0.05, (trainings, len(mean) // PER_EPOCH))
        found.append(find_plateau(losses, holdout, PER_EPOCH))
    return found


STEADY = falling((0.7, 0.2, 180))  # five epochs
FLAT_LATER = falling((0.7, 0.2, 90), (0.2, 0.2, 162))  # seven epochs, of which two and a half fall


@pytest.mark.parametrize("trainings", [1, 3])
@pytest.mark.parametrize("shrinking", [False, True])
def test_a_steady_fall_is_a_plateau_in_at_most_5_percent(trainings, shrinking):
    found = [plateau.found for plateau in simulate(STEADY, trainings, 300, shrinking)]
    assert np.mean(found) <= 0.05


@pytest.mark.parametrize("trainings", [1, 3])
def test_a_real_plateau_is_found_within_an_epoch_in_90_percent(trainings):
    right = [p.found and abs(p.step - 90) <= PER_EPOCH for p in simulate(FLAT_LATER, trainings, 100)]
    assert np.mean(right) >= 0.9


def test_the_interval_holds_the_true_step():
    inside = [p.interval[0] <= 90 <= p.interval[1] for p in simulate(FLAT_LATER, 3, 100)]
    assert np.mean(inside) >= 0.85  # a bootstrap of three trainings is a little narrow


def test_losses_cut_sooner_or_later_do_not_move_the_step():
    """As long as the flat part is long enough to be seen, where the training ends does not matter."""
    rng = np.random.default_rng(1)
    losses = FLAT_LATER + rng.normal(0, NOISE, (3, len(FLAT_LATER)))
    cut = [find_plateau(losses[:, : PER_EPOCH * n], np.ones((3, n)), PER_EPOCH) for n in (5, 6, 7)]
    assert all(plateau.found for plateau in cut)
    assert max(p.step for p in cut) - min(p.step for p in cut) <= PER_EPOCH // 3


def test_a_held_out_loss_that_still_falls_is_no_plateau():
    losses = FLAT_LATER + np.random.default_rng(2).normal(0, NOISE, (3, len(FLAT_LATER)))
    flat = np.full((3, 7), 0.4) + np.random.default_rng(3).normal(0, 0.01, (3, 7))
    assert find_plateau(losses, flat, PER_EPOCH).found
    still = find_plateau(losses, flat - 0.05 * np.arange(7), PER_EPOCH)
    assert still.holdout_falls and not still.found and still.bends


def test_a_training_loss_that_falls_behind_its_bend_is_no_plateau():
    mean = falling((0.9, 0.5, 72), (0.5, 0.1, 180))
    losses = mean + np.random.default_rng(4).normal(0, 0.1, (3, len(mean)))
    plateau = find_plateau(losses, np.full((3, 7), 0.4), PER_EPOCH)
    assert plateau.bends and plateau.loss_falls and not plateau.found


def test_a_loss_that_never_falls_has_no_plateau_to_begin():
    rng = np.random.default_rng(5)
    found = [find_plateau(rng.normal(0.69, 0.05, (3, 252)), np.full((3, 7), 0.69), PER_EPOCH).found for _ in range(40)]
    assert np.mean(found) <= 0.1


def test_the_broken_line_is_found_without_noise():
    mean = falling((1.0, 0.3, 101), (0.3, 0.3, 99))
    plateau = find_plateau(mean[None] + np.random.default_rng(6).normal(0, 1e-3, (1, 200)), np.full((1, 10), 0.3), 20)
    assert plateau.found and abs(plateau.step - 100) <= 1
    assert plateau.fall == pytest.approx(20 * 0.007, rel=0.01) and plateau.level == pytest.approx(0.3, abs=1e-3)
    np.testing.assert_allclose(broken_line(plateau, 200, 20), mean, atol=0.01)
    assert plateau.of_each == [plateau.step] and not plateau.holdout_falls  # which one training cannot tell


def test_a_break_leaves_an_epoch_behind_it():
    line = BrokenLine(180, PER_EPOCH)
    assert (line.breaks[0], line.breaks[-1]) == (18, 144)


def test_the_same_losses_give_the_same_answer():
    losses = FLAT_LATER + np.random.default_rng(7).normal(0, NOISE, (2, len(FLAT_LATER)))
    assert find_plateau(losses, np.ones((2, 7)), PER_EPOCH) == find_plateau(losses.tolist(), np.ones((2, 7)), PER_EPOCH)
