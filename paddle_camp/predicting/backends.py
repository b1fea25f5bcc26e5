"""The engine that computes a saved network: Paddle, or ONNX Runtime, which takes what ``export --to onnx`` wrote."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from paddle_camp.errors import CheckpointError, require
from paddle_camp.predicting.captions import CAPTIONER
from paddle_camp.predicting.classifying import Network
from paddle_camp.predicting.exporting import export_model
from paddle_camp.predicting.onnx_network import OnnxNetwork, require_onnxruntime
from paddle_camp.predicting.saved_model import FILE, ONNX, SavedModel, find_saved_model, read_saved_model


def load_model(
    source: Path, backend: str = "paddle", model: str | None = None, reader: str | None = None
) -> tuple[SavedModel, list[Path], Sequence[Network]]:
    """The model that ``source`` refers to, its files, and its networks, ready to be called.

    Args:
        source: as for :func:`find_saved_model`; with "onnx" also the folder of an export, or one of its ``.onnx``
            files. A run is exported into a temporary folder first, which needs paddle2onnx.
        backend: a key of the command's ``--backend``, "paddle" or "onnx".
        model, reader: as for :func:`find_saved_model`.

    Raises:
        CheckpointError: there is no such model, it is damaged, or its files do not belong together.
        CampError: a package is missing, or the network cannot be exported.
    """
    if backend == "paddle":
        saved, files = find_saved_model(source, model, reader)
        return saved, files, saved.load(files)
    if source.suffix == ONNX or is_export(source):
        saved, files = find_export(source, model, reader)
        return saved, files, onnx_networks(saved, files, files[0].parent)
    saved, files = find_saved_model(source, model, reader)
    _refuse_captions(saved)
    require_onnxruntime()
    with tempfile.TemporaryDirectory(prefix="paddle-camp-onnx-") as place:
        export_model(saved, files, "onnx", Path(place))
        exported = [Path(place, f"{path.stem}{ONNX}") for path in files]
        return saved, files, onnx_networks(saved, exported, files[0].parent)


def is_export(folder: Path) -> bool:
    """Whether a folder is one that ``export --to onnx`` has written."""
    return (folder / FILE).is_file() and any(folder.glob(f"*{ONNX}"))


def find_export(source: Path, model: str | None = None, reader: str | None = None) -> tuple[SavedModel, list[Path]]:
    """The model of an export, and its ``.onnx`` files: those of an ensemble, else ``best``, ``last`` or the only one.

    Args:
        source: the folder, or a file in it.
        model, reader: for a file, whose ``model.json`` is not looked at then, as for :func:`find_saved_model`.

    Raises:
        CheckpointError: a file is missing, or it is not known which one is meant.
    """
    if source.suffix == ONNX:
        if not source.is_file():
            raise CheckpointError(f"{source}: {'not a regular' if source.exists() else 'no such'} file")
        if model is not None:
            return SavedModel.usual(model, reader), [source]
        if not (source.parent / FILE).exists():
            raise CheckpointError(f"{source}: no {FILE} beside it tells of which network: add --model and --classes")
        return read_saved_model(source.parent), [source]
    require(model is None, f"--model: for a file of weights; what {source} holds, its {FILE} says")
    saved = read_saved_model(source)
    if saved.weights:
        return saved, [source / f"{Path(name).stem}{ONNX}" for name in saved.weights]
    found = sorted(source.glob(f"*{ONNX}"))
    usual = [path for name in ("best", "last") if (path := source / f"{name}{ONNX}") in found]
    if not usual and len(found) > 1:
        raise CheckpointError(f"{source}: has {', '.join(path.name for path in found)[:200]}; name one of these files")
    return saved, (usual or found)[:1]


def onnx_networks(saved: SavedModel, files: Sequence[Path], folder: Path) -> list[OnnxNetwork]:
    """The networks of these ``.onnx`` files, each held to what ``model.json`` in ``folder`` says.

    Raises:
        CheckpointError: a file is missing or damaged, or another network's.
        SettingError: the model writes captions, which Paddle alone computes.
    """
    _refuse_captions(saved)
    inputs = saved.inputs(folder)
    return [OnnxNetwork.load(path).checked(inputs.shape, len(saved.classes) or 1) for path in files]


def _refuse_captions(saved: SavedModel) -> None:
    require(
        saved.model != CAPTIONER,
        "--backend onnx: a caption is written word by word, by Paddle alone; leave --backend out",
    )
