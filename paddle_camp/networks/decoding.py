"""Captions out of networks that predict a word at a time: greedy and beam search, by one network or several."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import paddle
from scipy.special import log_softmax

from paddle_camp.nested import map_arrays
from paddle_camp.networks.modes import evaluating

END, START, UNKNOWN = 0, 1, 2  # the first numbers of a vocabulary
NEVER = -1e9  # the logarithm of a probability of 0
AT_ONCE = 250  # pictures


class WordByWord(Protocol):
    """A network that continues captions; its state is tensors with a row for each caption, in any nesting."""

    def start(self, **features: paddle.Tensor) -> Any:
        """The state before the first word."""

    def step(self, state: Any, words: paddle.Tensor) -> tuple[paddle.Tensor, Any]:
        """Logits ``[B, V]`` of the next word, and the next state, behind the words int64 ``[B]``."""


@dataclass(frozen=True)
class Candidate:
    """A caption that a search has found: numbers of words, and the logarithm of its probability, its end included."""

    words: tuple[int, ...]
    score: float

    def rank(self, exponent: float) -> float:
        """The score by which captions of different lengths are compared: divided by (words + 1) ** exponent."""
        return self.score / (len(self.words) + 1) ** exponent


def beam_search(
    networks: Sequence[Any], features: Mapping[str, np.ndarray], width: int, longest: int = 20
) -> list[list[Candidate]]:
    """The captions found by keeping the ``width`` most probable beginnings; with a width of 1 it is greedy search.

    An end that is among the ``width`` best continuations makes a caption; the search goes on with the best that do not
    end, to the longest caption. There is no unknown word in it, and at least one known.

    Args:
        networks: :class:`WordByWord`; several are asked together: the mean of their logarithmic probabilities counts.
        features: name -> float32 ``[N, ...]``, a row a picture; each network's ``start`` is given all of them.
        longest: words of a caption at most.

    Returns:
        The candidates for each picture, one at least, the most probable first.
    """
    found: list[list[Candidate]] = []
    count = len(next(iter(features.values())))
    with contextlib.ExitStack() as stack:
        for network in networks:
            stack.enter_context(evaluating(network))
        for start in range(0, count, AT_ONCE):
            part = {name: paddle.to_tensor(values[start : start + AT_ONCE]) for name, values in features.items()}
            found += _search(networks, part, width, longest)
    return [sorted(each, key=lambda candidate: -candidate.score) for each in found]


def _search(
    networks: Sequence[Any], features: Mapping[str, paddle.Tensor], width: int, longest: int
) -> list[list[Candidate]]:
    states = [map_arrays(lambda x: x.repeat_interleave(width, 0), network.start(**features)) for network in networks]
    count = len(next(iter(features.values())))
    words = np.full((count, width, 1), START, np.int64)  # of each beginning
    scores = np.full((count, width), NEVER)
    scores[:, 0] = 0.0  # all beginnings are the same at first: one of them counts
    found: list[list[Candidate]] = [[] for _ in range(count)]
    for place in range(longest + 1):
        logs, states = _next(networks, states, words[:, :, -1])
        logs[..., [START, UNKNOWN]] = NEVER
        if place == 0:
            logs[..., END] = NEVER
        if place == longest:
            logs[..., END + 1 :] = NEVER
        totals = (scores[:, :, None] + logs).reshape(count, -1)
        best = _largest(totals, 2 * width)
        beam, word = np.divmod(best, logs.shape[-1])
        values, ends = np.take_along_axis(totals, best, axis=1), word == END
        for row, column in np.argwhere(ends[:, :width] & (values[:, :width] > NEVER / 2)):
            said = tuple(words[row, beam[row, column], 1:].tolist())
            found[row].append(Candidate(said, float(values[row, column])))
        on = np.argsort(ends, axis=1, kind="stable")[:, :width]  # those that do not end, the best first
        beam, word, scores = (np.take_along_axis(each, on, axis=1) for each in (beam, word, values))
        words = np.concatenate([np.take_along_axis(words, beam[:, :, None], axis=1), word[:, :, None]], axis=2)
        rows = paddle.to_tensor((np.arange(count)[:, None] * width + beam).reshape(-1))
        states = [map_arrays(lambda x: paddle.gather(x, rows), state) for state in states]  # noqa: B023
    return found


def _next(networks: Sequence[Any], states: list, words: np.ndarray) -> tuple[np.ndarray, list]:
    """The mean logarithmic probabilities, float64 ``[N, width, V]``, of the words behind ``words``; the next states."""
    given, logs, following = paddle.to_tensor(words.reshape(-1)), [], []
    for network, state in zip(networks, states, strict=True):
        logits, state = network.step(state, given)
        logs.append(log_softmax(logits.astype("float32").numpy(), axis=-1))
        following.append(state)
    return np.mean(logs, axis=0, dtype=np.float64).reshape(*words.shape, -1), following


def _largest(values: np.ndarray, count: int) -> np.ndarray:
    """The places of the ``count`` largest of each row, the largest first."""
    some = np.argpartition(-values, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(values, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1)
