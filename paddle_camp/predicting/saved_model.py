"""``model.json`` beside saved weights: which network they belong to, and what its pictures and answers are.

A homework writes it where it publishes its weights; :mod:`paddle_camp.commands.predict` reads it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from paddle import nn

from paddle_camp.data.info import DataInfo
from paddle_camp.errors import CampError, CheckpointError, require
from paddle_camp.files import write_json
from paddle_camp.metrics import probabilities
from paddle_camp.models import create_model
from paddle_camp.networks.modes import evaluating
from paddle_camp.networks.summary import check_input_shape
from paddle_camp.networks.weights import load_weights
from paddle_camp.predicting.picture_reader import READERS, PictureReader
from paddle_camp.running.folder import follow_latest, read_metrics, resume_command
from paddle_camp.training.checkpoint import verify_weights

FILE = "model.json"


@dataclass(frozen=True)
class SavedModel:
    """A trained network, or several of one kind whose probabilities are averaged.

    Attributes:
        model: its name in the zoo.
        reader: how pictures come to it, a key of :data:`~paddle_camp.predicting.picture_reader.READERS`.
        arguments: what ``create_model`` was given beside the name; JSON values.
        image_size: the side of its pictures, pixels; None: the reader's usual one.
        classes: their names, in the order of the outputs; empty: the reader's own.
        weights: the files of an ensemble, beside ``model.json``; empty: ``best.pdparams``, else ``last.pdparams``.
        stand_in: the line that says so where it was trained on stand-in data; :meth:`write` fills it in.
    """

    model: str
    reader: str
    arguments: dict[str, Any] = field(default_factory=dict)
    image_size: int | None = None
    classes: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    stand_in: str | None = None

    def __post_init__(self):
        known = isinstance(self.reader, str) and self.reader in READERS
        require(known, f"reader={self.reader}: there are {', '.join(READERS)}")
        if not self.classes:
            object.__setattr__(self, "classes", READERS[self.reader].classes)  # the way of a frozen dataclass
        if self.image_size is None:
            object.__setattr__(self, "image_size", READERS[self.reader].image_size)

    @classmethod
    def usual(cls, model: str, reader: str) -> SavedModel:
        """A network as the zoo builds it for these pictures, with one output for each class."""
        pictures = READERS[reader]
        arguments = {"num_classes": len(pictures.classes), "in_channels": pictures.in_channels}
        return cls(model, reader, arguments)

    @property
    def pictures(self) -> PictureReader:
        """What prepares its pictures."""
        return READERS[self.reader]

    def write(self, folder: Path, data: DataInfo) -> None:
        """Write ``model.json`` into ``folder``, where the weights are or will be; ``data`` it is trained on."""
        write_json(folder / FILE, asdict(self) | {"stand_in": data.stand_in})

    def files(self, folder: Path) -> list[Path]:
        """The weights to use, of those in ``folder``: all of an ensemble, else ``best`` or ``last``; maybe none."""
        if self.weights:
            return [folder / name for name in self.weights]
        return [path for name in ("best", "last") if (path := folder / f"{name}.pdparams").exists()][:1]

    def load(self, files: Sequence[Path]) -> list[nn.Layer]:
        """The networks of these weights files.

        Raises:
            CheckpointError: a file is missing, damaged or another network's, or the network has other outputs.
            SettingError: the zoo has no such network, or it takes no such pictures.
        """
        try:
            networks = [create_model(self.model, **self.arguments) for _ in files]
        except TypeError as error:
            raise CheckpointError(f"{FILE}: {self.model} is not built with {self.arguments} ({error})") from None
        for network, path in zip(networks, files, strict=True):
            verify_weights(path)
            load_weights(network, path)
        check_input_shape(networks[0], (1, self.pictures.in_channels, self.image_size, self.image_size), self.model)
        return networks


def read_saved_model(folder: Path) -> SavedModel:
    """What ``model.json`` in ``folder`` says.

    Raises:
        CheckpointError: it is missing, damaged or of another version.
    """
    path = folder / FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        saved = SavedModel(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})
        if not all(isinstance(text, str) for text in (saved.model, *saved.classes, *saved.weights)):
            raise TypeError("model, classes and weights are names")
        if not isinstance(saved.arguments, dict) or not isinstance(saved.image_size, int):
            raise TypeError("arguments is an object, image_size a number of pixels")
    except (FileNotFoundError, NotADirectoryError):
        raise CheckpointError(f"{path}: no such file, so it is not known which network the weights are of") from None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path}: damaged or of another version ({error})") from None
    return saved


def find_saved_model(
    source: Path, model: str | None = None, reader: str | None = None
) -> tuple[SavedModel, list[Path]]:
    """The model that ``source`` means, and its weights files.

    Args:
        source: the folder of a run, or a ``.pdparams`` file with ``model.json`` beside it.
        model: the zoo's name of the network, and ``reader`` of its pictures, for a file without ``model.json``.

    Raises:
        CheckpointError: there is no such run or file, it has no weights (yet), or it is not known of which network.
    """
    if model is not None:
        return SavedModel.usual(model, reader), [source]
    if source.suffix == ".pdparams":
        if not source.is_file():
            raise CheckpointError(f"{source}: no such file")
        if not (source.parent / FILE).exists():
            raise CheckpointError(f"{source}: no {FILE} beside it tells of which network: add --model and --classes")
        return read_saved_model(source.parent), [source]
    folder = _checkpoints_of(source)
    saved = read_saved_model(folder)
    files = saved.files(folder)
    if not files:
        raise CheckpointError(f"{folder}: best.pdparams and last.pdparams are missing; run the homework again")
    return saved, files


def _checkpoints_of(source: Path) -> Path:
    """The folder with a run's ``model.json``; that a run is not done is said on stderr."""
    run = follow_latest(source)
    metrics = read_metrics(run)
    if not metrics:
        raise CheckpointError(f"{source}: is no run folder (such as runs/5-1/latest) and no .pdparams file")
    folder, status = run / "checkpoints", metrics.get("status")
    rest = f"go on with: {resume_command(str(metrics.get('homework')), run)}"
    if not (folder / FILE).exists():
        why = "its homework trains no classifier of pictures, or an older version ran it"
        raise CheckpointError(f"{folder}: no {FILE}: {why if status == 'done' else f'the run is {status}; {rest}'}")
    if status != "done":
        print(f"the run is {status}, so its weights may not be the final ones; {rest}", file=sys.stderr)
    return folder


