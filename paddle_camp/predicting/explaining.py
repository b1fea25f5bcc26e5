""":func:`explain`: where a network sees what it says of pictures, for notebooks and ``predict --explain``."""

from __future__ import annotations

import html
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from matplotlib.figure import Figure
from paddle import nn

from paddle_camp.data.image_set import ImageSet
from paddle_camp.errors import CheckpointError, DataError, require
from paddle_camp.files import replace_file
from paddle_camp.networks.grad_cam import explain_together
from paddle_camp.networks.receptive_fields import Grid
from paddle_camp.notebook import png_html
from paddle_camp.plots.heat import explanation_figure, overlay
from paddle_camp.plots.language import wrapped
from paddle_camp.predicting.picture_reader import PictureInputs
from paddle_camp.predicting.saved_model import SavedModel, find_saved_model


@dataclass(frozen=True, repr=False)
class Explanation:
    """What networks say of N pictures, and where they see it; shows itself in a notebook.

    Attributes:
        images: uint8 ``[N, 1 or 3, H, W]``, BGR.
        maps: Grad-CAM, float32 ``[N, h, w]``, 0 or more; see :func:`~paddle_camp.networks.grad_cam.grad_cam`.
        asked: the class that each map is of, int64 ``[N]``.
        probabilities: float64 ``[N, K]``.
        classes: K names.
        names: N, of the pictures.
        layer: whose output the maps weigh.
        grid: where in the pictures the places of the maps lie.
    """

    images: np.ndarray
    maps: np.ndarray
    asked: np.ndarray
    probabilities: np.ndarray
    classes: tuple[str, ...]
    names: tuple[str, ...]
    layer: str
    grid: Grid

    def __repr__(self) -> str:
        return f"Explanation({len(self.names)} pictures; Grad-CAM of layer {self.layer}, {list(self.maps.shape[1:])})"

    @property
    def captions(self) -> list[str]:
        """For each picture the class that its map is of, and that class's probability."""
        rows = zip(self.asked, self.probabilities, strict=True)
        return [f"{self.classes[k]} {shares[k]:.2f}" for k, shares in rows]

    @property
    def _heats(self) -> np.ndarray:
        """The maps for each pixel of the pictures."""
        return self.grid.over(self.maps, *self.images.shape[2:])

    def overlays(self) -> list[np.ndarray]:
        """The pictures in grey with their maps over them, uint8 ``[3, H, W]``, BGR."""
        return [overlay(image, heat) for image, heat in zip(self.images, self._heats, strict=True)]

    def figure(self, title: str | None = None) -> Figure:
        """The pictures, and below each its overlay."""
        captions, unmarked = [wrapped(caption, 15) for caption in self.captions], [False] * len(self.names)
        return explanation_figure(self.images, self._heats, captions, unmarked, title=title)

    def save(self, folder: str | Path, taken: Sequence[Path] = ()) -> list[Path]:
        """Write an overlay for each picture, ``NAME.png``, with its number where a name is in ``taken`` or comes again.

        Raises:
            DataError: the folder cannot be written.
        """
        folder, paths = Path(folder), list(taken)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, picture in zip(self.names, self.overlays(), strict=True):
                stem = Path(name.replace("\\", "/")).stem or "picture"
                path = folder / f"{stem}.png"
                path = folder / f"{stem}-{len(paths)}.png" if path in paths else path
                png = cv2.imencode(".png", picture.transpose(1, 2, 0))[1].tobytes()
                replace_file(path, lambda temporary, png=png: temporary.write_bytes(png))
                paths.append(path)
        except OSError as error:
            raise DataError(f"{folder}: cannot be written ({error.strerror}); name another folder") from None
        return paths[len(taken) :]

    def _repr_html_(self) -> str:
        """In a notebook: the figure."""
        png = io.BytesIO()
        self.figure().savefig(png, format="png", dpi=75)
        return f"<p>{html.escape(repr(self))}</p>{png_html(png.getvalue(), 'Grad-CAM')}"


