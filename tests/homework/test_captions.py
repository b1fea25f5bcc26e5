"""captions: VGG counted by hand, the search and its choice, a tiny run, and predict writes what the run wrote."""

from __future__ import annotations

import json

import cv2
import numpy as np
import paddle
import pytest

import paddle_camp as camp
from homework.captions import baselines, describing, features, figures, questions, verdicts, vgg
from paddle_camp.bleu import bleu
from paddle_camp.commands import predict
from paddle_camp.data.captions.loading import load_captions
from paddle_camp.data.captions.words import SPECIAL, Vocabulary
from paddle_camp.errors import DataError
from paddle_camp.networks.decoding import Candidate
from paddle_camp.predicting.captions import Captions, Way
from paddle_camp.predicting.saved_model import find_saved_model
from paddle_camp.running.outputs import read_kept
from tests.helpers import contract
from tests.helpers.predictions import small_run

TINY = (
    "train_pictures=16",
    "dev_pictures=6",
    "test_pictures=6",
    "image_size=64",
    "threshold=1",
    "width=16",
    "num_epochs=2",
)
TINY += ("num_seeds=2", "widths=2", "exponents=0.0,0.75", "votes=10.0", "neighbours=4", "batch_size=20", "longest=12")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return small_run("captions", tmp_path_factory.mktemp("runs"), TINY)


def words(text):
    return tuple(text.split())


def test_the_counts_of_vgg_by_hand():
    counts = vgg.count_all()
    assert counts["D"]["parameters"] == 138_357_544 and counts["E"]["parameters"] == 143_667_240
    assert counts["D"]["weights"] == 138_344_128 and counts["D"]["biases"] == 13_416
    assert counts["A"]["parameters"] == counts["A-LRN"]["parameters"] == 132_863_336
    # C is B with three 1x1 convolutions more: 256 to 256 once, 512 to 512 twice.
    assert counts["C"]["parameters"] - counts["B"]["parameters"] == 256 * 257 + 2 * 512 * 513
    assert [row["layers"] for row in counts.values()] == [11, 11, 13, 16, 16, 19]
    assert all(row["zoo"] == row["parameters"] for name, row in counts.items() if name in vgg.ZOO)
    assert counts["D"]["dense"] == 25088 * 4096 + 4096 + 4096 * 4096 + 4096 + 4096 * 1000 + 1000


def test_every_row_is_that_of_the_network():
    """Outputs and parameters of the zoo's VGG-11, built small: the rule and the network say the same."""
    rows = [row for row in vgg.rows_of("A") if row.parameters]
    with paddle.LazyGuard():
        model = camp.create_model("vgg11", num_classes=1000)
    own = [each for each in model.sublayers() if not each.sublayers() and camp.count_parameters(each)]
    assert [row.parameters for row in rows] == [camp.count_parameters(each) for each in own]
    assert [row.output for row in rows[:2]] == [(224, 224, 64), (112, 112, 128)] and rows[-4].output == (14, 14, 512)
    assert vgg.rows_of("D")[-5].output == (7, 7, 512) and vgg.rows_of("D")[-4].output == (25088,)


def test_the_summary_is_as_keras_prints_it():
    lines = vgg.keras_summary("vgg16", vgg.rows_of("D")).splitlines()
    assert lines[0] == 'Model: "vgg16"' and len(lines) == 4 + 23 + 5
    assert lines[4].split() == ["input_1", "(InputLayer)", "[(N,", "224,", "224,", "3)]", "0"]
    assert lines[5].split() == ["block1_conv1", "(Conv2D)", "(N,", "224,", "224,", "64)", "1792"]
    assert lines[-6].split() == ["predictions", "(Dense)", "(N,", "1000)", "4097000"]
    assert lines[-4] == "Total params: 138,357,544"


