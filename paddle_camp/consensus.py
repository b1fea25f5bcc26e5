"""Of several captions, the one that is most like all the others: minimum Bayes risk decoding.

The most probable caption is often a short and general one. Kumar and Byrne (NAACL 2004) take the one with the least
expected loss instead, if each of the candidates were right with its own probability; the loss here counts n-grams, as
BLEU does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

ORDERS = 4
Words = tuple[str, ...]


def ngrams(words: Words) -> list[Counter[Words]]:
    """How often each sequence of 1, of 2, of 3 and of 4 words stands in a caption."""
    return [Counter(words[i : i + n] for i in range(len(words) - n + 1)) for n in range(1, ORDERS + 1)]


def likeness(one: Sequence[Counter[Words]], other: Sequence[Counter[Words]]) -> float:
    """From 0 to 1: the share of n-grams that two captions have in common, the mean over n = 1 to 4.

    Args:
        one, other: of :func:`ngrams`. Common n-grams count twice, over the n-grams of both; 0 where there are none.
    """
    shares = [2 * (a & b).total() / max(1, a.total() + b.total()) for a, b in zip(one, other, strict=True)]
    return sum(shares) / ORDERS


def consensus(captions: Sequence[Words], scores: Sequence[float], temperature: float = 1.0) -> int:
    """The place of the caption with the highest expected likeness to one drawn from all of them.

    Args:
        captions: one at least.
        scores: logarithms of their probabilities, up to a constant.
        temperature: divides the scores; a large one lets all captions count alike.
    """
    weights = np.exp((np.asarray(scores) - np.max(scores)) / temperature)
    counted = [ngrams(words) for words in captions]
    expected = [sum(w * likeness(one, other) for w, other in zip(weights, counted, strict=True)) for one in counted]
    return int(np.argmax(expected))
