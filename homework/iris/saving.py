"""A network in two files, its structure as JSON and its weights as safetensors: data, of which nothing is executed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from paddle import nn

from paddle_camp.data.info import DataInfo
from paddle_camp.networks.weights import save_weights
from paddle_camp.predicting.classifying import class_probabilities
from paddle_camp.predicting.saved_model import SavedModel, read_saved_model

WEIGHTS = "weights.safetensors"


def save_network(structure: SavedModel, network: nn.Layer, folder: Path, data: DataInfo) -> Path:
    """Write the structure, as ``model.json``, and the weights beside it; ``data`` is what the network has learned."""
    structure.write(folder, data)
    save_weights(network, folder / WEIGHTS)
    return folder


def load_network(folder: Path) -> tuple[SavedModel, nn.Layer]:
    """Build the network that ``model.json`` describes, and load its weights; nothing in the files is executed."""
    structure = read_saved_model(folder)
    (network,) = structure.load(structure.files(folder))
    return structure, network


def probabilities_of(structure: SavedModel, network: nn.Layer, folder: Path, rows: np.ndarray) -> np.ndarray:
    """Probabilities ``[N, classes]`` of rows of features as they were measured."""
    return class_probabilities(structure, [network], structure.inputs(folder).arrays(rows))
