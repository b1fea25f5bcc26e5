"""What a page hands back: JSON values whatever it computed with, the headline, and how it shows itself."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest

from paddle_camp import plots
from paddle_camp.answers.answer import Answer, Predictions, as_json
from paddle_camp.answers.template import render

SHARES = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
NAMES = ("a", "b", "c", "d")


def test_results_and_values_are_what_a_file_gives_back():
    odd = {
        3: np.int64(4),
        "array": np.array([[1.5, np.nan]], np.float32),
        "pair": (1, (2.0, float("inf"))),
        "truth": np.bool_(True),
        "nothing": None,
        "empty": np.zeros((0,)),
    }
    answer = Answer("作业", results=odd, values=odd, headline={"name": "loss", "value": np.float32(0.5)})
    plain = {"3": 4, "array": [[1.5, None]], "pair": [1, [2.0, None]], "truth": True, "nothing": None, "empty": []}
    assert answer.results == answer.values == plain
    assert json.loads(json.dumps(answer.results, allow_nan=False)) == plain
    assert answer.headline == {"name": "loss", "value": 0.5, "interval": None, "split": None}


def test_what_is_no_json_value_is_named():
    with pytest.raises(TypeError, match=r"results\.runs\[1\]\.model is of type object, which is no JSON value"):
        Answer("作业", results={"runs": [1, {"model": object()}]})
    assert as_json(0.1 + 0.2) == 0.1 + 0.2


@pytest.mark.parametrize("headline", [{"name": "accuracy"}, {"name": "a", "value": 1, "unit": "%"}])
def test_a_headline_has_its_four_parts(headline):
    with pytest.raises(ValueError, match="a headline has name, value, interval, split"):
        Answer("作业", results={}, headline=headline)


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_labels_of_either_shape_give_the_same_headline_and_rows(shape):
    """[4, 1] against [4] would be compared each with each, and 0.5 come out."""
    predictions = Predictions(NAMES, np.array([0, 1, 1, 0]).reshape(shape), SHARES)
    headline = Answer("作业", results={}, predictions=predictions).headline
    assert (headline["name"], headline["value"], headline["split"]) == ("accuracy", 0.75, "test")
    assert headline["interval"] == pytest.approx([0.3006, 0.9544], abs=1e-4)  # Wilson's, of 3 in 4
    assert [row["label"] for row in predictions.rows()] == [0, 1, 1, 0]


def test_a_page_may_choose_another_headline():
    own = {"name": "AUC", "value": 0.9, "interval": [0.8, 0.95], "split": "validation"}
    predictions = Predictions(NAMES, np.zeros(4, int), SHARES)
    assert Answer("作业", results={}, predictions=predictions, headline=own).headline == own
    assert Answer("作业", results={}).headline is None


def test_an_answer_shows_itself_in_a_notebook():
    figure = plots.loss_curves({"a": [{"step": 1, "loss": 1.0}]})
    answer = Answer(
        "作业<1>", results={}, figures={"loss": ("损失 & 步", figure)}, text="**对** <b>\n\n| a |\n|---|\n| 1 |"
    )
    answer.note = "注意：替代数据"
    shown = answer._repr_html_()
    assert "<h2>作业&lt;1&gt;</h2>" in shown and "<strong>对</strong> &lt;b&gt;" in shown and "<td>1</td>" in shown
    assert shown.startswith("<p><b>注意：替代数据</b></p>") and "图 1：损失 &amp; 步" in shown
    (png,) = re.findall(r'src="data:image/png;base64,([^"]+)"', shown)
    assert base64.b64decode(png).startswith(b"\x89PNG")
    assert repr(answer) == f"Answer(作业<1>; {len(answer.text)} characters; figures: loss)"
    assert repr(Answer("t", results={})) == "Answer(t; 0 characters; figures: none)"


def test_a_template_writes_a_dash_for_nothing_and_names_what_is_missing(tmp_path):
    template = tmp_path / "answer.md.j2"
    template.write_text("{{ a | fixed(2) }} {{ b | fixed }} {{ b | percent }} {{ a | percent }}", encoding="utf-8")
    assert render(str(tmp_path / "experiment.py"), {"a": 0.5, "b": None}) == "0.50 – – 50.00%"
    for name in ("fixed", "percent"):
        template.write_text(f"{{{{ lost | {name} }}}}", encoding="utf-8")
        with pytest.raises(Exception, match="'lost' is undefined"):
            render(str(tmp_path / "experiment.py"), {})
