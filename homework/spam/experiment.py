"""Which messages are spam? TF-IDF and logistic regression on 5,572 text messages

Course: keras
The question (reconstructed from the course's listing): weight the words of the SMS Spam Collection by TF-IDF, fit a
logistic regression, and say of "URGENT! Your mobile No. 1234 was awarded a prize." and "Hey honey, whats up?" whether
they are spam.

The listing's model, scikit-learn's TfidfVectorizer and LogisticRegression with their defaults, is cross-validated in
ten folds. 403 of the messages are copies of others: folds that take them apart know the answer to some questions, so
the copies are kept together, and what they leak is measured. Then: why the recall is low; the same logistic regression
in Paddle, on the sparse rows, with the same coefficients; the words that decide; and a better classifier of pieces of
words, whose features and penalty are chosen on folds inside each training part. Its weights are the run's:
``python tools/predict.py runs/spam/latest --text "..."``.

Expect, with the full settings on the real messages: see docs/results.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
import paddle
from annotated_types import Ge
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

import paddle_camp as camp
from homework.spam import better
from homework.spam.figures import draw
from homework.spam.logistic import fit_logistic
from homework.spam.measures import Fold, compare, explain, held_out, leak, make_folds, rare_words, score
from paddle_camp.data.spam import CLASSES, Messages
from paddle_camp.networks.weights import save_weights
from paddle_camp.predicting.messages import MessageInputs

ASKED = ("URGENT! Your mobile No. 1234 was awarded a prize.", "Hey honey, whats up?")  # the source's two messages
GOAL = 0.97  # F1, with the copies kept together


@dataclass(frozen=True)
class Settings(camp.HyperParameters):
    """Hyper-parameters; "source" marks those of the course's listing, which are scikit-learn's defaults."""

    c: camp.Rate = 1.0  # source; the inverse strength of the penalty on the squared weights
    num_folds: Annotated[int, Ge(2)] = 10  # source
    cs: camp.Several[camp.Rate] = (10.0, 100.0, 1000.0)  # weaker penalties, to see what becomes of the recall
    tolerance: camp.Rate = 1e-6  # of the gradient, at which the fit in Paddle ends
    max_steps: camp.Count = 5000  # of that fit
    features: camp.Several[Annotated[str, camp.OneOf(better.FEATURES)]] = tuple(better.FEATURES)  # candidates
    better_cs: camp.Several[camp.Rate] = (10.0, 30.0, 100.0)  # candidates
    inner_folds: Annotated[int, Ge(2)] = 3  # of each training part, to choose among the candidates
    num_words: camp.Count = 12  # shown of those that speak for spam, and for ham
    max_messages: camp.Count | None = None  # drawn with the classes in proportion; none: all


QUICK = replace(Settings(), num_folds=3, cs=(100.0,), features=("words+shapes",), better_cs=(30.0,), inner_folds=2)
QUICK = replace(QUICK, max_messages=1500)


def fit_listing(texts: tuple[str, ...], labels: np.ndarray, c: float) -> tuple[TfidfVectorizer, LogisticRegression]:
    """The listing's model, with a tolerance of 1e-8 instead of 1e-4, so that its coefficients are the exact ones."""
    vectorizer = TfidfVectorizer()
    rows = vectorizer.fit_transform(texts)
    return vectorizer, LogisticRegression(C=c, tol=1e-8, max_iter=10_000).fit(rows, labels)


def by_penalty(messages: Messages, fold: Fold, cs: list[float]) -> np.ndarray:
    """Probabilities of spam ``[M, C]`` of a fold's held-out messages, by the listing's model with each of ``cs``."""
    train, held = fold
    vectorizer = TfidfVectorizer()
    rows = vectorizer.fit_transform(messages.texts[row] for row in train)
    unseen = vectorizer.transform(messages.texts[row] for row in held)
    models = [LogisticRegression(C=c, max_iter=10_000).fit(rows, messages.labels[train]) for c in cs]
    return np.column_stack([model.predict_proba(unseen)[:, 1] for model in models])


def in_paddle(messages: Messages, settings: Settings) -> tuple[dict[str, Any], list[tuple[str, float]], dict[str, Any]]:
    """The listing's model on all messages, by scikit-learn and in Paddle.

    Returns:
        (how far the coefficients are apart; every word with its coefficient, from ham to spam; the two messages).
    """
    vectorizer, reference = fit_listing(messages.texts, messages.labels, settings.c)
    rows, expected = vectorizer.transform(messages.texts), np.append(reference.coef_[0], reference.intercept_)
    found, losses = fit_logistic(rows, messages.labels, settings.c, settings.tolerance, settings.max_steps)
    same = {"difference": float(np.abs(found - expected).max()), "largest": float(np.abs(expected).max())}
    same |= {"steps": len(losses), "terms": rows.shape[1], "entries": int(rows.nnz), "intercept": float(found[-1])}
    same["ended"] = len(losses) < settings.max_steps
    names = vectorizer.get_feature_names_out()
    words = [(str(names[place]), float(found[place])) for place in np.argsort(found[:-1])]
    asked = {}
    for text, row in zip(ASKED, vectorizer.transform(ASKED), strict=True):
        parts = {
            str(names[term]): float(weight * found[term]) for term, weight in zip(row.indices, row.data, strict=True)
        }
        margin = found[-1] + sum(parts.values())
        ordered = sorted(parts.items(), key=lambda part: -abs(part[1]))
        asked[text] = {"listing": float(1 / (1 + np.exp(-margin))), "parts": ordered}
    return same, words, asked


