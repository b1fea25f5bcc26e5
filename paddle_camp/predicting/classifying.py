"""What networks say of samples, one network or the mean of several: class probabilities, or a number."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import paddle
from paddle import nn

from paddle_camp.errors import CampError, CheckpointError
from paddle_camp.metrics import probabilities
from paddle_camp.networks.modes import evaluating
from paddle_camp.predicting.saved_model import SavedModel

# The second is computed by another engine: float32 [N, ...] -> float32 [N, K].
Network = nn.Layer | Callable[[np.ndarray], np.ndarray]


def class_probabilities(saved: SavedModel, networks: Sequence[Network], seen: Sequence[np.ndarray]) -> np.ndarray:
    """Class probabilities of samples, averaged over the networks, and over variations, with equal weights.

    Args:
        seen: the samples as float32 ``[N, ...]``, and as many such arrays as there are variations of them.

    Returns:
        float64 ``[N, K]``, rows summing to 1; of a network with one output, the logit of the second of two classes,
        (1 - p, p).

    Raises:
        CheckpointError: the outputs are not finite, or their number is not that of the classes.
        CampError: out of memory with a single sample.
    """
    outputs = _all_outputs(saved, networks, seen)
    averaged = np.mean([probabilities(each) for each in outputs], axis=0)
    if averaged.shape[1] != len(saved.classes):
        count = outputs[0].shape[1]
        has = f"{count} outputs" if count > 1 else "1 output, which tells two classes apart"
        raise CheckpointError(f"{saved.model} has {has}, not one for each of {saved.classes}")
    return averaged


def numbers(saved: SavedModel, networks: Sequence[Network], seen: Sequence[np.ndarray]) -> np.ndarray:
    """The number that is predicted for each sample, float64 ``[N]``, in its unit: the mean over the networks.

    Raises:
        CheckpointError, CampError: as for :func:`class_probabilities`.
    """
    outputs = np.mean(_all_outputs(saved, networks, seen), axis=0, dtype=np.float64)
    if outputs.shape[1:] != (1,):
        raise CheckpointError(f"{saved.model} has outputs {list(outputs.shape[1:])}, not one number for each sample")
    return outputs[:, 0] * saved.number["scale"] + saved.number["shift"]


def _all_outputs(saved: SavedModel, networks: Sequence[Network], seen: Sequence[np.ndarray]) -> list[np.ndarray]:
    found = []
    for network in networks:
        if not isinstance(network, nn.Layer):
            found += [network(x) for x in seen]
            continue
        with evaluating(network):
            found += [_outputs(network, x) for x in seen]
    if not all(np.isfinite(each).all() for each in found):
        raise CheckpointError(f"{saved.model}: its output is not a number; the weights are damaged or diverged")
    return found


def _outputs(network: nn.Layer, inputs: np.ndarray) -> np.ndarray:
    """Float32 ``[N, K]``; a batch that runs out of memory is split in halves."""
    try:
        return network(paddle.to_tensor(inputs)).astype("float32").numpy()
    except MemoryError:
        if len(inputs) == 1:
            device = paddle.get_device()
            other = "; give --device cpu" if device.startswith("gpu") else ""
            raise CampError(f"the memory of {device} does not suffice for one of its inputs{other}") from None
    return np.concatenate([_outputs(network, half) for half in np.array_split(inputs, 2)])
