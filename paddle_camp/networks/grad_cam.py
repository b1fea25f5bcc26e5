"""Grad-CAM: which places of a picture speak for a class (Selvaraju et al., ICCV 2017, arXiv:1610.02391)."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import paddle
from paddle import Tensor, nn

from paddle_camp.errors import require
from paddle_camp.metrics import probabilities
from paddle_camp.networks.calling import outputs_of
from paddle_camp.networks.modes import evaluating, held, unchanged
from paddle_camp.networks.receptive_fields import Grid, grid_of

AT_ONCE = 20  # pictures


@dataclass(frozen=True)
class GradCam:
    """What :func:`grad_cam` finds for N pictures.

    Attributes:
        maps: float32 ``[N, h, w]``, a number for each place of the layer's output; 0 where nothing speaks for it.
        classes: the class that each map belongs to, int64 ``[N]``.
        outputs: the network's logits, float32 ``[N, K]``.
        layer: the name of the layer whose output was weighted.
        grid: where in the picture the places of the maps lie.
    """

    maps: np.ndarray
    classes: np.ndarray
    outputs: np.ndarray
    layer: str
    grid: Grid

    def on_pictures(self, height: int, width: int) -> np.ndarray:
        """The maps for each pixel, float32 ``[N, height, width]``: linear between the places."""
        return self.grid.over(self.maps, height, width)


def grad_cam(
    model: nn.Layer,
    inputs: np.ndarray,
    classes: np.ndarray | None = None,
    layer: str = "",
    grid: Grid | None = None,
) -> GradCam:
    """Where the network sees its class: ReLU(sum over k of a_k A_k).

    A_k are the channels of a convolutional layer's output, a_k the mean over all places of the gradient of the class's
    logit with respect to A_k. The network computes in evaluation mode, and its weights, modes and gradients stay as
    they are. Everything in front of the layer is computed without gradients.

    Args:
        inputs: float32 ``[N, C, H, W]``, scaled as in training.
        classes: int ``[N]``, the classes that are asked for; by default those that the network says. With a single
            logit (a sigmoid) that of class 0 is its negative.
        layer: the name of a layer, as in ``model.named_sublayers()``; by default that of :func:`last_feature_map`.
        grid: where the layer's places lie, if that is known, as of another network of the same kind.

    Raises:
        SettingError: the network has no convolution whose output has several places, or no such layer; a class that
            it has not.
    """
    layer = layer or last_feature_map(model, inputs[:1])
    target = dict(model.named_sublayers()).get(layer)
    require(
        target is not None, f"layer={layer}: {type(model).__name__} has no layer of this name; see named_sublayers()"
    )
    pieces = [slice(start, start + AT_ONCE) for start in range(0, len(inputs), AT_ONCE)]
    with unchanged(model), held(model):
        model.eval()
        found = [_one_batch(model, target, layer, inputs[p], None if classes is None else classes[p]) for p in pieces]
        grid = grid or grid_of(model, layer, inputs[:1])
    maps, said, outputs = (np.concatenate(each) for each in zip(*found, strict=True))
    return GradCam(maps, said, outputs, layer, grid)


def explain_together(
    networks: Sequence[nn.Layer], inputs: np.ndarray, classes: np.ndarray | None = None
) -> tuple[GradCam, np.ndarray]:
    """:func:`grad_cam` of several networks of one kind whose probabilities are averaged, and these probabilities.

    Each network's map is divided by its highest place, and what is given back is their mean; the logits are the first
    network's.

    Args:
        classes: by default those that the networks say together.

    Returns:
        The maps, and float64 ``[N, K]``.
    """
    shares = np.mean([probabilities(outputs_of(network, inputs)) for network in networks], axis=0)
    classes = shares.argmax(axis=1) if classes is None else classes
    first = grad_cam(networks[0], inputs, classes)
    found = [first, *(grad_cam(each, inputs, classes, first.layer, first.grid) for each in networks[1:])]
    tops = [each.maps.max(axis=(1, 2), keepdims=True) for each in found]
    scaled = [each.maps / np.where(top > 0, top, 1) for each, top in zip(found, tops, strict=True)]
    return replace(found[0], maps=np.mean(scaled, axis=0)), shares


def last_feature_map(model: nn.Layer, inputs: np.ndarray) -> str:
    """The layer whose output is the last, and finest, map of features that convolutions make of a picture.

    Of what is computed from the last convolution on, it is the last layer with a convolution in it whose output has the
    most places: a residual block rather than the convolution at its end, a convolution rather than the chain of layers
    that ends with a pooling.

    Raises:
        SettingError: there is none.
    """
    seen: list[tuple[str, int, bool]] = []  # layer, places of its output, whether it is a convolution itself

    def note(name: str, layer: nn.Layer, output: object) -> None:
        places = int(np.prod(output.shape[2:])) if isinstance(output, Tensor) and output.ndim == 4 else 0
        if places > 1:
            seen.append((name, places, _is_convolution(layer)))

    with contextlib.ExitStack() as stack:
        for name, layer in model.named_sublayers():
            if any(map(_is_convolution, layer.sublayers(include_self=True))):
                handle = layer.register_forward_post_hook(lambda it, _, output, name=name: note(name, it, output))
                stack.callback(handle.remove)
        with evaluating(model):
            model(paddle.to_tensor(inputs))
    kind = type(model).__name__
    message = (
        f"Grad-CAM needs a convolution whose output has several places: {kind} has none; take a convolutional network"
    )
    require(bool(seen), message)
    last = max((place for place, (_, _, is_convolution) in enumerate(seen) if is_convolution), default=0)
    finest = max(places for _, places, _ in seen[last:])
    return [name for name, places, _ in seen[last:] if places == finest][-1]


def _is_convolution(layer: nn.Layer) -> bool:
    return isinstance(layer, nn.Conv2D | nn.Conv2DTranspose)


def _one_batch(
    model: nn.Layer, target: nn.Layer, name: str, inputs: np.ndarray, classes: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Maps, classes and logits of a batch; see :func:`grad_cam`."""
    leaves: list[Tensor] = []

    def cut(layer: nn.Layer, given: tuple, output: Tensor) -> Tensor:
        """The layer's output as the beginning of the graph: a leaf, whose gradient is asked for."""
        usable = isinstance(output, Tensor) and output.ndim == 4
        require(usable, f"layer={name}: its output is no map of features [N, C, H, W]; name another layer")
        leaf = output.detach()
        leaf.stop_gradient = False
        leaves.append(leaf)
        return leaf

    handle = target.register_forward_post_hook(cut)
    try:
        outputs = model(paddle.to_tensor(inputs))
    finally:
        handle.remove()
    require(bool(leaves), f"layer={name}: the network does not use it in an evaluation; name another layer")
    fits = isinstance(outputs, Tensor) and outputs.ndim == 2
    require(fits, "Grad-CAM is of a classifier: the network's output is not one logit a class, [N, K]")
    logits = outputs.astype("float32").numpy()
    sigmoid = logits.shape[1] == 1
    said = (logits[:, 0] > 0).astype(np.int64) if sigmoid else logits.argmax(axis=1).astype(np.int64)
    said = said if classes is None else np.asarray(classes, np.int64).reshape(-1)
    count = max(2, logits.shape[1])
    known = said.shape == logits.shape[:1] and bool(((said >= 0) & (said < count)).all())
    require(known, f"classes: give one from 0 to {count - 1} for each of the {len(logits)} pictures")
    weights = np.where(said == 1, 1, -1)[:, None] if sigmoid else np.eye(count)[said]
    score = (outputs * paddle.to_tensor(weights.astype(np.float32))).sum()
    gradient = paddle.grad(score, leaves[-1])[0].astype("float32").numpy()
    features = leaves[-1].detach().astype("float32").numpy()
    channels = gradient.mean(axis=(2, 3), keepdims=True)
    return np.maximum((channels * features).sum(axis=1), 0), said, logits
