"""The source's own two recipes, as settings: VGG-16 with frozen features, and ResNet-18 trained further as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import paddle
from paddle import nn

import paddle_camp as camp
from homework.transfer.figures import draw_recipe, draw_wrong
from homework.transfer.layers import set_dropout

OURS = "ours"
STATISTICS = ("_mean", "_variance")  # of batch norms, which Paddle lists as parameters and nothing trains
DROPOUT = 0.2  # in VGG-16's classifier, in place of 0.5; that it is changed is the source's, the number is ours


def all_layers(weights: camp.PretrainedWeights) -> nn.Layer:
    """The pretrained network with a new last layer of two; all of it is trained, its batch norms too."""
    return weights.create(num_classes=2)


def frozen_features(weights: camp.PretrainedWeights) -> nn.Layer:
    """The same, with its convolutions (``features``) frozen and another dropout in the layers behind them."""
    model = set_dropout(weights.create(num_classes=2), DROPOUT)
    camp.freeze(model.features)
    return model


@dataclass(frozen=True)
class Recipe:
    """How the source trains a network.

    Attributes:
        model: its name in the zoo.
        build: makes it, of pretrained weights.
        epochs: how many.
        learning_rate, momentum: of Momentum; divided by ten after every ``step`` epochs.
    """

    model: str
    build: Callable[[camp.PretrainedWeights], nn.Layer]
    epochs: int
    learning_rate: float = 0.001
    momentum: float = 0.9
    step: int = 7


# Of VGG-16 the source says what is frozen and changed; its rate and epochs are those of ResNet-18 here.
RECIPES = {"vgg16": Recipe("vgg16", frozen_features, 10), "resnet18": Recipe("resnet18", all_layers, 25)}


def train_recipe(settings: Any, context: camp.Context, weights: camp.PretrainedWeights, parts: dict) -> dict:
    """One training by a recipe, and the network with the weights of its lowest held-out loss; kept in its folder."""
    recipe = RECIPES[settings.recipe]
    paddle.seed(context.seed)
    model = recipe.build(weights)
    schedule = paddle.optimizer.lr.StepDecay(recipe.learning_rate, recipe.step, 0.1)
    optimizer = paddle.optimizer.Momentum(schedule, recipe.momentum, model.parameters())
    train = camp.Batches(parts["train"], settings.batch_size, context.seed)
    held = {"holdout": camp.Batches(parts["holdout"], settings.batch_size)}
    keep = camp.CheckpointPolicy(context.checkpoints / "recipe", best_on="holdout")
    options = settings.fit_options | {"num_epochs": settings.recipe_epochs or recipe.epochs, "name": settings.recipe}
    options |= context.fit_options | {"schedule_interval": "epoch", "keep": keep}
    history = camp.fit(model, optimizer, train, evaluations=held, **options)
    camp.load_weights(model, keep.folder / "best.pdparams")
    found = camp.evaluate(model, camp.Batches(parts["validation"], settings.batch_size))
    return {"model": model, "history": history, "found": found, "folder": keep.folder}


def run_recipe(settings: Any, context: camp.Context, weights: camp.PretrainedWeights, parts: dict) -> camp.Answer:
    """The answer of a run of a recipe alone, on "train", "holdout" and "validation" pictures."""
    done = train_recipe(settings, context, weights, parts)
    found, history, recipe = done["found"], done["history"], RECIPES[settings.recipe]
    context.publish(done["folder"], camp.SavedModel.transferred(weights, parts["train"]))
    losses = history.after_epochs("holdout", "loss")
    best = min(range(len(losses)), key=losses.__getitem__)
    numbers = {name: each.size for name, each in done["model"].named_parameters() if not name.endswith(STATISTICS)}
    trained = camp.count_parameters(done["model"])
    predictions = camp.Predictions.of(parts["validation"], found.outputs, "validation")
    results = {"recipe": predictions.headline() | {"loss": found.loss, "auc": found.auc, "trained": trained}}
    results["recipe"] |= {"numbers": sum(numbers.values()), "best": best + 1, "epochs": len(losses)}
    results["recipe"] |= {"best_loss": losses[best], "last_loss": losses[-1]}
    values = {"counts": {name: len(part) for name, part in parts.items()}, "code": camp.code_of(recipe.build)}
    values["by"] = {"rate": recipe.learning_rate, "momentum": recipe.momentum, "step": recipe.step, "dropout": DROPOUT}
    wrong = ("验证图片，判错的在前", draw_wrong(parts["validation"], found.outputs))
    return camp.Answer(
        title=f"作业transfer:迁移学习，{settings.recipe} 的做法",
        results=results,
        values=values,
        figures={"curve": ("每一轮之后训练和留出的 loss", draw_recipe(history)), "wrong": wrong},
        histories={settings.recipe: history},
        predictions=predictions,
    )
