"""A better classifier of spam: pieces of words, and features and penalty that inner folds choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from homework.spam.measures import Fold, make_folds, score
from paddle_camp.data.spam import Messages
from paddle_camp.predicting.messages import digits_as_zero

MIN_DF = 2  # messages of the training part that a term must be in
PIECES: dict[str, dict[str, Any]] = {
    "words": {"ngram_range": (1, 2)},
    "shapes": {"analyzer": "char_wb", "ngram_range": (2, 4), "preprocessor": digits_as_zero},  # 08712 becomes 00000
    "characters": {"analyzer": "char", "ngram_range": (2, 5)},
}
FEATURES = {"words+shapes": ("words", "shapes"), "characters": ("characters",)}


class Counts:
    """How often each term is in each message, counted once; the weights are those of a fold's training part alone."""

    def __init__(self, messages: Messages):
        self.messages, self.made = messages, {}

    def of(self, piece: str) -> sparse.csr_matrix:
        """The counts of a kind of terms, ``[N, T]``."""
        if piece not in self.made:
            self.made[piece] = CountVectorizer(**PIECES[piece]).fit_transform(self.messages.texts).tocsr()
        return self.made[piece]

    def weigh(self, features: str, train: np.ndarray) -> sparse.csr_matrix:
        """The TF-IDF of all messages, as vectorizers fitted to the messages ``train`` would give it."""
        parts = []
        for counts in map(self.of, FEATURES[features]):
            in_messages = np.bincount(counts[train].indices, minlength=counts.shape[1])
            known = counts[:, in_messages >= MIN_DF]
            parts.append(TfidfTransformer(sublinear_tf=True).fit(known[train]).transform(known))
        return sparse.hstack(parts).tocsr()


def classifier(c: float) -> LogisticRegression:
    """Logistic regression in which spam counts as much as ham altogether, though there is less of it."""
    return LogisticRegression(C=c, class_weight="balanced", max_iter=2000)


def choose(
    counts: Counts, train: np.ndarray, features: Sequence[str], cs: Sequence[float], folds: int, seed: int
) -> dict[str, Any]:
    """The features and the C with the highest F1 on messages held out of ``train``; the first one of equals."""
    part = counts.messages.take(train)
    shares = {(name, c): np.zeros(len(part)) for name in features for c in cs}
    for fit_on, held in make_folds(part, folds, seed):
        for name in features:
            rows = counts.weigh(name, train[fit_on])
            for c in cs:
                model = classifier(c).fit(rows[train[fit_on]], part.labels[fit_on])
                shares[name, c][held] = model.predict_proba(rows[train[held]])[:, 1]
    scores = {point: score(said, part.labels)["f1"] for point, said in shares.items()}
    name, c = max(scores, key=scores.get)
    return {"features": name, "c": c, "f1": scores[name, c]}


def fit_fold(counts: Counts, fold: Fold, chosen: dict[str, Any]) -> np.ndarray:
    """Probabilities of spam of the fold's held-out messages, by the chosen classifier trained on the others."""
    train, held = fold
    rows = counts.weigh(chosen["features"], train)
    return classifier(chosen["c"]).fit(rows[train], counts.messages.labels[train]).predict_proba(rows[held])[:, 1]


def fit_all(messages: Messages, chosen: dict[str, Any]) -> tuple[list[TfidfVectorizer], LogisticRegression]:
    """The chosen classifier on all messages: its vectorizers, and its weights for their terms, one behind the other."""
    options = {"sublinear_tf": True, "min_df": MIN_DF}
    vectorizers = [TfidfVectorizer(**PIECES[piece], **options) for piece in FEATURES[chosen["features"]]]
    rows = sparse.hstack([each.fit_transform(messages.texts) for each in vectorizers]).tocsr()
    return vectorizers, classifier(chosen["c"]).fit(rows, messages.labels)
