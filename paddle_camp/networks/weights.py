"""Weights files, read by an unpickler that knows arrays and nothing else: a pickle from a stranger can run any code."""

from __future__ import annotations

import pickle
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
from paddle import nn

from paddle_camp.errors import CheckpointError

# What unpickling a file raises that is cut off, no pickle at all, or not readable.
_DAMAGE = (
    *(pickle.UnpicklingError, EOFError, ValueError, AttributeError, ImportError, IndexError, KeyError, TypeError),
    *(struct.error, OverflowError, OSError),
)


def load_weights(model: nn.Layer, path: str | Path) -> None:
    """Load a ``.pdparams`` file into ``model``, all of it or nothing.

    A file of the same network under other names (those of ``paddle.vision.models``, say) is taken as well: one that
    has the same shapes in the same order throughout.

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


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read a file of ``paddle.save`` (a dict of tensors) as numpy arrays, without running code from it.

    Raises:
        CheckpointError: missing, damaged, or holding anything but arrays.
    """
    try:
        with path.open("rb") as stream:
            value = _ArrayUnpickler(stream).load()
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file") from None
    except _DAMAGE as error:
        raise CheckpointError(f"{path}: not a weights file of paddle.save, or damaged ({error})") from None
    if not isinstance(value, dict):
        raise CheckpointError(f"{path}: holds a {type(value).__name__}, not a dict of weights")
    # paddle.save writes a tensor inside a dict of other things as the pair (name, array), and beside the arrays a
    # table of parameter names.
    pairs = {k: v[1] if isinstance(v, tuple) and len(v) == 2 else v for k, v in value.items()}
    return {k: v for k, v in pairs.items() if isinstance(v, np.ndarray)}


class _ArrayUnpickler(pickle.Unpickler):
    """Refuses every class but those that an array needs."""

    _ALLOWED = re.compile(
        r"(builtins\.tuple|collections\.OrderedDict|_codecs\.encode|numpy\.(ndarray|dtype)"
        r"|numpy\.(_core|core)\.(multiarray\.(_reconstruct|scalar)|numeric\._frombuffer))"
    )

    def find_class(self, module: str, name: str) -> Any:
        if not self._ALLOWED.fullmatch(f"{module}.{name}"):
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no weights file needs")
        return super().find_class(module, name)
