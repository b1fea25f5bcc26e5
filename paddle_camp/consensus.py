"""Of several captions, the one that is most like other captions: minimum Bayes risk decoding.

The most probable caption is often not the best one. Kumar and Byrne (NAACL 2004) take the one with the least expected
loss, if each of the candidates were right with its own probability; the loss here counts n-grams, as BLEU does. The
captions of similar pictures may vote too (Devlin et al., "Exploring nearest neighbor approaches for image captioning",
arXiv:1505.04467).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

ORDERS = 4
Words = tuple[str, ...]


def likeness(captions: Sequence[Words], others: Sequence[Words]) -> np.ndarray:
    """How much captions have in common, each with each: float64 ``[N, M]``, from 0 to 1.

    The mean over n = 1 to 4 of 2 c / (a + b): c distinct n-grams in common, a and b in the two; 0 where there are none.
    """
    total = np.zeros((len(captions), len(others)))
    for n in range(1, ORDERS + 1):
        numbers: dict[Words, int] = {}
        one, other = (_table([_ngrams(words, n) for words in each], numbers) for each in (captions, others))
        one.resize(one.shape[0], len(numbers))  # the second has added n-grams that the first has not
        counts = np.asarray(one.sum(axis=1)) + np.asarray(other.sum(axis=1)).T
        total += 2 * (one @ other.T).toarray() / np.maximum(counts, 1)
    return total / ORDERS


def expected_likeness(captions: Sequence[Words], others: Sequence[Words], weights: np.ndarray) -> np.ndarray:
    """The mean likeness of each caption to the ``others``, float64 ``[N]``, with these weights ``[M]``."""
    weights = np.asarray(weights, np.float64)
    return likeness(captions, others) @ (weights / weights.sum())


def _ngrams(words: Words, n: int) -> set[Words]:
    return {words[i : i + n] for i in range(len(words) - n + 1)}


def _table(sets: Sequence[set[Words]], numbers: dict[Words, int]) -> sparse.csr_matrix:
    """A row a set, 1 in the column of each of its n-grams; new n-grams get the next ``numbers``."""
    columns = [[numbers.setdefault(each, len(numbers)) for each in found] for found in sets]
    ends = np.cumsum([0, *map(len, columns)])
    flat = np.array([column for row in columns for column in row], np.int64)
    return sparse.csr_matrix((np.ones(len(flat)), flat, ends), shape=(len(sets), len(numbers)))
