"""Which array of a file belongs to which weight of a network: by name, or by place where the names are another's."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from paddle import nn

from paddle_camp.errors import CheckpointError

# What the last part of a name says is there; two that say different things are not the same weight.
PARTS = {"weight", "bias", "_mean", "_variance"}
_OF_TORCH = {"running_mean": "_mean", "running_var": "_variance"}
_NOT_IN_PADDLE = "num_batches_tracked"


def as_paddle_has_them(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The weights of a PyTorch network as Paddle has them.

    A batch norm counts no batches and calls its statistics ``_mean`` and ``_variance``; the weight of a fully connected
    layer, the only one with two axes in the zoo, is ``[in, out]``.
    """
    found = {}
    for name, array in arrays.items():
        *path, part = name.split(".")
        if part != _NOT_IN_PADDLE:
            turned = part == "weight" and array.ndim == 2
            found[".".join([*path, _OF_TORCH.get(part, part)])] = array.T if turned else array
    return found


def matched(model: nn.Layer, arrays: Mapping[str, np.ndarray], where: object, new_head: bool) -> dict[str, np.ndarray]:
    """For each weight of ``model`` its array.

    Names that are not those of ``model`` are taken by their place, if there are as many, all shapes are the same (but
    for the number of classes), and no bias stands where a weight belongs.

    Args:
        model: the network.
        arrays: name -> array.
        where: the file, for messages.
        new_head: leave out the layers that give one number a class where the file has other classes.

    Raises:
        CheckpointError: they are another network's; the message names the first differences.
    """
    own = {key: list(value.shape) for key, value in model.state_dict().items()}
    if set(arrays) != set(own) and len(arrays) == len(own):
        pairs = list(zip(own, arrays, strict=True))
        if all(_may_be(key, own[key], name, arrays[name]) for key, name in pairs):
            arrays = {key: arrays[name] for key, name in pairs}
    head = _heads(model, own, arrays) if new_head else set()
    problems = [f"{key} is missing" for key in own if key not in arrays]
    problems += [f"{key} is not in the network" for key in arrays if key not in own]
    problems += [
        f"{key} has shape {list(arrays[key].shape)}, the network wants {shape}"
        for key, shape in own.items()
        if key in arrays and key not in head and list(arrays[key].shape) != shape
    ]
    if problems:
        more = f" and {len(problems) - 2} more" if len(problems) > 2 else ""
        what = type(model).__name__
        raise CheckpointError(f"{where}: these weights are not of this {what}: {'; '.join(problems[:2])}{more}")
    return {key: arrays[key] for key in own if key not in head}


def as_dtype(array: np.ndarray, dtype: object, where: str) -> np.ndarray:
    """``array`` as the network has the weight; any floats are cast, and Paddle's bfloat16, which is saved as uint16.

    Args:
        dtype: Paddle's, of the weight.
        where: file and weight, for messages.

    Raises:
        CheckpointError: numbers of another kind, or too large for the network.
    """
    wanted = str(dtype).rpartition(".")[2]
    if wanted == "bfloat16" or array.dtype.name == wanted:
        return np.ascontiguousarray(array).reshape(array.shape)
    if wanted.startswith("float") and array.dtype == np.uint16:
        array = (array.astype(np.uint32) << 16).view(np.float32)
    if np.dtype(wanted).kind != array.dtype.kind:
        raise CheckpointError(f"{where} holds {array.dtype} numbers where the network has {wanted}")
    with np.errstate(over="ignore"):
        cast = np.ascontiguousarray(array.astype(wanted)).reshape(array.shape)
    if not np.array_equal(np.isfinite(cast), np.isfinite(array)) or (cast.dtype.kind in "iu" and (cast != array).any()):
        raise CheckpointError(f"{where} holds numbers that are too large for {wanted}")
    return cast


def _may_be(key: str, shape: list[int], name: str, array: np.ndarray) -> bool:
    one, other = key.rpartition(".")[2], name.rpartition(".")[2]
    if one != other and {one, other} <= PARTS:
        return False
    return list(array.shape) == shape or _other_classes(shape, array)


def _other_classes(shape: list[int], array: np.ndarray) -> bool:
    """Whether all but the last axis, of one or two, are the same."""
    return array.ndim == len(shape) <= 2 and list(array.shape[:-1]) == shape[:-1] and array.shape[-1] != shape[-1]


def _heads(model: nn.Layer, own: Mapping[str, list[int]], arrays: Mapping[str, np.ndarray]) -> set[str]:
    """The weights of fully connected layers that have other classes than the file: all the same ones, or none."""
    layers = dict(model.named_sublayers())
    odd = [key for key, shape in own.items() if key in arrays and _other_classes(shape, arrays[key])]
    connected = all(isinstance(layers.get(key.rpartition(".")[0]), nn.Linear) for key in odd)
    classes = {(own[key][-1], arrays[key].shape[-1]) for key in odd}
    return set(odd) if connected and len(classes) == 1 else set()
