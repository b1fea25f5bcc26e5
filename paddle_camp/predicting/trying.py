"""A saved model that is asked again and again, one thing at a time: what the page of ``paddle-camp try`` shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from paddle import nn

from paddle_camp.data.pictures.decoding import decode_full
from paddle_camp.errors import DataError, SettingError
from paddle_camp.networks.grad_cam import last_feature_map
from paddle_camp.plots.heat import colour_pictures, enlarged
from paddle_camp.predicting.captions import CAPTIONER
from paddle_camp.predicting.drawn_drive import gives_angles, with_angle
from paddle_camp.predicting.explaining import explanation
from paddle_camp.predicting.inputs import Inputs
from paddle_camp.predicting.picture_reader import PictureInputs
from paddle_camp.predicting.saved_model import SavedModel, find_saved_model
from paddle_camp.predicting.saying import Said, Sayer, sayer_of


@dataclass(frozen=True)
class Tried:
    """What is said of a picture, a message or a row.

    Attributes:
        said: one for each sample: there may be several digits on a picture.
        seen: the pictures as the network gets them, uint8 ``[H, W, 3]``, RGB; empty where it takes no pictures.
        maps: Grad-CAM over each of them; empty where there is none.
        driven: of a road the picture as it was given, with a pointer that is turned by the angle; else empty.
    """

    said: tuple[Said, ...]
    seen: tuple[np.ndarray, ...] = field(default=())
    maps: tuple[np.ndarray, ...] = field(default=())
    driven: tuple[np.ndarray, ...] = field(default=())


@dataclass(frozen=True)
class Trial:
    """A saved model, loaded once.

    Attributes:
        files: its weights.
        inputs: how they are read.
        says: what it says of them.
        explains: whether it classifies pictures with convolutions, so that Grad-CAM shows where it looks.
    """

    saved: SavedModel
    files: tuple[Path, ...]
    networks: tuple[nn.Layer, ...]
    inputs: Inputs
    says: Sayer
    explains: bool

    @classmethod
    def load(cls, source: Path, model: str | None = None, classes: str | None = None) -> Trial:
        """The model of a run or of a weights file, as :func:`find_saved_model` finds it.

        Raises:
            CheckpointError, SettingError: there is none, or it takes nothing that can be given to it.
        """
        saved, files = find_saved_model(source, model, classes)
        folder = files[0].parent
        inputs, networks = saved.inputs(folder), saved.load(files)
        explains = isinstance(inputs, PictureInputs) and not saved.number and saved.model != CAPTIONER
        explains = explains and _has_a_map(networks[0], inputs.shape)
        return cls(saved, tuple(files), tuple(networks), inputs, sayer_of(saved, networks, folder), explains)

    def picture(self, path: Path, name: str) -> Tried:
        """What it says of a picture file; of several digits on it, of each.

        Args:
            name: what an error calls the file.

        Raises:
            DataError: it cannot be read, or there is no digit on it.
        """
        try:
            _, pictures = zip(*self.inputs.samples([str(path)], (), _raise), strict=True)
        except DataError as error:
            raise DataError(str(error).replace(str(path), name)) from None
        images = np.stack(pictures)
        (arrays,) = self.inputs.arrays(pictures)
        said = tuple(self.says([arrays]))
        maps: list[np.ndarray] = []
        if self.explains:
            maps = explanation(self.networks, arrays, images, self.saved.classes, [name] * len(images)).overlays()
        driven = ()
        if gives_angles(self.saved):
            driven = tuple(with_angle(decode_full(path), float(each.prediction))[..., ::-1] for each in said)
        return Tried(said, _in_rgb(enlarged(colour_pictures(images))), _in_rgb(maps), driven)

    def message(self, text: str) -> Tried:
        """What it says of a text, which is one message however many lines it has.

        Raises:
            DataError: it is empty.
        """
        if not text.strip():
            raise DataError("the message is empty; write one")
        return self._of(text)

    def row(self, cells: Sequence[str]) -> Tried:
        """What it says of a row, a cell for each column in its order.

        Raises:
            DataError: a cell is no number, or far from all training rows.
        """
        return self._of(self.inputs.row("the row", cells))

    def _of(self, sample: Any) -> Tried:
        return Tried(tuple(self.says(self.inputs.arrays([sample]))))


def _has_a_map(network: nn.Layer, shape: tuple[int, ...]) -> bool:
    try:
        last_feature_map(network, np.zeros((1, *shape), np.float32))
    except SettingError:  # no convolution
        return False
    return True


def _in_rgb(pictures: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """uint8 ``[3, H, W]``, BGR, as ``[H, W, 3]``, RGB."""
    return tuple(np.ascontiguousarray(picture[::-1].transpose(1, 2, 0)) for picture in pictures)


def _raise(error: DataError) -> None:
    raise error
