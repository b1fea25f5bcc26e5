"""Class probabilities of pictures, by one network or several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import paddle
from paddle import nn

from paddle_camp.errors import CampError, CheckpointError
from paddle_camp.metrics import probabilities
from paddle_camp.networks.modes import evaluating
from paddle_camp.predicting.saved_model import SavedModel


def class_probabilities(
    saved: SavedModel, networks: Sequence[nn.Layer], images: Sequence[np.ndarray], variations: bool = False
) -> np.ndarray:
    """Class probabilities of pictures, averaged over the networks with equal weights.

    Args:
        images: N pictures, uint8 ``[C, H, W]``, as ``saved.pictures`` reads them.
        variations: test-time augmentation: average over the reader's variations of each picture as well.

    Returns:
        float64 ``[N, K]``, rows summing to 1.

    Raises:
        CheckpointError: the outputs are not finite, or their number is not that of the classes.
        CampError: out of memory with a single picture.
    """
    batch, found = np.stack(images), []
    seen = [saved.pictures.kind.scale(v) for v in (saved.pictures.variations(batch) if variations else [batch])]
    for network in networks:
        with evaluating(network):
            found += [probabilities(_outputs(network, x)) for x in seen]
    averaged = np.mean(found, axis=0)
    if averaged.shape[1] != len(saved.classes):
        raise CheckpointError(f"{saved.model} has {averaged.shape[1]} outputs, not one for each of {saved.classes}")
    if not np.isfinite(averaged).all():
        raise CheckpointError(f"{saved.model}: its output is not a number; the weights are damaged or diverged")
    return averaged


def _outputs(network: nn.Layer, inputs: np.ndarray) -> np.ndarray:
    """Float32 ``[N, K]``; a batch that runs out of memory is split in halves."""
    try:
        return network(paddle.to_tensor(inputs)).astype("float32").numpy()
    except MemoryError:
        if len(inputs) == 1:
            device = paddle.get_device()
            other = "; give --device cpu" if device.startswith("gpu") else ""
            raise CampError(f"the memory of {device} does not suffice for one picture{other}") from None
    return np.concatenate([_outputs(network, half) for half in np.array_split(inputs, 2)])
