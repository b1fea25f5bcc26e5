"""Hand a trained model on: to Paddle's inference engine, to ONNX, or as plain arrays; a file is tried before it counts.

A file is written, loaded again by what will use it, and compared with the network on a batch. Only then is it put in
its place; a bad one leaves nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

import numpy as np
import paddle
from paddle import nn

from paddle_camp.errors import CampError, require
from paddle_camp.files import temporary_folder
from paddle_camp.networks.calling import outputs_of
from paddle_camp.networks.weights import save_weights
from paddle_camp.predicting.inputs import Inputs
from paddle_camp.predicting.onnx_network import OnnxNetwork, installed, last_line, quiet
from paddle_camp.predicting.picture_reader import PictureInputs
from paddle_camp.predicting.saved_model import FILE, TERMS, SavedModel, find_saved_model
from paddle_camp.speed.onednn.function import paddle_operators

ROWS = 3  # of the batch that is compared, beside its first row alone: the number must not have been kept
CLOSE = 1e-4  # largest difference, as a share of the largest output, or of 1
OPSET = 16  # of ONNX: from 16 on it samples grids
MATCHING = "paddle2onnx 2 belongs to Paddle 3, paddle2onnx 1.3.1 to Paddle 2.6"
INSTALL = f"pip install -e .[export]; {MATCHING}"

Run = Callable[[np.ndarray], np.ndarray]  # a batch of inputs to its outputs


def export(source: Path, to: str, folder: Path) -> list[Path]:
    """Write the model of a run in a form for others, an ensemble's networks one by one.

    Args:
        source: the folder of a run, or a weights file.
        to: a key of :data:`FORMS`: "inference" (``NAME.json``, with Paddle 2 ``NAME.pdmodel``, and
            ``NAME.pdiparams``), "onnx" (``NAME.onnx``), "safetensors" (``NAME.safetensors``).
        folder: of the files; ``model.json`` beside them says what the network takes and how its inputs are scaled.

    Returns:
        The files.

    Raises:
        CheckpointError: there is no model, or it takes no pictures, messages or rows of a table (a GAN's).
        CampError: a package is missing, the network cannot be exported, or what was exported gives other outputs.
    """
    require(to in FORMS, f"--to {to}: there are {', '.join(FORMS)}")
    return export_model(*find_saved_model(source), to, folder)


def export_model(saved: SavedModel, files: Sequence[Path], to: str, folder: Path) -> list[Path]:
    """The same of a model that is found already: ``files`` are its weights.

    Raises:
        CheckpointError, CampError: as for :func:`export`.
    """
    own = files[0].parent
    batch = example(saved.inputs(own), ROWS)
    networks = saved.load(files)
    try:
        with temporary_folder(folder / "export") as place:
            for each in (own / FILE, own / TERMS, own.parent / "model_card.md"):
                if each.exists():
                    shutil.copy(each, place)
            for network, path in zip(networks, files, strict=True):
                expected = [outputs_of(network, rows) for rows in (batch, batch[:1])]
                network.eval()
                run = FORMS[to](saved, network, place / path.stem)
                compare(f"--to {to}: {path}", run, (batch, batch[:1]), expected)
            made = sorted(each for each in place.iterdir() if each.is_file())
            return [each.replace(folder / each.name) for each in made]
    except OSError as error:
        raise CampError(f"--out {folder}: cannot be written ({error.strerror or error}); name another place") from None


def example(inputs: Inputs, rows: int) -> np.ndarray:
    """A batch to compare with, float32 ``[rows, ...]``: random pictures, scaled as in training, or normal numbers."""
    rng = np.random.default_rng(0)
    if isinstance(inputs, PictureInputs):
        return inputs.arrays(list(rng.integers(0, 256, (rows, *inputs.shape)).astype(np.uint8)))[0]
    return rng.normal(size=(rows, *inputs.shape)).astype(np.float32)


def compare(name: str, run: Run, batches: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> None:
    """Hold what was exported to the network's outputs on some batches.

    Raises:
        CampError: they differ by :data:`CLOSE` or more, or it cannot be run.
    """
    for rows, wanted in zip(batches, expected, strict=True):
        try:
            found = np.asarray(run(rows))
        except Exception as error:  # another library's, of whatever kind
            raise CampError(f"{name}: cannot be run ({last_line(error)}); nothing is kept of it") from None
        largest = max(1.0, float(np.abs(wanted).max()))
        off = float(np.abs(found - wanted).max()) / largest if found.shape == wanted.shape else float("inf")
        if not off < CLOSE:  # also where it is NaN
            raise CampError(f"{name}: gives other outputs than the network (off by {off:.1e}); nothing is kept of it")


def to_inference(saved: SavedModel, network: nn.Layer, place: Path) -> Run:
    """``paddle.jit.save``, and Paddle's inference engine."""
    shape = saved.inputs(place.parent).shape
    try:
        with paddle_operators(), quiet():
            spec = paddle.static.InputSpec([None, *shape], "float32", "inputs")
            paddle.jit.save(network, str(place), input_spec=[spec])
    except Exception as error:  # what a network's code may do, and this version of Paddle cannot translate
        raise CampError(
            f"{saved.model} cannot be exported by Paddle {paddle.__version__} ({last_line(error)})"
        ) from None
    place.with_name(f"{place.name}.pdiparams.info").unlink(missing_ok=True)  # names of Paddle 2, read by nothing
    return inference_of(place)


def inference_of(place: Path) -> Run:
    """What ``to_inference`` has written, run by Paddle's inference engine on the CPU."""
    from paddle import inference

    config = inference.Config(str(_program(place)), f"{place}.pdiparams")
    config.disable_gpu()
    config.disable_glog_info()
    predictor = inference.create_predictor(config)

    def run(rows: np.ndarray) -> np.ndarray:
        given = predictor.get_input_handle(predictor.get_input_names()[0])
        given.reshape(rows.shape)
        given.copy_from_cpu(np.ascontiguousarray(rows))
        predictor.run()
        return predictor.get_output_handle(predictor.get_output_names()[0]).copy_to_cpu()

    return run


def _program(place: Path) -> Path:
    """The file of the network's operations: ``.json`` of Paddle 3, ``.pdmodel`` of Paddle 2."""
    new = place.with_name(f"{place.name}.json")
    return new if new.exists() else place.with_name(f"{place.name}.pdmodel")


def to_onnx(saved: SavedModel, network: nn.Layer, place: Path) -> Run:
    """The same through paddle2onnx, and ONNX Runtime."""
    target = place.with_name(f"{place.name}.onnx")
    with installed("onnxruntime", "--to onnx", INSTALL):
        import onnxruntime  # noqa: F401, before the work
    with installed("paddle2onnx", "--to onnx", INSTALL):
        import paddle2onnx
    with tempfile.TemporaryDirectory(dir=place.parent) as between:
        for each in (FILE, TERMS):
            if (place.parent / each).exists():
                shutil.copy(place.parent / each, between)
        static = Path(between) / place.name
        to_inference(saved, network, static)
        version = f"paddle2onnx {metadata.version('paddle2onnx')}"
        try:
            with quiet():
                paddle2onnx.export(str(_program(static)), f"{static}.pdiparams", str(target), opset_version=OPSET)
        except (Exception, SystemExit) as error:
            raise CampError(f"{version} does not convert {saved.model} ({last_line(error)}); {MATCHING}") from None
    if not target.is_file():
        raise CampError(f"{version} wrote no file for {saved.model}; {MATCHING}")
    return OnnxNetwork.load(target)  # as predict will read it


def to_safetensors(saved: SavedModel, network: nn.Layer, place: Path) -> Run:
    """The weights as plain arrays, and a network of the same kind that loads them."""
    path = place.with_name(f"{place.name}.safetensors")
    save_weights(network, path)
    (again,) = saved.load([path])
    return lambda rows: outputs_of(again, rows)


FORMS = {"inference": to_inference, "onnx": to_onnx, "safetensors": to_safetensors}
