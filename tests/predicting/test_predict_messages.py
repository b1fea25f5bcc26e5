"""tools/predict.py on messages: from the command line and from files, and what is said of those that are none."""

from __future__ import annotations

import json

import numpy as np
import paddle
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from paddle_camp import SavedModel, perceptron
from paddle_camp.commands import predict
from paddle_camp.data.info import DataInfo
from paddle_camp.networks.weights import save_weights
from paddle_camp.predicting.messages import MessageInputs, digits_as_zero
from tests.helpers import contract

TRAINED = ["win a prize now", "are you home now", "a prize for you £5", "see you at home"]


@pytest.fixture(scope="module")
def inputs():
    words = TfidfVectorizer().fit(TRAINED)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3), sublinear_tf=True, lowercase=False).fit(TRAINED)
    shapes = TfidfVectorizer(analyzer="char", preprocessor=digits_as_zero).fit(TRAINED)
    return MessageInputs((words, pieces, shapes))


@pytest.fixture
def run(tmp_path, inputs):
    """A run that says spam where "prize" stands, else ham."""
    (terms,) = inputs.shape
    network, weights = perceptron([terms, 1]), np.zeros((terms, 1), np.float32)
    weights[inputs.vectorizers[0].vocabulary_["prize"]] = 10
    network[0].weight.set_value(weights)
    network[0].bias.set_value(paddle.to_tensor([-2.0]))
    folder = tmp_path / "run" / "checkpoints"
    saved = SavedModel("perceptron", "messages", {"sizes": [terms, 1]}, classes=("ham", "spam"))
    saved.write(folder, DataInfo("messages", "real", "/x", {}))
    save_weights(network, folder / "best.pdparams")
    inputs.save(folder / "terms.json")
    (tmp_path / "run" / "metrics.json").write_text('{"homework": "spam", "status": "done"}', encoding="utf-8")
    return tmp_path / "run"


def test_the_terms_go_to_a_file_and_back(inputs, tmp_path):
    inputs.save(tmp_path / "terms.json")
    again = MessageInputs.load(tmp_path / "terms.json")
    texts = ["WIN a Prize £5 £5", "nothing known: 你好", "home"]
    (found,), expected = again.arrays(texts), np.hstack([v.transform(texts).toarray() for v in inputs.vectorizers])
    assert again.shape == inputs.shape == found.shape[1:] and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-7)
    assert found[0].any() and not found[1, : len(inputs.vectorizers[0].vocabulary_)].any()


def test_texts_of_the_command_line_and_lines_of_a_file(run, tmp_path, capsys):
    file = tmp_path / "messages.txt"
    file.write_bytes("﻿A prize\r\nat home £\r\n".encode())
    options = ["--text", "you win a PRIZE", "--text", "=1+1", "--csv", str(tmp_path / "out.csv")]
    assert predict.main([str(run), str(file), *options]) == 0
    out = capsys.readouterr().out.splitlines()
    assert [line.rsplit(":", 1)[0] for line in out] == ["you win a PRIZE", "=1+1", f"{file}:1", f"{file}:2"]
    assert [line.split(": ")[-1].split(" ")[0] for line in out] == ["spam", "ham", "spam", "ham"]
    assert out[1] == "=1+1: ham 0.881; spam 0.119"  # nothing known is in it: the bias of -2 alone
    rows = contract.rows_of(tmp_path / "out.csv")
    assert [row["sample"] for row in rows[:2]] == ["you win a PRIZE", "'=1+1"]
    weight = 10 * MessageInputs.load(run / "checkpoints" / "terms.json").arrays(["a prize"])[0].max()
    assert float(rows[2]["probability_spam"]) == pytest.approx(1 / (1 + np.exp(2 - weight)), abs=1e-5)


def test_messages_that_are_none_lose_no_other(run, tmp_path, capsys):
    (tmp_path / "some.txt").write_text("a prize\n\n  \nat home", encoding="utf-8")
    (tmp_path / "empty.txt").write_text("", encoding="utf-8")
    (tmp_path / "binary.txt").write_bytes(b"a\0b")
    places = [str(tmp_path / name) for name in ("some.txt", "empty.txt", "binary.txt", "nowhere.txt")]
    assert predict.main([str(run), *places, str(tmp_path), "--text", " "]) == 2
    said = capsys.readouterr()
    assert [line.split(": ")[0] for line in said.out.splitlines()] == [f"{places[0]}:1", f"{places[0]}:4"]
    errors = [line for line in said.err.splitlines() if line.startswith("error: ")]
    expected = [
        "--text: the message is empty",
        f"{places[0]}, line 2: the message is empty",
        f"{places[0]}, line 3: the message is empty",
        f"{places[1]}: there is no message in it",
        f"{places[2]}, line 1: has zero bytes",
        f"{places[3]}: cannot be read",
        f"{tmp_path}: cannot be read",
    ]
    assert len(errors) == len(expected)
    assert all(text in line for text, line in zip(expected, errors, strict=True))


def test_a_long_message_is_shortened_in_its_line_only(run, tmp_path, capsys):
    assert predict.main([str(run), "--text", "prize " * 100, "--csv", str(tmp_path / "out.csv")]) == 0
    assert capsys.readouterr().out.startswith("prize " * 33 + "pr…: spam ")
    assert contract.rows_of(tmp_path / "out.csv")[0]["sample"] == "prize " * 100


GOOD = {
    "digits_as_zero": False,
    "analyzer": "word",
    "ngram_range": [1, 1],
    "lowercase": True,
    "sublinear_tf": False,
    "terms": ["a"],
    "idf": [1.0],
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"analyzer": "os.system"}, "analyzer is one of word, char, char_wb"),
        ({"ngram_range": [1, 99]}, "two numbers up to 10"),
        ({"ngram_range": [2, 1]}, "two numbers up to 10"),
        ({"ngram_range": 5}, "damaged or of another version"),
        ({"token_pattern": "(a+)+$"}, "digits_as_zero, lowercase, sublinear_tf are true or false"),
        ({"lowercase": "yes"}, "are true or false"),
        ({"terms": []}, "terms are texts"),
        ({"terms": [5]}, "terms are texts"),
        ({"terms": ["a", "a"], "idf": [1, 1]}, "each term stands once"),
        ({"idf": [float("nan")]}, "with a finite number in idf"),
        ({"idf": [1, 2]}, "with a finite number in idf"),
        ({"idf": None}, "damaged or of another version"),
    ],
)
def test_terms_of_a_stranger_are_data(run, capsys, change, says):
    (run / "checkpoints" / "terms.json").write_text(json.dumps([GOOD | change]), encoding="utf-8")
    assert predict.main([str(run), "--text", "a prize"]) == 2
    said = capsys.readouterr()
    assert not said.out and says in said.err.splitlines()[-1] and "terms.json" in said.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "terms.json: cannot be read"),
        ("{", "terms.json: damaged"),
        ("[" * 100_000, "terms.json: damaged"),
        ("5", "terms.json: damaged"),
        (json.dumps([GOOD]), "model=perceptron does not take inputs of 1"),
    ],
)
def test_terms_that_are_missing_or_of_another_network(run, capsys, content, says):
    path = run / "checkpoints" / "terms.json"
    path.unlink() if content is None else path.write_text(content, encoding="utf-8")
    assert predict.main([str(run), "--text", "a prize"]) == 2
    assert says in capsys.readouterr().err.splitlines()[-1]
