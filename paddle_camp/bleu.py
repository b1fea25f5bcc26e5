"""BLEU: how many word sequences of a caption its references have too (Papineni et al., ACL 2002), by sacrebleu.

The captions are words already, so nothing is tokenised, and nothing is smoothed: BLEU-n of a whole corpus is the
geometric mean of the shares of n-grams up to n that are found, times the brevity penalty exp(1 - r / c) where the
captions (c words) are shorter than those references whose length is nearest to theirs (r words).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from paddle_camp.errors import require

ORDERS = 4  # BLEU-1 to BLEU-4
Words = tuple[str, ...]


def statistics(captions: Sequence[Words], references: Sequence[Sequence[Words]]) -> np.ndarray:
    """What BLEU is made of: int64 ``[N, 10]``, a row a picture; the row of a corpus is the sum.

    Args:
        captions: words, one caption for each of N pictures.
        references: of each picture, any number of captions.

    Returns:
        n-grams that a reference has too (each as often as in the reference that has it most), of 1 to 4 words; n-grams
        there are, of 1 to 4 words; words; words of the reference of the nearest length.
    """
    from sacrebleu.metrics import BLEU

    require(len(captions) == len(references), f"{len(captions)} captions for the references of {len(references)}")
    metric = BLEU(tokenize="none", effective_order=True)  # that there may be no 4-gram is no mistake
    rows = np.zeros((len(captions), 2 * ORDERS + 2), np.int64)
    for row, caption, several in zip(rows, captions, references, strict=True):
        found = metric.sentence_score(" ".join(caption), [" ".join(reference) for reference in several])
        row[:] = [*found.counts, *found.totals, found.sys_len, found.ref_len]
    return rows


def bleu(rows: np.ndarray, smooth: float = 0.0) -> list[float]:
    """BLEU-1 to BLEU-4, from 0 to 1, of the captions with these :func:`statistics`, int64 ``[N, 10]``.

    Args:
        smooth: is added to the matches and numbers of the n-grams of two words and more, for a single caption.
    """
    from sacrebleu.metrics import BLEU

    total = np.asarray(rows).sum(axis=0).tolist()
    counts, totals, (length, nearest) = total[:ORDERS], total[ORDERS:-2], total[-2:]
    options: dict[str, Any] = {"smooth_method": "add-k" if smooth else "none", "smooth_value": smooth or None}
    scores = []
    for order in range(1, ORDERS + 1):
        found = BLEU.compute_bleu(counts[:order], totals[:order], length, nearest, max_ngram_order=order, **options)
        scores.append(found.score / 100 if length else 0.0)
    return scores


def corpus_bleu(captions: Sequence[Words], references: Sequence[Sequence[Words]]) -> list[float]:
    """BLEU-1 to BLEU-4 of captions, each with its picture's references; see :func:`statistics`."""
    return bleu(statistics(captions, references))


def bleu_intervals(rows: np.ndarray, draws: int = 1000, seed: int = 0) -> list[list[float]]:
    """95 % intervals of BLEU-1 to BLEU-4: the pictures drawn anew, with replacement (Koehn, EMNLP 2004)."""
    rng, count = np.random.default_rng(seed), len(rows)
    scores = [bleu(rows[rng.integers(count, size=count)]) for _ in range(draws)]
    return np.quantile(scores, [0.025, 0.975], axis=0).T.tolist()


def bleu_difference(rows: np.ndarray, others: np.ndarray, draws: int = 1000, seed: int = 0) -> dict[str, Any]:
    """BLEU-4 of ``rows`` less that of ``others``, of the same pictures; a paired bootstrap's 95 % interval."""
    rng, count = np.random.default_rng(seed), len(rows)
    index = [rng.integers(count, size=count) for _ in range(draws)]
    drawn = [bleu(rows[each])[-1] - bleu(others[each])[-1] for each in index]
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    return {"difference": bleu(rows)[-1] - bleu(others)[-1], "interval": [low, high]}
