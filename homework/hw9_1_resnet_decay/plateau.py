"""Where a falling loss becomes flat: a broken line, fitted to the losses of several trainings, and how far it is sure.

The model: the loss falls along a straight line up to a step and stays at a level from there on (Hinkley, Biometrika 56,
1969). It often fits better than a line without a break by the noise alone: by how much, a wild bootstrap shows (Wu,
Annals of Statistics 14, 1986), which turns the sign of the line's residuals, block by block. A break counts as the
beginning of a plateau if such a fit comes about by chance in at most :data:`CHANCE` of the draws, and if neither the
training loss behind it nor the loss on held-out pictures still falls.

How often the rule is wrong is simulated in ``tests/homework/test_9_1_plateau.py``, with 36 steps an epoch, noise of 0.3
at each step and a loss that falls from 0.7 to 0.2: a steady fall is taken for a plateau in at most 5 % of the draws, a
real plateau is found within an epoch in at least 90 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from paddle_camp.comparisons import BETTER, LEVEL, compare_with_value
from paddle_camp.noise import falls

CHANCE = 0.02  # of a broken line's fit: less than the 5 % allowed, since noise that shrinks with the loss adds to it
DRAWS = 500  # of each bootstrap


@dataclass(frozen=True)
class Plateau:
    """What the losses say about a plateau.

    Attributes:
        step: where the broken line breaks: that many steps are done when the loss stops falling.
        found: whether a plateau begins there.
        chance: the share of draws without a break in which the broken line gains as much.
        bends: whether that is little enough.
        fall: of the loss in an epoch, before the step.
        level: of the loss behind it.
        loss_falls: whether the training loss still falls behind the step.
        holdout_falls: whether the loss on held-out pictures does; with a single training that cannot be told.
        interval: 95 % interval of the step, over trainings and noise.
        of_each: the step of each training by itself.
    """

    step: int
    found: bool
    chance: float
    bends: bool
    fall: float
    level: float
    loss_falls: bool
    holdout_falls: bool
    interval: list[int]
    of_each: list[int]


class BrokenLine:
    """Least-squares fits of a line that falls up to a step and is flat from there on, for every step at once.

    Args:
        steps: of the training.
        per_epoch: the break leaves an epoch behind it, and half of one before it.
    """

    def __init__(self, steps: int, per_epoch: int):
        self.breaks = np.arange(max(2, per_epoch // 2), steps - per_epoch + 1)
        self.shapes = np.maximum(self.breaks[:, None] - np.arange(steps), 0.0)
        self._basis = _unit(self.shapes)
        self._line = _unit(-np.arange(steps, dtype=float)[None])

    def best(self, losses: np.ndarray) -> np.ndarray:
        """``[R]``: the index of the best break of each row of losses ``[R, steps]``."""
        return (_centred(losses) @ self._basis.T).argmax(axis=1)

    def gain(self, losses: np.ndarray) -> np.ndarray:
        """``[R]``: how much less the broken line leaves over than a falling line without a break, relatively."""
        centred = _centred(losses)
        whole = (centred**2).sum(axis=1)
        broken = whole - np.maximum(centred @ self._basis.T, 0).max(axis=1) ** 2
        line = whole - np.maximum(centred @ self._line[0], 0) ** 2
        return (line - broken) / np.maximum(broken, np.finfo(float).tiny)

    def fitted(self, losses: np.ndarray, index: int) -> tuple[np.ndarray, float, float]:
        """The broken line with one break through losses ``[steps]``, its fall in a step and its level."""
        shape = self.shapes[index]
        fit = stats.linregress(shape, losses)
        return fit.intercept + fit.slope * shape, float(fit.slope), float(fit.intercept)


def find_plateau(losses: ArrayLike, holdout: ArrayLike, per_epoch: int) -> Plateau:
    """Where the mean of several trainings' losses becomes flat, and whether that is a plateau.

    Args:
        losses: ``[S, T]``, of S trainings at the same constant rate.
        holdout: ``[S, E]``, losses on held-out pictures after each of the E epochs.
        per_epoch: steps of an epoch.
    """
    each, epochs = np.asarray(losses, np.float64), np.asarray(holdout, np.float64)
    mean, rng = each.mean(axis=0), np.random.default_rng(0)  # the same losses, the same answer
    line = BrokenLine(each.shape[1], per_epoch)
    index = int(line.best(mean[None])[0])
    step, (_, slope, level) = int(line.breaks[index]), line.fitted(mean, index)
    chance = _chance(mean, line, per_epoch, rng)
    loss_falls = falls(mean[step:])
    holdout_falls = _all_fall(epochs[:, -(-step // per_epoch) - 1 :])
    bends = chance <= CHANCE
    found = bends and not loss_falls and not holdout_falls
    interval = _interval(each, index, line, per_epoch, rng)
    of_each = line.breaks[line.best(each)].tolist()
    return Plateau(step, found, chance, bends, slope * per_epoch, level, loss_falls, holdout_falls, interval, of_each)


def choose_step(plateau: Plateau, per_epoch: int, num_epochs: int) -> int:
    """Where the plateau begins; as long as the loss falls there is none yet: then two epochs before the end."""
    if plateau.found or not plateau.loss_falls:
        return plateau.step
    return max(plateau.step, per_epoch * (num_epochs - 2))


def broken_line(plateau: Plateau, steps: int, per_epoch: int) -> np.ndarray:
    """``[steps]``: the losses that the fitted line has."""
    return plateau.level + plateau.fall / per_epoch * np.maximum(plateau.step - np.arange(steps), 0)


def _centred(rows: np.ndarray) -> np.ndarray:
    return rows - rows.mean(axis=1, keepdims=True)


def _unit(rows: np.ndarray) -> np.ndarray:
    """Rows of mean 0 and length 1."""
    centred = _centred(rows)
    return centred / np.linalg.norm(centred, axis=1, keepdims=True)


def _block(per_epoch: int) -> int:
    """Steps whose noise stays together in a bootstrap: a quarter of an epoch."""
    return max(2, per_epoch // 4)


def _chance(losses: np.ndarray, line: BrokenLine, per_epoch: int, rng: np.random.Generator) -> float:
    """How often losses that fall along one line, with this noise, let the broken line gain as much."""
    steps, block = len(losses), _block(per_epoch)
    fit = stats.linregress(np.arange(steps), losses)
    straight = fit.intercept + fit.slope * np.arange(steps)
    signs = rng.choice([-1.0, 1.0], (DRAWS, -(-steps // block))).repeat(block, axis=1)[:, :steps]
    gains = line.gain(straight + signs * (losses - straight))
    return float((1 + (gains >= line.gain(losses[None])).sum()) / (1 + DRAWS))


def _all_fall(losses: np.ndarray) -> bool:
    """Whether lines through the losses ``[S, E]`` of S trainings fall, as far as S slopes can tell."""
    if losses.shape[1] < 2:
        return False
    slopes = np.polyfit(np.arange(losses.shape[1]), losses.T, 1)[0]
    return compare_with_value(slopes, 0.0, lower_is_better=True)["verdict"] == BETTER


def _interval(each: np.ndarray, index: int, line: BrokenLine, per_epoch: int, rng: np.random.Generator) -> list[int]:
    """Of the break: trainings are drawn with replacement, and each one's noise in blocks."""
    count, steps = each.shape
    block = _block(per_epoch)
    fits = np.array([line.fitted(losses, index)[0] for losses in each])
    seeds = rng.integers(0, count, (DRAWS, count))
    starts = rng.integers(0, steps - block + 1, (DRAWS, count, -(-steps // block)))
    places = (starts[..., None] + np.arange(block)).reshape(DRAWS, count, -1)[..., :steps]
    drawn = fits[seeds] + (each - fits)[seeds[..., None], places]
    breaks = line.breaks[line.best(drawn.mean(axis=1))]
    return [round(end) for end in np.quantile(breaks, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()]
