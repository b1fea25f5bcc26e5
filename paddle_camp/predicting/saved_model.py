"""``model.json`` beside saved weights: the network that they belong to, what it takes, and what it says.

A homework writes it where it publishes its weights; :mod:`paddle_camp.commands.predict` reads it.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from paddle import nn

from paddle_camp.data.drives.log import check_crop
from paddle_camp.data.info import DataInfo
from paddle_camp.errors import CampError, CheckpointError, one_line, require
from paddle_camp.files import load_json, write_json
from paddle_camp.models import create_model, model_arguments
from paddle_camp.networks.budget import weights_at_most
from paddle_camp.networks.perceptron import perceptron
from paddle_camp.networks.summary import check_input_shape
from paddle_camp.networks.weights import SUFFIXES, TORCH, load_weights
from paddle_camp.predicting.bounds import hold_to_bounds
from paddle_camp.predicting.captions import CAPTIONER, PictureCaptioner
from paddle_camp.predicting.inputs import Inputs
from paddle_camp.predicting.messages import MessageInputs
from paddle_camp.predicting.picture_reader import READERS, PictureInputs
from paddle_camp.predicting.tables import TableInputs, is_number
from paddle_camp.running.folder import follow_latest, read_metrics, resume_command
from paddle_camp.running.printing import printable
from paddle_camp.training.checkpoint import verify_weights

FILE, TERMS = "model.json", "terms.json"  # the second beside the first, for a network that takes messages
PERCEPTRON = "perceptron"  # described by its arguments, not in the zoo
ONNX = ".onnx"
BY_ONNX = "exported as ONNX, which predict computes with --backend onnx, and nothing else here"
FEW = 1 << 26  # weights that any network may have; for each one more its file must have a byte
KINDS = (*READERS, "messages", "table")


@dataclass(frozen=True)
class SavedModel:
    """A trained network, or several of one kind whose probabilities are averaged.

    Attributes:
        model: its name in the zoo; "perceptron": :func:`~paddle_camp.networks.perceptron.perceptron`; or "captioner":
            :class:`~paddle_camp.predicting.captions.PictureCaptioner`, whose words are in ``captions.json``.
        reader: of its inputs: of pictures, a key of :data:`~paddle_camp.predicting.picture_reader.READERS`;
            "messages", whose terms are in ``terms.json``
            (:meth:`MessageInputs.save <paddle_camp.predicting.messages.MessageInputs.save>`); "table"; None: it takes
            something else, so that its weights can be loaded, but ``predict`` refuses it.
        arguments: of ``create_model`` or ``perceptron``; JSON values.
        image_size: the side of its pictures, pixels; None: the reader's usual one, or there are none.
        classes: their names, in the order of the outputs; empty: those of the reader's kind.
        weights: the files of an ensemble, beside ``model.json``; empty: ``best.pdparams``, else ``last.pdparams``.
        stand_in: the line that says that it was trained on stand-in data, else None; :meth:`write` fills it in.
        table: for "table", the fields of :class:`~paddle_camp.predicting.tables.TableInputs`.
        number: where it predicts a number and not a class, {"unit", "shift", "scale"}: output * scale + shift.
        crop: shares of the height that are cut off a picture of a road, at the top and at the bottom.
    """

    model: str
    reader: str | None
    arguments: dict[str, Any] = field(default_factory=dict)
    image_size: int | None = None
    classes: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    stand_in: str | None = None
    table: dict[str, Any] | None = None
    number: dict[str, Any] | None = None
    crop: tuple[float, float] | None = None

    def __post_init__(self):
        if self.reader is None:
            return
        known = isinstance(self.reader, str) and self.reader in KINDS
        require(known, f"reader={self.reader}: there are {', '.join(KINDS)}")
        kind = READERS[self.reader].kind if self.reader in READERS else None
        if kind is not None and not self.classes:
            object.__setattr__(self, "classes", kind.classes)  # a frozen dataclass has no other way
        if kind is not None and self.image_size is None:
            object.__setattr__(self, "image_size", kind.image_size)
        if self.crop is not None:
            check_crop(self.crop)
        if self.model == CAPTIONER:  # it says words
            return
        told = kind is None or bool(self.classes or self.number)
        require(told, f"reader={self.reader}: its pictures need classes, in their order")
        require(bool(self.classes) != bool(self.number), "give the classes, in their order, or the number it predicts")
        if self.reader == "table":
            self._table_inputs()
        if self.number:
            right = {*self.number} == {"unit", "shift", "scale"} and isinstance(self.number["unit"], str)
            right = right and is_number(self.number["shift"]) and is_number(self.number["scale"])
            require(right, "number: give a unit, in words, and two finite numbers, shift and scale")

    @classmethod
    def usual(cls, model: str, reader: str, weights: tuple[str, ...] = ()) -> SavedModel:
        """The network that ``create_for`` builds for these pictures, with one output for each class."""
        kind = READERS[reader].kind
        arguments = model_arguments(model, len(kind.classes), kind.in_channels, kind.image_size)
        return cls(model, reader, arguments, weights=weights)

    @classmethod
    def transferred(cls, weights: Any, pictures: Any) -> SavedModel:
        """The network of :class:`~paddle_camp.pretrained.loading.PretrainedWeights` with a head for these pictures.

        Args:
            pictures: the :class:`~paddle_camp.data.image_set.ImageSet` that it is trained on.
        """
        classes = pictures.kind.classes
        arguments = weights.arguments | {"num_classes": len(classes)}
        return cls(weights.model, weights.kind.name, arguments, pictures.images.shape[-1], classes)

    def inputs(self, folder: Path) -> Inputs:
        """How its inputs are read; ``folder`` is that of ``model.json``.

        Raises:
            CheckpointError: ``predict`` cannot read them, or ``terms.json`` is missing or damaged.
        """
        if self.reader is None:
            raise CheckpointError(
                f"{FILE}: {self.model} takes something else than pictures, messages or rows of a table; "
                "create_model and load_weights give you the network"
            )
        if self.reader == "messages":
            return MessageInputs.load(folder / TERMS)
        if self.reader == "table":
            return self._table_inputs()
        reader = READERS[self.reader]
        cut = functools.partial(reader.prepare, crop=self.crop) if self.crop and self.reader == "roads" else None
        return PictureInputs(replace(reader, prepare=cut or reader.prepare), self.image_size)

    def _table_inputs(self) -> TableInputs:
        try:
            return TableInputs(**{key: tuple(v) if isinstance(v, list) else v for key, v in (self.table or {}).items()})
        except TypeError as error:
            raise CheckpointError(
                f"{FILE}: table does not say the columns, shift and scale ({one_line(error)})"
            ) from None

    def write(self, folder: Path, data: DataInfo) -> None:
        """Write ``model.json`` into ``folder``, beside the weights; ``data`` is what it is trained on."""
        write_json(folder / FILE, asdict(self) | {"stand_in": data.stand_in})

    def files(self, folder: Path) -> list[Path]:
        """The weights files in ``folder`` to use: all of an ensemble, else ``best`` or ``last``; may be empty."""
        if self.weights:
            return [folder / name for name in self.weights]
        return [path for name in ("best", "last") if (path := folder / f"{name}.pdparams").exists()][:1]

    def load(self, files: Sequence[Path]) -> list[nn.Layer]:
        """The networks of these weights files.

        Raises:
            CheckpointError: a file is missing, damaged or of another network, or the network does not take
                ``arguments``.
            SettingError: the zoo has no such network, or it does not take pictures of this size.
        """
        own = {PERCEPTRON: perceptron, CAPTIONER: PictureCaptioner}
        build = own.get(self.model) or functools.partial(create_model, self.model)
        for path in files:
            if not path.is_file():
                raise CheckpointError(f"{path}: {'not a regular' if path.exists() else 'no such'} file")
        try:
            with weights_at_most(FEW + sum(path.stat().st_size for path in files)):
                networks = [build(**self.arguments) for _ in files]
        except CampError:
            raise
        except Exception as error:  # of whatever kind: a stranger's arguments reach the network and Paddle
            said = (str(error).strip().splitlines() or [type(error).__name__])[-1]
            raise CheckpointError(f"{FILE}: {self.model} is not built with {self.arguments} ({said})") from None
        for network, path in zip(networks, files, strict=True):
            verify_weights(path)
            load_weights(network, path)
        if self.reader is not None:
            check_input_shape(networks[0], (1, *self.inputs(files[0].parent).shape), self.model)
        return networks


def read_saved_model(folder: Path) -> SavedModel:
    """Read ``model.json`` in ``folder``.

    Raises:
        CheckpointError: it is missing, damaged or of another version.
    """
    path = folder / FILE
    try:
        values = load_json(path)
        saved = SavedModel(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})
        hold_to_bounds(saved)
    except (FileNotFoundError, NotADirectoryError):
        raise CheckpointError(f"{path}: no such file, so it is not known which network the weights are of") from None
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{path}: damaged or of another version ({one_line(error)})") from None
    return saved


def find_saved_model(
    source: Path, model: str | None = None, reader: str | None = None
) -> tuple[SavedModel, list[Path]]:
    """The model that ``source`` refers to, and its weights files.

    Args:
        source: the folder of a run, or a ``.pdparams`` or ``.safetensors`` file with ``model.json`` beside it.
        model: the zoo's name of the network, and ``reader`` of its pictures, for a file without ``model.json``.

    Raises:
        CheckpointError: there is no such run or file, it has no weights (yet), or their network is not known.
    """
    if model is not None:
        return SavedModel.usual(model, reader), [source]
    if source.suffix in (*SUFFIXES, *TORCH):
        if not source.is_file():
            raise CheckpointError(f"{source}: no such file")
        if not (source.parent / FILE).exists():
            raise CheckpointError(f"{source}: no {FILE} beside it tells of which network: add --model and --classes")
        return read_saved_model(source.parent), [source]
    if source.suffix == ONNX:
        raise CheckpointError(f"{source}: {BY_ONNX}")
    folder = _checkpoints_of(source)
    saved = read_saved_model(folder)
    files = saved.files(folder)
    if any(folder.glob(f"*{ONNX}")) and not any(path.exists() for path in files):
        raise CheckpointError(f"{folder}: {BY_ONNX}")
    if not files:
        raise CheckpointError(f"{folder}: best.pdparams and last.pdparams are missing; run the homework again")
    return saved, files


def _checkpoints_of(source: Path) -> Path:
    """The folder with a run's ``model.json``; a run that is not done is reported on stderr."""
    run = follow_latest(source)
    metrics = read_metrics(run)
    if not metrics and (run / FILE).is_file():  # a folder with model.json and weights, passed on without its run
        return run
    if not metrics:
        raise CheckpointError(f"{source}: is no run folder (such as runs/5-1/latest) and no .pdparams file")
    folder, status = run / "checkpoints", metrics.get("status")
    rest = f"go on with: {resume_command(str(metrics.get('homework')), run)}"
    if not (folder / FILE).exists():
        why = "its homework publishes no network to predict with, or an older version ran it"
        raise CheckpointError(f"{folder}: no {FILE}: {why if status == 'done' else f'the run is {status}; {rest}'}")
    if status != "done":
        print(printable(f"the run is {status}, so its weights may not be the final ones; {rest}"), file=sys.stderr)
    return folder
