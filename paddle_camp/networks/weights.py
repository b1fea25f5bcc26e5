"""Weights files, read and written: pickles of arrays, of which nothing is executed, and safetensors.

PyTorch's files are read, not written.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import paddle
import safetensors
import safetensors.numpy
from paddle import nn

from paddle_camp.array_pickle import read_pickle
from paddle_camp.errors import CheckpointError, one_line, require
from paddle_camp.files import replace_file
from paddle_camp.networks.matching import as_dtype, as_paddle_has_them, matched
from paddle_camp.networks.torch_pickle import is_torch, read_torch
from paddle_camp.pickle_words import PickleError

# The kinds of numbers in a safetensors file that numpy has.
SAFE_TYPES = {"BOOL": "?", "F16": "<f2", "F32": "<f4", "F64": "<f8", "I8": "<i1", "I16": "<i2", "I32": "<i4"}
SAFE_TYPES |= {"I64": "<i8", "U8": "<u1", "U16": "<u2", "U32": "<u4", "U64": "<u8"}
TORCH = (".pth", ".pt")  # are read, not written
PICKLE, SAFE = SUFFIXES = (".pdparams", ".safetensors")


def load_weights(
    model: nn.Layer, path: str | Path, *, names: Mapping[str, str] | None = None, new_head: bool = False
) -> list[str]:
    """Load a ``.pdparams``, ``.safetensors`` or PyTorch ``.pth`` file into ``model``; on an error nothing is loaded.

    A file with other parameter names (those of ``paddle.vision.models``, for example) is accepted if all its shapes
    are the same, in the same order.

    Args:
        model: the network.
        path: the file; of PyTorch a ``state_dict``, which is brought into Paddle's form
            (:func:`~paddle_camp.networks.matching.as_paddle_has_them`).
        names: what a name in the file is called in ``model``, where the order is not to be relied on.
        new_head: where the file has other classes, leave the layers as they are that give one number a class.

    Returns:
        The names of the weights that were left as they are.

    Raises:
        CheckpointError: the file is missing, damaged or no weights file, or its names and shapes are another
            network's; the message names the first differences.
    """
    path = Path(path)
    arrays = read_arrays(path)
    if is_torch(_beginning(path)):
        arrays = as_paddle_has_them(arrays)
    if names is not None:
        arrays = {names.get(key, key): value for key, value in arrays.items()}
    found = matched(model, arrays, path, new_head)
    own = model.state_dict()
    left = [key for key in own if key not in found]
    cast = {key: as_dtype(array, own[key].dtype, f"{path}: {key}") for key, array in found.items()}
    model.set_state_dict({key: cast.get(key, own[key]) for key in own})
    return left


def save_weights(model: nn.Layer, path: str | Path) -> None:
    """Write the weights of ``model``, atomically: ``.safetensors``, the form to pass on, or Paddle's ``.pdparams``.

    Raises:
        SettingError: the name ends in neither.
        OSError: the place cannot be written.
    """
    path = Path(path)
    require(path.suffix in SUFFIXES, f"{path}: weights are saved as {SAFE} or {PICKLE}")
    state = model.state_dict()
    if path.suffix == SAFE:
        arrays = {key: np.ascontiguousarray(value.numpy()).reshape(value.shape) for key, value in state.items()}
        replace_file(path, lambda temporary: safetensors.numpy.save_file(arrays, temporary))
    else:
        replace_file(path, lambda temporary: paddle.save(state, str(temporary)))


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of a file of ``paddle.save`` or ``torch.save`` (a dict of tensors) or a ``.safetensors`` file.

    None of it is run.

    Raises:
        CheckpointError: missing, no regular file, damaged, or holding anything but arrays.
    """
    form = "paddle.save"
    try:
        form = "torch.save" if is_torch(_beginning(path)) else form
        if path.suffix == SAFE:
            value = _read_safe(path)
        else:
            value = read_torch(path) if form == "torch.save" else read_pickle(path)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file") from None
    # KeyError, AttributeError: a dtype that numpy lacks; pyo3 raises MemoryError and OverflowError for sizes.
    except (safetensors.SafetensorError, KeyError, AttributeError, OverflowError, MemoryError, TypeError) as error:
        raise CheckpointError(f"{path}: not a safetensors file of numbers, or damaged ({one_line(error)})") from None
    except (PickleError, OSError) as error:
        raise CheckpointError(f"{path}: not a weights file of {form}, or damaged ({one_line(error)})") from None
    if not isinstance(value, dict):
        raise CheckpointError(f"{path}: holds a {type(value).__name__}, not a dict of weights")
    if value and not any(isinstance(entry, np.ndarray) for entry in value.values()):
        raise CheckpointError(
            f"{path}: holds no arrays, only {', '.join(map(str, value))[:200]!a}; name a file of weights"
        )
    # Beside the arrays paddle.save writes a table of parameter names.
    return {key: entry for key, entry in value.items() if isinstance(entry, np.ndarray)}


def _read_safe(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file; bfloat16, which numpy lacks, is widened to float32, which has all its values.

    Raises:
        KeyError: numbers of a kind that numpy lacks, such as 8-bit floats.
    """
    found = {}
    for name, entry in sorted(safetensors.deserialize(path.read_bytes())):  # it gives them in any order
        if entry["dtype"] == "BF16":
            array = (np.frombuffer(entry["data"], "<u2").astype(np.uint32) << 16).view(np.float32)
        else:
            array = np.frombuffer(entry["data"], SAFE_TYPES[entry["dtype"]])
        found[name] = array.reshape(entry["shape"])
    return found


def _beginning(path: Path) -> bytes:
    """The first bytes of a regular file: a pipe would be waited for, a device has no end."""
    if path.exists() and not path.is_file():
        raise CheckpointError(f"{path}: not a regular file; name a file of weights")
    with path.open("rb") as stream:
        return stream.read(16)
