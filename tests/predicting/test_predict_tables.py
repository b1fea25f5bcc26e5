"""tools/predict.py on tables: prices of 4-1, classes of flowers, and what is said of a wrong table or model.json."""

from __future__ import annotations

import json

import numpy as np
import paddle
import pytest

from homework.hw4_1_house_prices import experiment as prices
from paddle_camp import SavedModel, perceptron
from paddle_camp.commands import predict
from paddle_camp.data.housing import COLUMNS, load_housing
from paddle_camp.data.info import DataInfo
from paddle_camp.networks.weights import save_weights
from tests.helpers import contract

FLOWERS = {"columns": ["length", "width"], "shift": [5.0, 3.0], "scale": [2.0, 0.5], "label": "species"}


def run_of(folder, network, saved: SavedModel):
    saved.write(folder / "checkpoints", DataInfo("flowers", "real", "/somewhere", {}))
    save_weights(network, folder / "checkpoints" / "best.pdparams")
    (folder / "metrics.json").write_text('{"homework": "iris", "status": "done"}', encoding="utf-8")
    return folder


@pytest.fixture
def flowers(tmp_path):
    """A run that says a for a row whose scaled length is the larger, else b."""
    network = perceptron([2, 2])
    network[0].weight.set_value(paddle.to_tensor([[1.0, 0.0], [0.0, 1.0]]))
    network[0].bias.set_value(paddle.zeros([2]))
    saved = SavedModel("perceptron", "table", {"sizes": [2, 2]}, classes=("a", "b"), table=FLOWERS)
    return run_of(tmp_path / "run", network, saved)


def said_of(run, tmp_path, text: str, *options: str) -> int:
    (tmp_path / "rows.csv").write_text(text, encoding="utf-8")
    return predict.main([str(run), str(tmp_path / "rows.csv"), "--device", "cpu", *options])


def test_rows_are_scaled_and_classified(flowers, tmp_path, capsys):
    # Scaled (1, 2) and (2, -2): a softmax of 1 and 2 gives 0.269 and 0.731, one of 2 and -2 gives 0.982 and 0.018.
    assert said_of(flowers, tmp_path, "width,LENGTH,species\n4,7,b\n2,9,a\n", "--csv", str(tmp_path / "out.csv")) == 0
    place = tmp_path / "rows.csv"
    assert capsys.readouterr().out == f"{place}:2: b 0.731; a 0.269\n{place}:3: a 0.982; b 0.018\n"
    rows = contract.rows_of(tmp_path / "out.csv")
    assert [row["prediction"] for row in rows] == ["b", "a"] and rows[0]["sample"] == f"{place}:2"
    assert float(rows[0]["probability_a"]) == pytest.approx(0.268941, abs=1e-6)


def test_folders_in_folders_are_for_pictures(flowers, tmp_path, capsys):
    assert said_of(flowers, tmp_path, "width,length\n4,7\n", "--recursive") == 2
    assert "--recursive is for folders of pictures; this network takes rows" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("length,width\n1,nan\n", "row 2: width is 'nan', not a number; correct the table"),
        ("length,width\n1,\n", "row 2: width is '', not a number"),
        ("length,width\n1,3_6.20\n", "row 2: width is '3_6.20', not a number"),
        ("length,width\n1,٣٦\n", "row 2: width is '٣٦', not a number"),
        ("length,width\n1e30,1\n", "row 2: length is 1e30, far from all training rows"),
        ("length,width\n-1e308,1\n", "row 2: length is -1e308, far from all training rows"),
        ("length,width\ninf,1\n", "row 2: length is 'inf', not a number"),
        ("length\n1\n", "no column width in the header row, which has length"),
        ("length,width,petals\n1,2,3\n", "the column petals is unknown here; take it out"),
        ("length,width,\n1,2,3\n", "the column without a name is unknown here"),
        ("length,width,Width\n1,2,3\n", "the column width stands twice"),
        ("length,width\n1,2,3\n", "row 2 has 3 cells where the header row has 2"),
        ("length;width\n1;2\n", "separated by semicolons, not by commas"),
        ("length,width\n", "rows.csv: no rows below the header row"),
        ("", "no column length and width in the header row, which has nothing"),
    ],
)
def test_a_wrong_table_is_one_line(flowers, tmp_path, capsys, text, says):
    assert said_of(flowers, tmp_path, text) == 2
    said = capsys.readouterr()
    assert not said.out and says in said.err.splitlines()[-1] and "rows.csv" in said.err.splitlines()[-1]


