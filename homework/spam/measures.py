"""Folds with copies apart or together, what a classifier of spam is judged by, and what the copies leak."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from paddle_camp.comparisons import mcnemar, share_interval
from paddle_camp.data.spam import CLASSES, Messages
from paddle_camp.errors import DataError, require

Fold = tuple[np.ndarray, np.ndarray]  # the numbers of the messages to train on, and of those held out


def make_folds(messages: Messages, count: int, seed: int, together: bool = True) -> list[Fold]:
    """Folds with both classes in proportion, in each of which other messages are held out.

    Args:
        together: all copies of a message are on the same side; else each message is drawn by itself, as usual.

    Raises:
        DataError: a class has fewer messages, copies counted once, than there are folds.
    """
    for label, name in enumerate(CLASSES):
        distinct = len(np.unique(messages.groups[messages.labels == label]))
        if distinct < count:
            raise DataError(
                f"{distinct} different messages are {name}: too few for {count} folds; give a smaller number"
            )
    options: dict[str, Any] = {"n_splits": count, "shuffle": True, "random_state": seed}
    if together:
        return list(StratifiedGroupKFold(**options).split(messages.labels, messages.labels, messages.groups))
    return list(StratifiedKFold(**options).split(messages.labels, messages.labels))


def held_out(messages: Messages, folds: list[Fold], fit: Callable[[Fold], np.ndarray]) -> np.ndarray:
    """What is said of each message by the model that has not seen it: float64 ``[N]`` or ``[N, K]``.

    Args:
        fit: trains on the first part of a fold and says a number, or K of them, for each message of the second.
    """
    parts = [(fold[1], np.asarray(fit(fold))) for fold in folds]
    said = np.zeros((len(messages), *parts[0][1].shape[1:]))
    for rows, values in parts:
        said[rows] = values
    return said


def score(shares: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Accuracy, precision, recall, F1, with their 95 % intervals, and AUC of probabilities of spam ``[N]``.

    With TP spam found, FP false alarms and FN spam missed, F1 is 2 J / (1 + J) of the share J = TP / (TP + FP + FN), so
    that the ends of J's interval give those of F1. The intervals take the messages for independent.
    """
    said, spam = np.asarray(shares) > 0.5, labels == 1
    hits, alarms, missed = int((said & spam).sum()), int((said & ~spam).sum()), int((~said & spam).sum())
    counts = {"accuracy": (int((said == spam).sum()), len(spam)), "recall": (hits, hits + missed)}
    counts["precision"] = (hits, hits + alarms)
    found: dict[str, Any] = {"hits": hits, "false_alarms": alarms, "missed": missed}
    for name, (right, count) in counts.items():
        found[name] = right / count if count else None  # nothing was called spam
        found[f"{name}_interval"] = share_interval(right, count) if count else None
    errors = hits + alarms + missed
    found["f1"] = 2 * hits / (errors + hits)
    found["f1_interval"] = [2 * end / (1 + end) for end in share_interval(hits, errors)]
    return found | {"auc": float(roc_auc_score(labels, shares))}


def compare(
    messages: Messages, first: np.ndarray, second: np.ndarray, rows: np.ndarray | None = None
) -> dict[str, Any]:
    """McNemar's test of two probabilities of spam ``[N]``, one message of each group, so that copies count once.

    Args:
        rows: only these messages; None: all.
    """
    rows = np.arange(len(messages)) if rows is None else rows
    require(len(rows) > 0, "there are no messages to compare by")
    rows = rows[np.unique(messages.groups[rows], return_index=True)[1]]
    right, other = ((each[rows] > 0.5) == messages.labels[rows] for each in (first, second))
    return {**mcnemar(int((right & ~other).sum()), int((other & ~right).sum())), "messages": len(rows)}


def copied(messages: Messages) -> np.ndarray:
    """The numbers of the messages that have a copy."""
    return np.flatnonzero(np.bincount(messages.groups)[messages.groups] > 1)


def leak(messages: Messages, apart: np.ndarray, together: np.ndarray) -> dict[str, Any]:
    """What the copies leak: the messages that have some, under folds that keep them apart and together.

    Args:
        apart, together: probabilities of spam ``[N]`` by models that were cross-validated in either way.
    """
    rows = copied(messages)
    spam = rows[messages.labels[rows] == 1]
    recalls = {
        name: float((said[spam] > 0.5).mean()) if len(spam) else None
        for name, said in (("apart", apart), ("together", together))
    }
    scores = {"apart": score(apart, messages.labels), "together": score(together, messages.labels)}
    found = {"rows": len(rows), "spam": len(spam), "recall": recalls, "scores": scores}
    found["f1_gain"] = scores["apart"]["f1"] - scores["together"]["f1"]
    return found | {"test": compare(messages, apart, together, rows) if len(rows) else None}


def rare_words(messages: Messages) -> dict[str, float]:
    """Words that a single message has, copies not counted: unknown to every model that has not seen this message.

    Returns:
        ``spam``: the share of spam with such a word; ``with_digit``: the share of these words of spam with a digit.
    """
    kept = messages.take(np.unique(messages.groups, return_index=True)[1])
    vectorizer = CountVectorizer(binary=True, dtype=np.uint8)
    rows = vectorizer.fit_transform(kept.texts).toarray()
    single = rows.sum(axis=0) == 1
    of_spam = rows[kept.labels == 1][:, single]
    words = vectorizer.get_feature_names_out()[single][of_spam.any(axis=0)]
    with_digit = [any(map(str.isdigit, word)) for word in words]
    return {"spam": float(of_spam.any(axis=1).mean()), "with_digit": float(np.mean(with_digit)) if with_digit else 0.0}


def explain(messages: Messages, by_c: dict[float, np.ndarray], c: float) -> dict[str, Any]:
    """Why the listing's recall is what it is.

    Args:
        by_c: C -> probabilities of spam ``[N]``, held out; ``c`` is the listing's, the largest the weakest penalty.

    Returns:
        ``mean_spam``: the mean probability given to spam. Of the ``missed`` spam, how many (``above``) have a higher
        probability than 99 % of ham, which is at most ``ham_99``: in the right order, on the wrong side of a half.
        ``weakest``: the largest C, and the test of its recall against the listing's, spam by spam.
    """
    said, spam = by_c[c], messages.labels == 1
    missed, ham_99 = said[spam & (said <= 0.5)], float(np.quantile(said[~spam], 0.99))
    found = {"mean_spam": float(said[spam].mean()), "missed": len(missed), "ham_99": ham_99}
    found |= {"above": int((missed > ham_99).sum()), "weakest": max(by_c)}
    return found | {"test": compare(messages, by_c[max(by_c)], said, np.flatnonzero(spam))}
