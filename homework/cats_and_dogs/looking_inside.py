"""The gradient in plain and residual nets before any training, and the cost of what is compared."""

from __future__ import annotations

import paddle
from paddle import nn

import paddle_camp as camp
from homework.cats_and_dogs.training import COMPARED
from paddle_camp.models.resnet import BasicBlock, BottleneckBlock
from paddle_camp.networks.signals import arriving, judge_arriving, mean_by_layer, outputs_of


def probe(model: nn.Layer, inputs: paddle.Tensor, labels: paddle.Tensor) -> list[float | None]:
    """The norm of the loss's gradient at the output of the stem and of every block, in training mode."""
    blocks = [layer for layer in model.sublayers() if isinstance(layer, BasicBlock | BottleneckBlock)]
    model.train()
    # In Paddle 2.6 a PyLayer, as oneDNN's layers are, may not leave out the gradient of one of its inputs.
    with camp.paddle_operators(), outputs_of([model.maxpool, *blocks]) as outputs:
        loss = camp.classification_loss(model(inputs), labels)
    return arriving(loss, outputs)


def measure_gradients(part: camp.ImageSet, count: int, seeds: range) -> dict[str, dict]:
    """Plain and residual nets of fresh weights: ``arriving`` by block, the mean over the seeds, and what it comes to.

    Args:
        part: training pictures; the first ``count`` of a draw are sent through.
    """
    some = camp.draw(part, count)
    inputs, labels = paddle.to_tensor(some.kind.scale(some.images)), paddle.to_tensor(some.labels)
    found = {}
    for network, (name, arguments) in COMPARED.items():
        if network == "resnext":
            continue
        rows = []
        for seed in seeds:
            paddle.seed(seed)
            rows.append(probe(camp.create_for(name, some, **arguments), inputs, labels))
        norms = mean_by_layer(rows)
        found[network] = {"arriving": norms} | judge_arriving(norms)
    return found


def costs_of(part: camp.ImageSet) -> dict[str, dict[str, int]]:
    """Parameters, and multiply-adds of one picture's forward pass, of ResNet-18 and the ResNeXt."""
    found = {}
    for network in ("residual 18", "resnext"):
        name, arguments = COMPARED[network]
        model = camp.create_for(name, part, **arguments)
        rows = camp.layer_rows(model, (1, *part.images.shape[1:]))
        found[network] = {"parameters": camp.count_parameters(model)}
        found[network]["multiply_adds"] = sum(row.multiply_adds for row in rows)
    return found