def class_probabilities(
    saved: SavedModel, networks: Sequence[nn.Layer], images: Sequence[np.ndarray], variations: bool = False
) -> np.ndarray:
    """What the networks say of pictures, each with the same weight.

    Args:
        images: N pictures, uint8 ``[C, H, W]``, as ``saved.pictures`` reads them.
        variations: average over the reader's variations of each picture as well.

    Returns:
        float64 ``[N, K]``, rows summing to 1.

    Raises:
        CheckpointError: the outputs are not finite, or not one for each class.
        CampError: the memory does not even suffice for one picture.
    """
    batch, found = np.stack(images), []
    seen = [saved.pictures.scale(v) for v in (saved.pictures.variations(batch) if variations else [batch])]
    for network in networks:
        with evaluating(network):
            found += [probabilities(_outputs(network, x)) for x in seen]
    shares = np.mean(found, axis=0)
    if shares.shape[1] != len(saved.classes):
        raise CheckpointError(f"{saved.model} has {shares.shape[1]} outputs, not one for each of {saved.classes}")
    if not np.isfinite(shares).all():
        raise CheckpointError(f"{saved.model}: its output is not a number; the weights are damaged or diverged")
    return shares


def _outputs(network: nn.Layer, inputs: np.ndarray) -> np.ndarray:
    """Float32 ``[N, K]``; a batch for which the memory does not suffice goes through in halves."""
    try:
        return network(paddle.to_tensor(inputs)).astype("float32").numpy()
    except MemoryError:
        if len(inputs) == 1:
            device = paddle.get_device()
            other = "; give --device cpu" if device.startswith("gpu") else ""
            raise CampError(f"the memory of {device} does not suffice for one picture{other}") from None
    return np.concatenate([_outputs(network, half) for half in np.array_split(inputs, 2)])