def test_the_eight_answers_by_hand():
    found = questions.answer_all(vgg.count_all())
    three, seven = found["stack"]["three"], found["stack"]["seven"]
    assert three["field"] == seven["field"] == 7 and three["weights"] == 27 * 256**2 and seven["weights"] == 49 * 256**2
    assert found["stack"]["two"]["field"] == found["stack"]["five"]["field"] == 5
    work = [row["work"] for row in found["channels"]]
    assert work[1] == work[2] == work[3] == 9 * 128 * 128 * 112 * 112 and work[4] * 4 == work[3]
    assert found["filters"]["strided"]["side"] == 112 and found["filters"]["usual"]["parameters"] == 64 * 28
    assert found["filters"]["strided"]["work"] * 4 == found["filters"]["usual"]["work"]
    assert (found["ones"]["count"], found["ones"]["parameters"]) == (3, 256 * 257 + 2 * 512 * 513)
    assert [found["ones"][f"field_{which}"] for which in "bcd"] == [5, 5, 7]
    assert found["dense"]["first"] == 25088 * 4096 + 4096 and found["dense"]["pooled"] == 513_000
    assert found["biases"] == 13_416 and found["padding"] == {"unpadded": 1, "padded": 7}
    assert found["deeper"]["parameters"] == 143_667_240 - 138_357_544


def test_places_of_a_feature_map():
    grid = np.arange(2 * 3 * 4).reshape(1, 2, 3, 2, 2)
    places = features.as_places(grid)
    assert places.shape == (1, 2, 4, 3) and places[0, 1, 2].tolist() == [grid[0, 1, c, 1, 0] for c in range(3)]


VOCABULARY = Vocabulary((*SPECIAL, "a", "dog", "cat", "runs"))


def test_the_votes_of_similar_pictures_choose():
    candidates = [Candidate((3, 5, 6), -2.0), Candidate((3, 4, 6), -2.2), Candidate((3, 4), -1.9)]
    said = [VOCABULARY.decode(each.words) for each in candidates]
    near = np.array([0.1, 0.3, 0.2])
    found = describing.Found([candidates], [said], [near])
    assert found.captions(Way(3)) == [words("a dog")]  # the most probable
    assert found.captions(Way(3, exponent=1.0)) == [words("a cat runs")]  # -2 / 4 against -1.9 / 3
    assert found.captions(Way(3, exponent=1.0, neighbours=10.0)) == [words("a dog runs")]


def row(group, width, score, exponent=0.0, neighbours=0.0):
    return {"group": group, "width": width, "exponent": exponent, "neighbours": neighbours, "bleu": [score] * 4} | {
        "words": 9.0,
        "count": 80,
        "sharpness": 10.0,
    }


def test_what_dev_pictures_choose():
    rows = [row("pooled", 1, 0.3), row("attention", 1, 0.2), row("both", 1, 0.31)]
    rows += [row("pooled", 3, 0.4), row("pooled", 3, 0.5, 0.5, 10.0), row("pooled", 5, 0.5, 1.0, 30.0)]
    rows += [row("attention", 3, 0.1), row("both", 3, 0.2)]
    found = verdicts.judge_dev(rows, (3, 5))
    assert found["chosen"]["width"] == 3 and found["chosen"]["neighbours"] == 10.0  # of ties the first
    assert found["plain"]["bleu"][0] == 0.4 and found["groups"]["both"]["width"] == 1
    assert list(found["widths"]) == ["1", "3", "5"] and found["edges"] == {"width": "smallest"}


def test_baselines_by_hand():
    known = np.eye(3, dtype=np.float32), [[words("a dog runs"), words("a dog")], [words("a cat")], [words("runs")]]
    captions = [[words("a dog runs"), words("a dog runs")], [words("a cat")]]
    rows = baselines.measure_baselines(np.eye(3, dtype=np.float32)[[0, 1]], captions, known, 2, 10.0)
    assert set(rows) == {"nearest", "consensus", "random", "human"} and len(rows["human"]) == 1
    assert bleu(rows["human"])[:3] == pytest.approx([1, 1, 1])
    for name in ("nearest", "consensus"):
        assert bleu(rows[name])[:2] == pytest.approx([1, 1])


def test_examples_are_in_order():
    counts = np.array([[4, 3, 2, 1, 4, 3, 2, 1, 4, 4], [0, 0, 0, 0, 4, 3, 2, 1, 4, 4], [4, 1, 0, 0, 4, 3, 2, 1, 4, 4]])
    found = verdicts.examples(counts, [words("a"), words("b"), words("c")], ("0.jpg", "1.jpg", "2.jpg"))
    assert [found[name][0]["name"] for name in ("best", "median", "worst")] == ["0.jpg", "2.jpg", "1.jpg"]
    assert found["best"][0]["score"] == pytest.approx(1.0)