def test_a_row_that_fails_loses_no_other(flowers, tmp_path, capsys):
    assert said_of(flowers, tmp_path, "length,width\n7,x\n7,4\n") == 2
    said = capsys.readouterr()
    assert said.out.endswith("rows.csv:3: b 0.731; a 0.269\n") and "row 2: width is 'x'" in said.err


def test_what_is_for_others_is_one_line(flowers, tmp_path, capsys):
    assert predict.main([str(flowers), "--text", "hello"]) == 2
    assert "--text: this network takes tables" in capsys.readouterr().err
    assert said_of(flowers, tmp_path, "length,width\n7,4\n", "--tta") == 2
    assert "--tta: rows of a table have no variations" in capsys.readouterr().err
    assert predict.main([str(flowers), str(tmp_path)]) == 2
    assert f"{tmp_path}: cannot be read" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        predict.main([str(flowers)])
    assert caught.value.code == 2 and "name a FILE, or give a --text" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"table": None}, "table does not say the columns, shift and scale"),
        ({"table": [1]}, "damaged or of another version"),
        ({"table": FLOWERS | {"code": "x"}}, "table does not say the columns"),
        ({"table": FLOWERS | {"columns": "ab"}}, "names, each one once"),
        ({"table": FLOWERS | {"columns": ["a", "A"]}}, "names, each one once"),
        ({"table": FLOWERS | {"label": "length"}}, "names, each one once"),
        ({"table": FLOWERS | {"shift": [1.0]}}, "a finite number for each of 2 columns"),
        ({"table": FLOWERS | {"shift": 5}}, "table does not say the columns"),
        ({"table": FLOWERS | {"scale": [1.0, float("nan")]}}, "a finite number for each of 2 columns"),
        ({"table": FLOWERS | {"scale": [1.0, 0.0]}}, "cannot be divided by 0"),
        ({"table": FLOWERS | {"columns": ["a", "b", "c"], "shift": [0] * 3, "scale": [1] * 3}}, "does not take inputs"),
        ({"classes": []}, "give the classes, in their order, or the number it predicts"),
        ({"classes": ["a", "b", "c"]}, "has 2 outputs, not one for each of"),
        ({"classes": [], "number": {"unit": "cm"}}, "give a unit, in words, and two finite numbers"),
        ({"classes": [], "number": {"unit": "cm", "shift": 0, "scale": "x"}}, "give a unit, in words, and two finite"),
        ({"classes": [], "number": {"unit": "cm", "shift": 0, "scale": 1}}, "outputs [2], not one number"),
        ({"arguments": {"sizes": [2**20, 2**20]}}, "too many weights"),
        ({"arguments": {"sizes": [2**40, 1]}}, "sizes is 1099511627776"),
        ({"arguments": {"sizes": [2, 2], "activation": "__import__"}}, "activation=__import__: there are relu"),
        ({"arguments": {}}, "perceptron is not built with {}"),
    ],
)
def test_a_model_json_that_no_run_writes_is_one_line(flowers, tmp_path, capsys, values, says):
    path = flowers / "checkpoints" / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")
    assert said_of(flowers, tmp_path, "length,width\n7,4\n") == 2
    said = capsys.readouterr()
    assert not said.out and says in said.err.splitlines()[-1] and "Traceback" not in said.err


def test_the_small_network_of_4_1_tells_prices(tmp_path, capsys):
    data = load_housing("synthetic")
    paddle.seed(3)
    network = perceptron([13, 8, 4, 1])
    run = run_of(tmp_path / "run", network, prices.saved_model("8x4", data))
    raw = data.test.inputs[:3] * data.span[:13] + data.mean[:13]
    text = "\n".join([",".join(COLUMNS[:13]), *(",".join(map(repr, row)) for row in raw.tolist())])
    assert said_of(run, tmp_path, text, "--csv", str(tmp_path / "out.csv")) == 0
    expected = data.to_dollars(prices.predict(network, data.test.inputs[:3]))
    found = [float(row["prediction"]) for row in contract.rows_of(tmp_path / "out.csv")]
    assert found == pytest.approx(expected.tolist(), rel=1e-5) and np.ptp(expected) > 0.1
    assert capsys.readouterr().out.splitlines()[0].endswith(f"rows.csv:2: {expected[0]:.4g} thousand dollars")
