"""spam: folds and copies, scores by hand, the same coefficients in Paddle, the better classifier, and the answer."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from homework.spam import better, measures
from homework.spam import experiment as hw
from homework.spam.logistic import fit_logistic
from paddle_camp.answers.template import render
from paddle_camp.commands import predict
from paddle_camp.data.spam import Messages, load_spam
from paddle_camp.errors import DataError
from tests.helpers import contract

TINY = ("max_messages=240", "num_folds=3", "cs=100", "inner_folds=2", "better_cs=10,100", "num_words=4")


@pytest.fixture(scope="module")
def messages():
    return load_spam("synthetic").train.take(np.arange(240))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """The folder of a small run on the stand-in."""
    overrides = [part for text in TINY for part in ("-o", text)]
    return contract.run("spam", tmp_path_factory.mktemp("tiny"), "--data", "synthetic", *overrides)[0]


def test_scores_by_hand():
    labels, shares = np.array([1, 1, 1, 0, 0]), np.array([0.9, 0.6, 0.2, 0.8, 0.1])
    found = measures.score(shares, labels)
    assert (found["hits"], found["false_alarms"], found["missed"]) == (2, 1, 1)
    assert found["accuracy"] == 0.6 and found["precision"] == found["recall"] == pytest.approx(2 / 3)
    assert found["f1"] == pytest.approx(f1_score(labels, shares > 0.5)) == pytest.approx(2 / 3)
    # Wilson's interval of 2 of 4 is 0.15004 to 0.84996; F1 = 2 J / (1 + J) of its ends.
    assert found["f1_interval"] == pytest.approx([0.26093, 0.91889], abs=1e-4)
    assert found["auc"] == pytest.approx(4 / 6)  # of the 6 pairs of a spam and a ham, 0.6 < 0.8 and 0.2 < 0.8 are wrong
    assert measures.score(shares / 2, labels)["precision"] is None


def test_copies_stay_together_or_not(messages):
    together = measures.make_folds(messages, 4, 0)
    apart = measures.make_folds(messages, 4, 0, together=False)
    crossing = lambda fold: set(messages.groups[fold[0]]) & set(messages.groups[fold[1]])  # noqa: E731
    assert not any(map(crossing, together)) and any(map(crossing, apart))
    for folds in (together, apart):
        assert sorted(np.concatenate([held for _, held in folds])) == list(range(240))
        seen = measures.held_out(messages, folds, lambda fold: np.column_stack([fold[1], -fold[1]]))
        assert seen[:, 0].tolist() == list(range(240)) and seen[5, 1] == -5
    with pytest.raises(DataError, match="different messages are spam: too few for 99 folds"):
        measures.make_folds(messages, 99, 0)


def test_a_leak_is_told_from_copies_that_are_right_only_when_apart():
    texts = tuple(f"message {i}" for i in range(8)) * 2 + ("alone", "lonely")
    labels = np.array([1, 1, 1, 1, 1, 1, 0, 0] * 2 + [1, 0])
    together = np.where(np.arange(18) < 16, 0.2, labels)  # all with copies are called ham
    found = measures.leak(Messages(texts, labels), labels * 0.8 + 0.1, together)
    assert (found["rows"], found["spam"]) == (16, 12)
    assert found["recall"] == {"apart": 1.0, "together": 0.0}
    # 6 different messages, copies once: McNemar's p is 2 / 2^6.
    assert (found["test"]["only_first"], found["test"]["messages"]) == (6, 8)
    assert found["test"]["p_value"] == pytest.approx(2 / 64) and found["test"]["verdict"] == "better"
    single = Messages(("a", "b"), np.array([0, 1]))
    assert measures.leak(single, np.array([0.1, 0.9]), np.array([0.1, 0.9]))["test"] is None


def test_why_spam_is_missed():
    labels = np.array([1] * 4 + [0] * 100)
    said = np.concatenate([[0.9, 0.45, 0.3, 0.01], np.full(100, 0.1)])
    weaker = np.concatenate([[0.9, 0.8, 0.7, 0.6], np.full(100, 0.1)])
    found = measures.explain(Messages(tuple(map(str, range(104))), labels), {1.0: said, 9.0: weaker}, 1.0)
    assert (found["missed"], found["above"], found["weakest"]) == (3, 2, 9.0)
    assert found["mean_spam"] == pytest.approx(0.415) and found["test"]["only_first"] == 3


def test_words_of_a_single_message():
    texts = ("win 100p now", "win 100P  now", "call now", "see you now", "call me 8")  # the second is a copy
    found = measures.rare_words(Messages(texts, np.array([1, 1, 1, 0, 0])))
    assert found == {"spam": 0.5, "with_digit": 0.5}  # win and 100p, in one of two different spam messages
    assert measures.rare_words(Messages(("now", "now ok"), np.array([1, 0]))) == {"spam": 0.0, "with_digit": 0.0}


def test_paddle_finds_the_coefficients_of_scikit_learn(messages):
    rows = TfidfVectorizer().fit_transform(messages.texts)
    rows = sparse.vstack([rows, sparse.csr_matrix((1, rows.shape[1]))]).tocsr()  # a message without a known word
    labels = np.append(messages.labels, 1)
    for c in (1.0, 10.0):
        expected = LogisticRegression(C=c, tol=1e-8, max_iter=10_000).fit(rows, labels)
        found, losses = fit_logistic(rows, labels, c, 1e-6, 5000)
        assert np.abs(found - np.append(expected.coef_, expected.intercept_)).max() < 1e-4
        assert len(losses) < 5000 and losses[0] == pytest.approx(c * len(labels) * np.log(2))
    assert len(fit_logistic(rows, labels, 1.0, 1e-6, 7)[1]) == 7


@pytest.mark.parametrize("features", better.FEATURES)
def test_terms_counted_once_are_those_of_vectorizers_fitted_in_the_fold(messages, features):
    train, held = measures.make_folds(messages, 4, 0)[1]
    found = better.Counts(messages).weigh(features, train)
    options = {"sublinear_tf": True, "min_df": better.MIN_DF}
    fitted = [
        TfidfVectorizer(**better.PIECES[piece], **options).fit([messages.texts[i] for i in train])
        for piece in better.FEATURES[features]
    ]
    expected = sparse.hstack([each.transform(messages.texts) for each in fitted]).tocsr()
    assert found.shape == expected.shape and abs(found - expected).max() < 1e-12


def test_the_choice_is_that_of_the_inner_folds(messages, monkeypatch):
    counts, train = better.Counts(messages), np.arange(0, 240, 2)
    assert better.choose(counts, train, ["characters"], [10.0, 1e-6], 2, 0)["c"] == 10.0
    seen = []
    monkeypatch.setattr(better, "score", lambda said, labels: seen.append(len(said)) or {"f1": 0.5})
    chosen = better.choose(counts, train, list(better.FEATURES), [3.0, 30.0], 2, 0)
    assert chosen == {"features": "words+shapes", "c": 3.0, "f1": 0.5}  # the first of equals
    assert seen == [120] * 4  # nothing but the training part


def test_the_run(tiny):
    results = contract.check(tiny, "spam", data=True)
    assert results["same"]["difference"] < 1e-4 and results["same"]["ended"]
    assert results["messages"]["count"] == 240 and len(results["choices"]) == 3
    assert set(results["penalties"]) == {"1", "100"} and len(results["words"]["ham"]) == 4
    assert results["scores"]["better"]["f1"] > results["scores"]["listing"]["f1"] > 0.3
    assert len(contract.rows_of(tiny / "predictions.csv")) == 240


def test_the_runs_classifier_is_served_and_gives_the_probabilities_of_the_answer(tiny, tmp_path, capsys):
    texts = [part for text in hw.ASKED for part in ("--text", text)]
    assert predict.main([str(tiny), *texts, "--csv", str(tmp_path / "said.csv")]) == 0
    asked = contract.metrics_of(tiny)["results"]["asked"]
    for row in contract.rows_of(tmp_path / "said.csv"):
        assert float(row["probability_spam"]) == pytest.approx(asked[row["sample"]]["better"], abs=1e-5)
    assert "what it says of real messages means little" in capsys.readouterr().err


def answer_of(tiny, **turned) -> str:
    kept = json.loads((tiny / "answer.json").read_text(encoding="utf-8"))
    return render(hw.__file__, {"settings": hw.QUICK, "seed": 0} | kept["values"] | kept["results"] | turned)


def kept_of(tiny, name: str) -> dict:
    return json.loads((tiny / "answer.json").read_text(encoding="utf-8"))["results"][name]


@pytest.mark.parametrize(
    ("verdict", "reached", "says"),
    [
        ("better", True, "比原做法好，达到目标 97.00%。"),
        ("worse", False, "不如原做法，没有达到目标 97.00%。"),
        ("cannot be told apart", False, "与原做法分不出高下，没有达到目标"),
    ],
)
def test_the_conclusion_turns_around(tiny, verdict, reached, says):
    assert (
        says
        in answer_of(tiny, against=kept_of(tiny, "against") | {"verdict": verdict}, reached=reached).splitlines()[0]
    )


@pytest.mark.parametrize(
    ("verdict", "leaks", "why"),
    [
        ("better", "普通的分折高估了成绩", "原因是 C = 1 的正则化太强"),
        ("worse", "副本分开时答对的反而更少", "召回率反而更低，所以正则化不是原因"),
        ("cannot be told apart", "两种分法逐条比较分不出高下", "这一解释还没有得到证实"),
    ],
)
def test_the_reasons_turn_around(tiny, verdict, leaks, why):
    test = {"verdict": verdict, "only_first": 9, "only_second": 3, "p_value": 0.04, "messages": 20}
    text = answer_of(tiny, leak=kept_of(tiny, "leak") | {"test": test}, why=kept_of(tiny, "why") | {"test": test})
    assert leaks in text and why in text
    penalties = kept_of(tiny, "penalties")
    for recall, says in ((0.95, "漏掉的主要原因是"), (0.55, "漏掉的一部分原因是")):
        scores = kept_of(tiny, "scores")
        scores["listing"]["recall"] = 0.5
        weaker = penalties | {"100": penalties["100"] | {"recall": recall}}
        why_better = kept_of(tiny, "why") | {"test": test | {"verdict": "better"}}
        assert says in answer_of(tiny, scores=scores, penalties=weaker, why=why_better)
    assert "这些短信里没有副本" in answer_of(tiny, leak=kept_of(tiny, "leak") | {"test": None})


def test_a_fit_that_has_not_ended_and_asked_messages_are_said(tiny):
    same, asked = kept_of(tiny, "same"), kept_of(tiny, "asked")
    text = answer_of(tiny, same=same | {"ended": False, "difference": 0.02})
    assert "到了步数的上限还没有停" in text and "还不是同一个解，请增加 max_steps" in text
    assert "：是同一个解" in answer_of(tiny)
    turned = {name: row | {"listing": 0.2, "parts": []} for name, row in asked.items()}
    text = answer_of(tiny, asked=turned)
    assert (
        "“URGENT! Your mobile No. 1234 was awarded a prize.”是正常短信（概率 0.200）" in text
        and "没有一个词在词表里" in text
    )
    assert "def fit_logistic(" in text and "None" not in text


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("num_folds=1", "num_folds=1: give at least 2"),
        ("c=0", "c=0.0: must be positive"),
        ("features=letters", "features=letters: there are words.shapes, characters"),
        ("better_cs=", "better_cs: name at least one"),
        ("max_messages=0", "max_messages=0"),
        ("max_messages=1", "max_messages=1: give 2 to 598, or none for all 600"),
        ("max_messages=599", "max_messages=599: give 2 to 598"),
    ],
)
def test_a_wrong_setting_is_one_line(override, says, tmp_path):
    contract.refused("spam", tmp_path, says, override)


def test_fewer_messages_than_folds_are_one_line(tmp_path):
    contract.refused("spam", tmp_path, "too few for 99 folds", "num_folds=99", kind=DataError)
    contract.refused("spam", tmp_path, "too few for 10 folds", "max_messages=30", kind=DataError)


@pytest.mark.slow
def test_the_quick_run(tmp_path):
    results = contract.check(contract.run("spam", tmp_path, "--quick", "--data", "synthetic")[0], "spam", data=True)
    assert results["same"]["difference"] < 1e-3 and results["scores"]["better"]["f1"] > 0.9