def explain(model: Any, images: Any, classes: Sequence[int] | np.ndarray | None = None) -> Explanation:
    """Where a network sees what it says: Grad-CAM (Selvaraju et al., arXiv:1610.02391) of its last map of features.

    Args:
        model: a network, or the folder of a run (``"runs/9-1/latest"``) or a weights file, as for ``predict``; an
            ensemble's maps are averaged.
        images: an :class:`~paddle_camp.data.image_set.ImageSet`; inputs as the network takes them, float32
            ``[N, 1 or 3, H, W]``; for a run also picture files and folders.
        classes: int ``[N]``, the classes asked for; by default those that the network says.

    Raises:
        SettingError: the network has no convolution, or ``images`` are nothing of this.
        CheckpointError, DataError: the run or a picture cannot be read, or its network takes no pictures.
    """
    if isinstance(model, nn.Layer):
        names, pictures, inputs, labels = _given(images)
        return explanation([model], inputs, pictures, labels, names, classes)
    require(isinstance(model, str | Path), f"model: give a network or the folder of a run, not {type(model).__name__}")
    saved, files = find_saved_model(Path(model))
    reader, networks = picture_inputs(saved, files), saved.load(files)
    if isinstance(images, ImageSet):
        names, pictures = images.names, images.images
        fits = pictures.shape[1:] == reader.shape
        require(fits, f"images: {list(pictures.shape[1:])}, but {saved.model} was trained on {list(reader.shape)}")
    elif isinstance(images, np.ndarray):
        names, pictures, inputs, _ = _given(images)
        return explanation(networks, inputs, pictures, saved.classes, names, classes)
    else:
        places = [images] if isinstance(images, str | Path) else list(images)
        names, pictures = _read(reader, [str(place) for place in places])
    (inputs,) = reader.arrays(list(pictures))
    return explanation(networks, inputs, pictures, saved.classes, names, classes)


def picture_inputs(saved: SavedModel, files: Sequence[Path]) -> PictureInputs:
    """How the pictures of a saved model are read.

    Raises:
        CheckpointError: it takes something else, or predicts a number.
    """
    inputs = None if saved.reader is None else saved.inputs(files[0].parent)
    if not isinstance(inputs, PictureInputs) or saved.number:
        what = "something else" if inputs is None else inputs.name
        raise CheckpointError(f"{saved.model} takes {what}: an explanation is of a network that classifies pictures")
    return inputs


def explanation(
    networks: Sequence[nn.Layer],
    inputs: np.ndarray,
    pictures: np.ndarray,
    labels: Sequence[str],
    names: Iterable[str],
    classes: Sequence[int] | np.ndarray | None = None,
) -> Explanation:
    """:func:`explain` for what has been read already.

    Args:
        inputs: float32 ``[N, C, H, W]``; ``pictures`` are the same for people, uint8.
        labels: names of the classes; of another number than the outputs', they are called by their numbers.
    """
    asked = None if classes is None else np.asarray(classes, np.int64).reshape(-1)
    found, shares = explain_together(networks, inputs, asked)
    count = shares.shape[1]
    called = tuple(labels) if len(labels) == count else tuple(map(str, range(count)))
    return Explanation(pictures, found.maps, found.classes, shares, called, tuple(names), found.layer, found.grid)


def _given(images: Any) -> tuple[tuple[str, ...], np.ndarray, np.ndarray, tuple[str, ...]]:
    """Names, pictures for people, inputs and classes of an ``ImageSet`` or of scaled inputs."""
    if isinstance(images, ImageSet):
        return images.names, images.images, images.kind.scale(images.images), images.kind.classes
    floats = isinstance(images, np.ndarray) and images.ndim == 4 and images.dtype.kind == "f" and len(images) > 0
    message = "images: give an ImageSet, or inputs as the network takes them, float32 [N, 1 or 3, H, W]"
    require(floats and images.shape[1] in (1, 3), message)
    low, high = (f(images, axis=(1, 2, 3), keepdims=True) for f in (np.min, np.max))
    shown = (255 * (images - low) / np.maximum(high - low, 1e-12)).round().astype(np.uint8)  # from black to white
    return tuple(map(str, range(len(images)))), shown, images.astype(np.float32), ()


def _read(reader: PictureInputs, places: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """The pictures at some places, folders with those in them: names, uint8 ``[N, C, H, W]``.

    Raises:
        DataError: one of them cannot be read.
    """

    def fail(error: DataError) -> None:
        raise error

    named = list(replace(reader, recursive=True).samples(places, (), fail))
    require(bool(named), "images: name a picture file or a folder of them")
    names, pictures = zip(*named, strict=True)
    return names, np.stack(pictures)
