"""captions: what the dev pictures choose, what the test pictures say, and which words are used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from homework.captions.baselines import HUMAN
from homework.captions.describing import GROUPS, best_row
from homework.captions.training import ATTENTION, POOLED
from paddle_camp.bleu import ORDERS, bleu, bleu_difference, bleu_intervals
from paddle_camp.choosing import edge_of
from paddle_camp.comparisons import verdict_of
from paddle_camp.data.captions.words import Vocabulary, Words

GOALS = (0.60, 0.18)  # BLEU-1 and BLEU-4 on test pictures
SMOOTH = 1.0  # is added to the n-grams of a single caption, where many are 0
EXAMPLES = 4  # best, median and worst pictures that are shown, of each
# Published with the subset of 2,000 pictures: a caption of the nearest and of a random training picture, and people.
QUOTED = {
    "nearest": (0.438, 0.248, 0.138, 0.080),
    "random": (0.332, 0.134, 0.056, 0.029),
    HUMAN: (0.626, 0.444, 0.306, 0.207),
}


def judge_trainings(cells: Mapping[str, Sequence[Mapping]]) -> dict[str, Any]:
    """Each network's trainings: dev losses and perplexities, epochs, parameters."""
    found: dict[str, Any] = {}
    for network, row in cells.items():
        found[network] = {key: [cell[key] for cell in row] for key in ("loss", "perplexity", "epoch", "epochs")}
        found[network] |= {"parameters": row[0]["parameters"], "mean_loss": float(np.mean(found[network]["loss"]))}
    return found


def judge_dev(rows: Sequence[dict[str, Any]], widths: Sequence[int]) -> dict[str, Any]:
    """What the dev pictures choose.

    Returns:
        ``chosen``: the best row of all; ``groups``, ``greedy``, ``widths``: the best of each group, by greedy search
        too, and of each width; ``plain``: the best in which no other picture's captions vote; ``edges``: settings of
        which the largest or smallest value that was tried is the best.
    """
    chosen = best_row(rows)
    searched = [row for row in rows if row["width"] > 1]
    tried = {key: {row[key] for row in searched} for key in ("exponent", "neighbours")} | {"width": set(widths)}
    edges = {key: edge_of(chosen[key], values) for key, values in tried.items() if len(values) > 1}
    return {
        "chosen": chosen,
        "groups": {group: best_row(rows, group=group) for group in GROUPS},
        "greedy": {group: best_row(rows, group=group, width=1) for group in GROUPS},
        "widths": {str(width): best_row(rows, group=chosen["group"], width=width) for width in (1, *widths)},
        "plain": best_row(rows, group=chosen["group"], neighbours=0.0),
        "edges": {key: edge for key, edge in edges.items() if edge},
    }


def judge_test(rows: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """BLEU-1 to BLEU-4 of each row's statistics, and what the first row is better than.

    Args:
        rows: name -> int64 ``[N, 10]``; the first is what was chosen, "human" has other references.
    """
    first, *others = rows
    scores = {name: bleu(each) for name, each in rows.items()}
    intervals = {name: bleu_intervals(each) for name, each in rows.items()}
    against = {}
    for name in others:
        if len(rows[name]) == len(rows[first]) and name != HUMAN:
            found = bleu_difference(rows[first], rows[name])
            against[name] = found | {"verdict": verdict_of(found["interval"], 0.0)}
    reached = [scores[first][order - 1] >= goal for order, goal in zip((1, ORDERS), GOALS, strict=True)]
    found = {"bleu": scores, "intervals": intervals, "against": against, "reached": reached}
    if HUMAN in rows:
        found["human"] = [verdict_of(pair, score) for pair, score in zip(intervals[first], scores[HUMAN], strict=True)]
    return found


def examples(rows: np.ndarray, captions: Sequence[Words], names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The pictures with the highest, middle and lowest smoothed BLEU-4 of their own, the best first.

    Args:
        rows: statistics of the N ``captions``.
    """
    scores = np.array([bleu(row[None], SMOOTH)[-1] for row in rows])
    order = np.argsort(-scores, kind="stable")
    count = min(EXAMPLES, max(1, len(order) // 3))
    middle = (len(order) - count) // 2
    chosen = {"best": order[:count], "median": order[middle : middle + count], "worst": order[-count:]}
    return {
        name: [
            {"index": int(i), "name": names[i], "caption": " ".join(captions[i]), "score": float(scores[i])}
            for i in index
        ]
        for name, index in chosen.items()
    }


def look_at_words(said: Sequence[Words], train: Sequence[Sequence[Words]], vocabulary: Vocabulary) -> dict[str, Any]:
    """Which words the captions use, and how many captions stand in the training set word for word."""
    used = Counter(word for each in said for word in each)
    known = {words for captions in train for words in captions}
    found = {"used": len(used), "different": len(set(said)), "captions": len(said), "most": used.most_common(8)}
    return found | {"copied": float(np.mean([each in known for each in said])), "vocabulary": len(vocabulary)}


def describe_data(
    parts: Mapping[str, Sequence[Sequence[Words]]], vocabulary: Vocabulary, longest: int
) -> dict[str, Any]:
    """Of the captions: how many, their lengths, words, and what the vocabulary leaves out."""
    found: dict[str, Any] = {}
    for part, captions in parts.items():
        flat = [words for each in captions for words in each]
        unknown = [word not in vocabulary for words in flat for word in words]
        lengths = [len(words) for words in flat]
        found[part] = {"pictures": len(captions), "captions": len(flat), "words": int(np.sum(lengths))}
        found[part] |= {"mean": float(np.mean(lengths)), "longest": max(lengths), "unknown": float(np.mean(unknown))}
        found[part]["cut"] = float(np.mean([length > longest for length in lengths]))
    counts = Counter(word for each in parts["train"] for words in each for word in words)
    lengths = Counter(len(words) for each in parts["train"] for words in each)
    return {
        "parts": found,
        "different": len(counts),
        "once": sum(count == 1 for count in counts.values()),
        "frequent": counts.most_common(20),
        "counts": sorted(counts.values(), reverse=True),
        "lengths": sorted(lengths.items()),
        "kept": len(vocabulary) - 3,
    }


def compare_networks(trained: Mapping[str, Any], groups: Mapping[str, Any]) -> dict[str, Any]:
    """Attention against pooled features: the differences of dev loss and of dev BLEU-4, and whether seeds agree."""
    loss = trained[ATTENTION]["mean_loss"] - trained[POOLED]["mean_loss"]
    apart = max(trained[ATTENTION]["loss"]) < min(trained[POOLED]["loss"])
    worse = min(trained[ATTENTION]["loss"]) > max(trained[POOLED]["loss"])
    found = {"loss": loss, "every_seed": "better" if apart else "worse" if worse else "mixed"}
    return found | {"bleu": groups[ATTENTION]["bleu"][-1] - groups[POOLED]["bleu"][-1]}
