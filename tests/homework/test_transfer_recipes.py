"""transfer: the source's recipes with files of weights that the tests make, and without any."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import paddle
import pytest
from paddle import nn

import paddle_camp as camp
from homework.transfer import experiment as hw
from homework.transfer import recipes
from paddle_camp.errors import DataError
from paddle_camp.models.layers import Conv2D, MaxPool2D, flatten
from paddle_camp.predicting.saved_model import find_saved_model
from tests.helpers import contract
from tests.helpers.markdown import rendered
from tests.helpers.predictions import small_run

TINY = ("train_pictures=20", "valid_pictures=10", "image_size=32", "holdout=0.2", "recipe_epochs=2", "batch_size=8")


def file_of(name: str, folder) -> str:
    """A file of a thousand classes in the form of Paddle's networks."""
    paddle.seed(3)
    path = folder / f"{name}.pdparams"
    paddle.save(getattr(paddle.vision.models, name)().state_dict(), str(path))
    return str(path)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return small_run("transfer", folder, (*TINY, "recipe=resnet18", f"weights={file_of('resnet18', folder)}"))


def test_resnet18_runs_with_a_file(run):
    results = contract.check(run, "transfer", data=True, classifier=True, sentence=False)["recipe"]
    assert (results["epochs"], results["trained"], results["numbers"]) == (2, 11_177_538, 11_177_538)
    assert contract.metrics_of(run)["weights"] == {"resnet18": "file"}
    saved, files = find_saved_model(run)
    assert (saved.model, saved.classes, saved.reader) == ("resnet18", ("cat", "dog"), "pictures-imagenet")
    assert files[0].name == "best.pdparams"
    part = camp.load_cats_and_dogs("synthetic", image_size=32, counts=(20, 10)).valid
    shown = camp.find_weights("resnet18", run.parents[1] / "resnet18.pdparams").prepare(part)
    found = camp.evaluate(saved.load(files)[0], camp.Batches(shown, 8))
    assert found.accuracy == results["value"] and found.loss == pytest.approx(results["loss"], abs=1e-5)


def test_the_rate_falls_to_a_tenth_after_seven_epochs(run):
    recipe = recipes.RECIPES["resnet18"]
    assert (recipe.learning_rate, recipe.momentum, recipe.step, recipe.epochs) == (0.001, 0.9, 7, 25)
    rows = contract.rows_of(run / "steps.csv")
    assert {float(row["learning_rate"]) for row in rows} == {0.001}


class LikeVGG(nn.Layer):
    """VGG's form, a thousand times smaller."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3):
        super().__init__()
        self.features = nn.Sequential(Conv2D(in_channels, 8, 3, padding=1, relu=True), MaxPool2D(8, 8))
        layers = [nn.Linear(128, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, num_classes)]
        self.classifier = nn.Sequential(*layers)

    def forward(self, images):
        return self.classifier(flatten(self.features(images)))


def test_vgg16_has_frozen_features_another_dropout_and_two_classes(tmp_path, monkeypatch):
    file = tmp_path / "like.pdparams"
    paddle.seed(1)
    paddle.save(LikeVGG().state_dict(), str(file))
    published = camp.find_weights("vgg16", file)
    monkeypatch.setattr("paddle_camp.pretrained.loading.create_model", lambda name, **arguments: LikeVGG(**arguments))
    weights = replace(published, published=replace(published.published, reference=""))
    model = recipes.RECIPES["vgg16"].build(weights)
    assert model.classifier[2].p == recipes.DROPOUT and model.classifier[-1].weight.shape == [16, 2]
    before = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    data = camp.load_cats_and_dogs("synthetic", image_size=32, counts=(20, 10)).train
    optimizer = paddle.optimizer.Momentum(0.1, 0.9, model.parameters())
    camp.fit(model, optimizer, camp.Batches(weights.prepare(data), 8), num_epochs=1, quiet=True)
    moved = {name for name, value in model.state_dict().items() if (value.numpy() != before[name]).any()}
    assert moved == {name for name in before if name.startswith("classifier.")}
    given = paddle.load(str(file))
    assert all((before[name] == np.asarray(given[name])).all() for name in before if "classifier.3" not in name)


@pytest.mark.slow
def test_vgg16_runs_with_a_file(tmp_path):
    options = (*TINY, "recipe=vgg16", f"weights={file_of('vgg16', tmp_path)}", "recipe_epochs=1")
    folder = small_run("transfer", tmp_path, options)
    results = contract.check(folder, "transfer", data=True, classifier=True, sentence=False)["recipe"]
    assert results["trained"] == 119_554_050  # of 25,088 x 4,096, 4,096 x 4,096 and 4,096 x 2, with biases


def test_without_its_weights_a_recipe_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PADDLE_CAMP_OFFLINE", "1")
    monkeypatch.setattr("paddle_camp.pretrained.finding.PADDLES_CACHE", tmp_path / "nowhere")
    monkeypatch.setenv("PADDLE_CAMP_CACHE", str(tmp_path / "cache"))
    for name in ("vgg16", "resnet18"):
        says = f"weights=imagenet: those of {name} are not here and cannot be downloaded now"
        contract.refused("transfer", tmp_path, says, *TINY, f"recipe={name}", kind=DataError)


def answer(recipe: str = "resnet18", best: int = 12, last: float = 0.09) -> str:
    found = {"name": "accuracy", "value": 0.97, "interval": [0.936, 0.986], "split": "validation", "loss": 0.08}
    found |= {"auc": 0.995, "trained": 1000, "numbers": 11_177_538, "best": best, "epochs": 25}
    found |= {"best_loss": 0.07, "last_loss": last}
    values = {"recipe": found, "counts": {"train": 2700, "holdout": 300, "validation": 200}, "code": "…"}
    values["by"] = {"rate": 0.001, "momentum": 0.9, "step": 7, "dropout": recipes.DROPOUT}
    return rendered(hw.__file__, values | {"settings": replace(hw.Settings(), recipe=recipe)})


def test_the_answer_of_a_recipe():
    text = answer()
    assert "训练 resnet18，200 张验证图片上的准确率为 97.00%（区间 93.60%～98.60%），用的是第 12 轮" in text
    assert "第 12 轮之后最低，0.0700；最后一轮之后是 0.0900" in text and "批标准化也参加" in text
    assert "取最好的权重没有改变什么" in answer(best=25, last=0.07)
    assert "features）冻结" in answer("vgg16") and "dropout 改为 0.2" in answer("vgg16")
