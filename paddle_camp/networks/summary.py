"""Layer by layer: output shapes, parameters, multiply-adds and outputs of a network, read by forward hooks."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import paddle
from paddle import nn

from paddle_camp.errors import SettingError
from paddle_camp.nested import leaves
from paddle_camp.networks.calling import call
from paddle_camp.networks.freezing import training_mode
from paddle_camp.networks.modes import evaluating, unchanged

# The shape of an input, such as (1, 3, 224, 224); of several, a tuple or a dict of shapes, as the network takes them.
Shape = tuple[int, ...] | tuple["Shape", ...] | Mapping[str, "Shape"]

# What Paddle raises for shapes that do not fit, in words that help nobody.
_SHAPE_ERRORS = (ValueError, RuntimeError, OSError, AssertionError)


@dataclass(frozen=True)
class LayerRow:
    """One layer that has no layers of its own.

    Attributes:
        name: its place in the network, such as ``layer1.0.conv1``.
        kind: its class.
        output: the shape of its output, batch included.
        parameters: the number of trained parameters, without running statistics.
        multiply_adds: multiplications that are each followed by an addition, for the whole batch; counted for
            convolutions and linear layers, where the zeros of the padding are multiplied as well. 0 elsewhere.
    """

    name: str
    kind: str
    output: tuple[int, ...]
    parameters: int
    multiply_adds: int


def output_size(size: int, kernel: int, padding: int, stride: int) -> int:
    """Side of a convolution's or pool's output: (size + 2 padding - kernel) / stride + 1, rounded down."""
    return (size + 2 * padding - kernel) // stride + 1


def count_parameters(layer: nn.Layer) -> int:
    """The number of trained parameters of a layer and all below it."""
    return sum(p.size for p in layer.parameters() if not p.stop_gradient)


def zeros(shape: Shape, batch_size: int | None = None) -> Any:
    """Float32 zeros of this shape or these shapes, in their structure; ``batch_size`` replaces the first number."""
    if isinstance(shape, Mapping):
        return {key: zeros(each, batch_size) for key, each in shape.items()}
    if not all(isinstance(number, int) for number in shape):
        return tuple(zeros(each, batch_size) for each in shape)
    return paddle.zeros([batch_size or shape[0], *shape[1:]])


def _watch_layers(model: nn.Layer, inputs: Any, note: Callable[[str, nn.Layer, paddle.Tensor], None]) -> None:
    """Run ``inputs`` through ``model`` and call ``note`` with each layer that has no layers of its own, as they run.

    ``note`` gets the first tensor of a layer that gives several; a layer that gives none is passed over.
    """

    def hook_of(name: str):
        def hook(layer: nn.Layer, inputs: Any, output: Any) -> None:
            for tensor in leaves(output):
                if isinstance(tensor, paddle.Tensor):
                    return note(name, layer, tensor)

        return hook

    layers = [(name, layer) for name, layer in model.named_sublayers() if not layer.sublayers()]
    hooks = [layer.register_forward_post_hook(hook_of(name)) for name, layer in layers]
    try:
        with evaluating(model):
            call(model, inputs)
    finally:
        for hook in hooks:
            hook.remove()


def layer_rows(model: nn.Layer, input_shape: Shape) -> list[LayerRow]:
    """Run zeros of ``input_shape`` (batch included) through ``model`` and list its layers in the order they run."""
    rows: list[LayerRow] = []

    def note(name: str, layer: nn.Layer, output: paddle.Tensor) -> None:
        shape = tuple(output.shape)
        rows.append(LayerRow(name, type(layer).__name__, shape, count_parameters(layer), multiply_adds(layer, shape)))

    _watch_layers(model, zeros(input_shape), note)
    return rows


def layer_outputs(model: nn.Layer, images: paddle.Tensor) -> dict[str, np.ndarray]:
    """The outputs of every layer that has no layers of its own for ``images``, in the order they run.

    Returns:
        Name of the layer -> float32 array, batch first; a layer that runs again is "name (2)". The model is left
        unchanged.
    """
    outputs: dict[str, np.ndarray] = {}

    def note(name: str, layer: nn.Layer, output: paddle.Tensor) -> None:
        calls = sum(key == name or key.startswith(f"{name} (") for key in outputs)
        outputs[f"{name} ({calls + 1})" if calls else name] = output.numpy()

    _watch_layers(model, images, note)
    return outputs


def check_input_shape(model: nn.Layer, input_shape: Shape, name: str) -> None:
    """Run zeros of ``input_shape`` through ``model``, so that a wrong picture size is found before training.

    Raises:
        SettingError: the network does not take that shape.
    """
    try:
        layer_rows(model, input_shape)
        with unchanged(model), paddle.no_grad():  # auxiliary heads run in training mode only
            training_mode(model)
            call(model, zeros(input_shape, batch_size=2))
    except MemoryError:
        raise
    except Exception as error:  # a network of one's own may raise anything
        said = "" if isinstance(error, _SHAPE_ERRORS) else f" ({type(error).__name__}: {error})"
        inputs = f"does not take {_in_words(input_shape)}: try another image_size or model"
        raise SettingError(f"model={name} {inputs}{said}") from None


def _in_words(shape: Shape) -> str:
    """``pictures of 3 x 224 x 224``, without the batch."""
    if isinstance(shape, Mapping):
        return ", ".join(f"{key}: {_in_words(each)}" for key, each in shape.items())
    if not all(isinstance(number, int) for number in shape):
        return " and ".join(map(_in_words, shape))
    return f"{'pictures' if len(shape) == 4 else 'inputs'} of {' x '.join(map(str, shape[1:]))}"


def multiply_adds(layer: nn.Layer, output: tuple[int, ...]) -> int:
    """Multiply-adds of one convolution or linear layer for an output of this shape; 0 for any other layer."""
    count = 1
    for size in output:
        count *= size
    if isinstance(layer, nn.Conv2D):
        _, channels_of_a_group, height, width = layer.weight.shape
        return count * channels_of_a_group * height * width
    if isinstance(layer, nn.Linear):
        return count * layer.weight.shape[0]
    return 0


_counts: weakref.WeakKeyDictionary[nn.Layer, dict[tuple[int, ...], int]] = weakref.WeakKeyDictionary()


def sample_multiply_adds(model: nn.Layer, sample_shape: tuple[int, ...]) -> int:
    """The multiply-adds of one sample's forward pass, counted once a model; 0 if it does not take the shape.

    Args:
        sample_shape: of the only input, without the batch.
    """
    counts = _counts.setdefault(model, {})
    if sample_shape not in counts:
        try:
            counts[sample_shape] = sum(row.multiply_adds for row in layer_rows(model, (1, *sample_shape)))
        # It takes other inputs than one float array; or the training will say what is wrong.
        except Exception:
            counts[sample_shape] = 0
    return counts[sample_shape]


def summary_table(rows: list[LayerRow]) -> str:
    """The rows as text, with their sums."""
    lines = [f"{'layer':32} {'kind':18} {'output':24} {'parameters':>14} {'multiply-adds':>18}"]
    for row in rows:
        shape = " x ".join(map(str, row.output))
        lines.append(f"{row.name:32} {row.kind:18} {shape:24} {row.parameters:14,} {row.multiply_adds:18,}")
    totals = sum(row.parameters for row in rows), sum(row.multiply_adds for row in rows)
    return "\n".join([*lines, f"{'total':76} {totals[0]:14,} {totals[1]:18,}"])
