"""A network taken apart: its layers by their names, its parameters, and first weights by a rule of one's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
from paddle import nn

import paddle_camp as camp

SHOWN = 5  # layers in the table
LAST = 0.01  # standard deviation of a linear layer's first weights


def layers_of(model: nn.Layer, *kinds: type[nn.Layer]) -> dict[str, nn.Layer]:
    """The layers of these kinds by their names, such as ``features.1.expand.0``."""
    return {name: layer for name, layer in model.named_sublayers() if isinstance(layer, kinds)}


def parameters_of(model: nn.Layer) -> list[tuple[str, list[int], bool]]:
    """Name, shape, and whether it is trained, of every parameter."""
    return [(name, list(each.shape), not each.stop_gradient) for name, each in model.named_parameters()]


def deviation_of(layer: nn.Layer) -> float:
    """The rule: sqrt(2 / n), n the number of weights that one output is a sum of (He et al., ICCV 2015)."""
    return LAST if isinstance(layer, nn.Linear) else (2 / np.prod(layer.weight.shape[1:])) ** 0.5


def initialise(model: nn.Layer) -> nn.Layer:
    """Draw the weights of all convolutions and linear layers by the rule; their biases are 0."""
    for layer in layers_of(model, nn.Conv2D, nn.Linear).values():
        for name, each in layer.named_parameters():
            drawn = paddle.randn(each.shape) * deviation_of(layer)
            each.set_value(drawn if name == "weight" else paddle.zeros(each.shape))
    return model


def set_dropout(model: nn.Layer, share: float) -> nn.Layer:
    """Let every dropout of a network drop this share."""
    for layer in layers_of(model, nn.Dropout).values():
        layer.p = share
    return model


def picked(names: list[str]) -> list[str]:
    """:data:`SHOWN` of the names, or all where they are fewer: the first, the last, and some between."""
    return [names[i] for i in sorted({round(i) for i in np.linspace(0, len(names) - 1, SHOWN)})]


def look_into(weights: camp.PretrainedWeights, tuned: nn.Layer, seed: int) -> dict[str, Any]:
    """What the network is made of, and how large its weights are: pretrained, Paddle's first ones, and the rule's.

    Args:
        tuned: the network as it is trained further, with what is frozen in it.

    Returns:
        ``parts``: the network's own layers by name -> parameters, their numbers, how many are trained; ``kinds``: kind
        of a layer -> how many; ``layers``: some by name, with shape and standard deviations; ``follows``: whether the
        drawn ones are those of the rule, within four standard errors; ``listed``: :data:`SHOWN` parameters;
        ``farthest``: of the convolutions that whose rule is farthest from Paddle's first weights.
    """
    parts: dict[str, dict] = {}
    listed = parameters_of(tuned)
    for name, shape, trained in listed:
        row = parts.setdefault(name.partition(".")[0], {"parameters": 0, "numbers": 0, "trained": 0})
        for key, count in (("parameters", 1), ("numbers", int(np.prod(shape))), ("trained", int(trained))):
            row[key] += count
    paddle.seed(seed)
    default = camp.create_model(weights.model, **weights.arguments | {"num_classes": 2})
    before = {name: layer.weight.numpy() for name, layer in layers_of(default, nn.Conv2D, nn.Linear).items()}
    pretrained, own = (layers_of(each, nn.Conv2D, nn.Linear) for each in (tuned, initialise(default)))
    rows, follows = [], True
    for name, layer in own.items():
        weight, rule = layer.weight.numpy(), deviation_of(layer)
        follows &= abs(float(weight.std()) / rule - 1) < 4 / (2 * weight.size) ** 0.5
        deviations = {"rule": rule, "drawn": weight.std(), "default": before[name].std()}
        deviations["pretrained"] = pretrained[name].weight.numpy().std()
        rows.append({"name": name, "shape": list(weight.shape)} | {key: float(v) for key, v in deviations.items()})
    shown = picked([row["name"] for row in rows])
    kinds = [type(layer).__name__ for layer in tuned.sublayers() if not layer.sublayers()]
    named = picked([name for name, _, _ in listed])
    found = {"listed": [row for row in listed if row[0] in named], "parts": parts}
    convolutions = [row for row in rows if len(row["shape"]) == 4]
    found["farthest"] = max(convolutions, key=lambda row: abs(np.log(row["default"] / row["rule"])))
    found |= {"kinds": {kind: kinds.count(kind) for kind in sorted(set(kinds))}, "follows": follows}
    return found | {"layers": [row for row in rows if row["name"] in shown], "weighted": len(rows)}


def maps_of(weights: camp.PretrainedWeights, image: np.ndarray, seed: int) -> dict[str, dict[str, np.ndarray]]:
    """What layers taken out by their names make of a picture, uint8 ``[C, H, W]``: pretrained, and as first drawn.

    Returns:
        "pretrained" and "drawn" -> name -> float ``[C, H, W]``, of the first three of the shown convolutions: those
        of the later ones are too small to be looked at.
    """
    paddle.seed(seed)
    models = {"pretrained": weights.create(num_classes=2)}
    models["drawn"] = initialise(camp.create_model(weights.model, **weights.arguments | {"num_classes": 2}))
    names = picked(list(layers_of(models["drawn"], nn.Conv2D)))[:3]
    pixels = paddle.to_tensor(weights.kind.scale(image[np.newaxis]))
    found: dict[str, dict[str, np.ndarray]] = {}
    for which, model in models.items():
        taken = {name: camp.FeatureExtractor(model, weights.kind, layer=name)(pixels) for name in names}
        found[which] = {name: maps.numpy()[0] for name, maps in taken.items()}
    return found