def publish(messages: Messages, chosen: dict[str, Any], context: camp.Context) -> np.ndarray:
    """Train the better classifier on all messages, make it the run's, and return what it says of the two messages."""
    vectorizers, model = better.fit_all(messages, chosen)
    inputs = MessageInputs(tuple(vectorizers))
    network = camp.perceptron([*inputs.shape, 1])
    network[0].weight.set_value(model.coef_.T.astype("float32"))
    network[0].bias.set_value(model.intercept_.astype("float32"))
    saved = camp.SavedModel("perceptron", "messages", {"sizes": [*inputs.shape, 1]}, classes=CLASSES)
    saved.write(context.checkpoints, context.data)
    inputs.save(context.checkpoints / "terms.json")
    save_weights(network, context.checkpoints / "best.pdparams")
    return camp.metrics.probabilities(network(paddle.to_tensor(inputs.arrays(ASKED)[0])).numpy())[:, 1]


def draw_messages(messages: Messages, count: int | None, seed: int) -> Messages:
    """So many of the messages, drawn with the classes in proportion; all of them where there are not more.

    Raises:
        SettingError: so few, or so many, that those drawn or those left have not every class.
    """
    if count is None or count >= len(messages):
        return messages
    low, high = len(CLASSES), len(messages) - len(CLASSES)
    camp.require(low <= count <= high, f"max_messages={count}: give {low} to {high}, or none for all {len(messages)}")
    options: dict[str, Any] = {"train_size": count, "random_state": seed, "stratify": messages.labels}
    return messages.take(np.sort(train_test_split(np.arange(len(messages)), **options)[0]))


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data = context.load(camp.load_spam)
    messages, cs = draw_messages(data.train, settings.max_messages, context.seed), sorted({settings.c, *settings.cs})
    folds = make_folds(messages, settings.num_folds, context.seed)
    usual = make_folds(messages, settings.num_folds, context.seed, together=False)
    apart = held_out(messages, usual, lambda fold: by_penalty(messages, fold, [settings.c]))[:, 0]
    by_c = dict(zip(cs, held_out(messages, folds, lambda fold: by_penalty(messages, fold, cs)).T, strict=True))
    counts, choices = better.Counts(messages), []
    candidates = (settings.features, settings.better_cs, settings.inner_folds, context.seed)

    def fit_better(fold: Fold) -> np.ndarray:
        choices.append(better.choose(counts, fold[0], *candidates))
        context.say(
            "fold {}: {features}, C = {c:g}, F1 {f1:.4f} within its training part".format(len(choices), **choices[-1])
        )
        return better.fit_fold(counts, fold, choices[-1])

    improved = held_out(messages, folds, fit_better)
    chosen = better.choose(counts, np.arange(len(messages)), *candidates)
    same, words, asked = in_paddle(messages, settings)
    for text, share in zip(ASKED, publish(messages, chosen, context), strict=True):
        asked[text]["better"] = float(share)
    scores = {"listing": score(by_c[settings.c], messages.labels), "better": score(improved, messages.labels)}
    sizes = {"count": len(messages), "spam": int(messages.labels.sum()), "copies": messages.num_copies}
    sizes["different"] = len(np.unique(messages.groups))
    results = {"messages": sizes, "scores": scores, "leak": leak(messages, apart, by_c[settings.c])}
    results |= {"penalties": {f"{c:g}": score(said, messages.labels) for c, said in by_c.items()}}
    results |= {"why": explain(messages, by_c, settings.c), "same": same, "asked": asked}
    results["rare"] = rare_words(messages)
    results |= {"against": compare(messages, improved, by_c[settings.c]), "choices": choices, "chosen": chosen}
    count = settings.num_words
    results |= {"words": {"spam": words[::-1][:count], "ham": words[:count]}, "reached": scores["better"]["f1"] >= GOAL}
    names = tuple(f"message {number}" for number in range(1, len(messages) + 1))
    best = scores["better"]
    return camp.Answer(
        title="作业spam:哪些短信是垃圾短信",
        results=results,
        values={"goal": GOAL, "code": camp.code_of(fit_listing, fit_logistic), "asked_for": ASKED},
        headline={"name": "f1", "value": best["f1"], "interval": best["f1_interval"], "split": "cross-validation"},
        figures=draw(results, by_c, messages.labels, settings.c),
        predictions=camp.Predictions(
            names, messages.labels, np.column_stack([1 - improved, improved]), "cross-validation"
        ),
    )
