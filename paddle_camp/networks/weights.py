"""Weights files, read and written: pickles of arrays, of which nothing is executed, and safetensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import paddle
import safetensors
import safetensors.numpy
from paddle import nn

from paddle_camp.errors import CheckpointError, require
from paddle_camp.files import replace_file
from paddle_camp.networks.array_pickle import read_pickle
from paddle_camp.networks.pickle_words import PickleError

PICKLE, SAFE = SUFFIXES = (".pdparams", ".safetensors")


def load_weights(model: nn.Layer, path: str | Path) -> None:
    """Load a ``.pdparams`` or ``.safetensors`` file into ``model``; on an error nothing is loaded.

    A file with other parameter names (those of ``paddle.vision.models``, for example) is accepted if all its shapes
    are the same, in the same order.

    Raises:
        CheckpointError: the file is missing, damaged or no weights file, or its names and shapes are another
            network's; the message names the first differences.
    """
    path = Path(path)
    arrays = read_arrays(path)
    own = model.state_dict()
    if set(arrays) != set(own) and [list(a.shape) for a in arrays.values()] == [list(v.shape) for v in own.values()]:
        arrays = dict(zip(own, arrays.values(), strict=True))
    problems = [f"{key} is missing" for key in own if key not in arrays]
    problems += [f"{key} is not in the network" for key in arrays if key not in own]
    problems += [
        f"{key} has shape {list(arrays[key].shape)}, the network wants {list(value.shape)}"
        for key, value in own.items()
        if key in arrays and list(arrays[key].shape) != list(value.shape)
    ]
    if problems:
        more = f" and {len(problems) - 2} more" if len(problems) > 2 else ""
        what = type(model).__name__
        raise CheckpointError(f"{path}: these weights are not of this {what}: {'; '.join(problems[:2])}{more}")
    model.set_state_dict(arrays)


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
    """Read a file of ``paddle.save`` (a dict of tensors) or a ``.safetensors`` file as numpy arrays; none of it is run.

    Raises:
        CheckpointError: missing, damaged, or holding anything but arrays.
    """
    try:
        value = safetensors.numpy.load_file(path) if path.suffix == SAFE else read_pickle(path)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file") from None
    # KeyError, AttributeError: a dtype that numpy lacks; pyo3 raises MemoryError and OverflowError for sizes.
    except (safetensors.SafetensorError, KeyError, AttributeError, OverflowError, MemoryError, TypeError) as error:
        raise CheckpointError(f"{path}: not a safetensors file of numbers, or damaged ({error})") from None
    except (PickleError, OSError) as error:
        raise CheckpointError(f"{path}: not a weights file of paddle.save, or damaged ({error})") from None
    if not isinstance(value, dict):
        raise CheckpointError(f"{path}: holds a {type(value).__name__}, not a dict of weights")
    # Beside the arrays paddle.save writes a table of parameter names.
    return {key: entry for key, entry in value.items() if isinstance(entry, np.ndarray)}