def test_a_lit_picture_is_dark_where_nobody_looks():
    image = np.full((3, 40, 40), 200, np.uint8)
    shares = np.zeros(16)
    shares[0] = 1.0  # the upper left corner
    found = figures.lit(image, shares)
    assert found[0, 2, 2] > 180 and found[0, 35, 35] == 60


def test_a_tiny_run_keeps_the_contract(run):
    results = contract.check(run, "captions", data=True)
    assert list(results["trained"]) == ["pooled", "attention"] and len(results["trained"]["pooled"]["loss"]) == 2
    assert set(results["test"]["bleu"]) == {"chosen", "plain", "greedy", "nearest", "consensus", "random", "human"}
    assert set(results["dev"]["groups"]) == {"pooled", "attention", "both"} and results["vgg"]["D"]["layers"] == 16
    with np.load(run / "features.npz") as kept:
        assert kept["names"].shape == (28,) and kept["pooled"].shape == (28, 1280)
    named = {figure.stem for figure in (run / "figures").iterdir()}
    assert named >= {"vgg", "lengths", "words", "training", "search", "test", "best", "median", "worst", "attention-1"}


def test_predict_writes_what_the_run_wrote(run, tmp_path, capsys):
    saved, files = find_saved_model(run)
    assert (saved.model, saved.reader, len(files)) == ("captioner", "pictures-lite", 1)
    answer = read_kept(run)["results"]
    test = load_captions("synthetic", image_size=64, counts=(16, 6, 6)).test
    shown = [each for rows in answer["shown"].values() for each in rows]
    for each in shown:
        assert cv2.imwrite(
            str(tmp_path / f"{each['index']}.png"), test.pictures.images[each["index"]].transpose(1, 2, 0)
        )
    assert predict.main([str(run), str(tmp_path), "--csv", str(tmp_path / "said.csv")]) == 0
    rows = {row["sample"]: row["prediction"] for row in contract.rows_of(tmp_path / "said.csv")}
    assert {f"{tmp_path}/{each['index']}.png": each["caption"] for each in shown} == rows
    out, err = capsys.readouterr()
    assert shown[0]["caption"] in out and "trained on STAND-IN DATA" in err
    assert predict.main([str(run), str(tmp_path), "--tta"]) == 2
    assert "captions of changed pictures cannot be averaged" in capsys.readouterr().err


def test_a_strangers_captions_are_data(tmp_path):
    path = tmp_path / "captions.json"
    Captions(VOCABULARY, ((words("a dog"),),), Way(3, 0.5, 10.0, 4), 12).save(path)
    again = Captions.load(path)
    assert again.known == ((words("a dog"),),) and again.way == Way(3, 0.5, 10.0, 4) and again.longest == 12
    content = json.loads(path.read_text(encoding="utf-8"))
    changes = {"words": ["a"], "longest": 10**9, "known": 3, "way": content["way"] | {"width": 10**6}}
    for key, value in changes.items():
        path.write_text(json.dumps(content | {key: value}), encoding="utf-8")
        with pytest.raises(camp.errors.CheckpointError, match="captions.json: damaged or of another version"):
            Captions.load(path)
    with pytest.raises(camp.errors.CheckpointError, match="cannot be read"):
        Captions.load(tmp_path / "none.json")


def test_wrong_settings_are_one_line(tmp_path):
    contract.refused("captions", tmp_path, "no word stands 99999 times", *TINY, "threshold=99999")
    contract.refused("captions", tmp_path, "weights=nowhere.pdparams: no such file", *TINY, "weights=nowhere.pdparams")
    contract.refused("captions", tmp_path, "widths=1: ", *TINY, "widths=1")
    offline = "those of vgg16 are not here and cannot be downloaded now"
    contract.refused("captions", tmp_path, offline, *TINY, "model=vgg16", kind=DataError)


@pytest.mark.slow
def test_quick(tmp_path):
    folder, _ = contract.run("captions", tmp_path, "--quick", "--data", "synthetic")
    results = contract.check(folder, "captions", data=True)
    scores = results["test"]["bleu"]
    assert scores["chosen"][0] > scores["random"][0] and scores["chosen"][3] > scores["random"][3]
