"""A network that ``paddle-camp export --to onnx`` has written, computed by ONNX Runtime on the CPU."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from paddle_camp.errors import CampError, CheckpointError, one_line
from paddle_camp.predicting.onnx_file import read_onnx

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

INSTALL = 'pip install "onnxruntime>=1.18,<2"'
FLOAT32 = "tensor(float)"
SILENT = 4  # of its levels of logging: what is wrong comes as an exception, too


class Value(NamedTuple):
    """An input or an output, as the file tells it: of a ``shape`` with a name or None for any size."""

    name: str
    type: str
    shape: list[int | str | None]


@dataclass(frozen=True)
class OnnxNetwork:
    """A function of float32 ``[N, ...]``.

    Attributes:
        path: where it was read.
        sizes: what the shape of an output may be, without the batch; none: any.
    """

    path: Path
    session: InferenceSession
    takes: list[Value]
    gives: list[Value]
    sizes: tuple[tuple[int, ...], ...] = ()

    @classmethod
    def load(cls, path: Path) -> OnnxNetwork:
        """The network of a file, which may be a stranger's.

        Raises:
            CheckpointError: it is missing or damaged, or holds what no export writes.
            CampError: ONNX Runtime is not installed.
        """
        require_onnxruntime()
        return cls.of(read_onnx(path), path)

    @classmethod
    def of(cls, content: bytes, path: Path) -> OnnxNetwork:
        """The network of a file with this content.

        Raises:
            CheckpointError: ONNX Runtime does not take it.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = SILENT
        options.add_session_config_entry("session.load_model_format", "ONNX")  # it knows a second one, not read here
        threads = os.environ.get("OMP_NUM_THREADS", "")
        options.intra_op_num_threads = int(threads) if threads.isdecimal() else 0  # 0: it counts the cores
        try:
            session = onnxruntime.InferenceSession(
                content,
                options,
                providers=["CPUExecutionProvider"],
                enable_fallback=0,  # which prints and tries again
            )
            ends = (session.get_inputs(), session.get_outputs())
            takes, gives = ([Value(each.name, each.type, each.shape) for each in found] for found in ends)
        except Exception as error:  # of a kind of its own, or a name that is no UTF-8
            raise CheckpointError(f"{path}: ONNX Runtime does not take it ({last_line(error)})") from None
        return cls(path, session, takes, gives)

    def checked(self, shape: tuple[int, ...], count: int) -> OnnxNetwork:
        """The network, whose file says of itself what ``model.json`` says; its outputs will be held to that.

        Args:
            shape: of an input, without the batch.
            count: of the classes, 1 for a number.

        Raises:
            CheckpointError: it takes or gives something else, or batches of one size alone.
        """
        outputs = ((count,), (1,)) if count == 2 else ((count,),)  # of two classes one: the logit of the second
        for what, found, sizes in (("inputs", self.takes, (shape,)), ("outputs", self.gives, outputs)):
            one = found[0] if len(found) == 1 else None
            if one is None or one.type != FLOAT32 or not any(_fits(one.shape, each) for each in sizes):
                said = "; ".join(f"{each.type} {_sizes(each.shape)}" for each in found)[:200]
                raise CheckpointError(
                    f"{self.path}: its {what} are {said}, and model.json wants {FLOAT32} {_sizes(['N', *sizes[0]])}: "
                    "put the files of one export together"
                )
        return replace(self, sizes=outputs)

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """Outputs, float32 ``[N, ...]``, of inputs, float32 ``[N, ...]``.

        Raises:
            CheckpointError: they cannot be computed, or are of another form than the file or ``model.json`` says.
        """
        try:
            (outputs,) = self.session.run(None, {self.takes[0].name: np.ascontiguousarray(inputs)})
        except Exception as error:  # of a kind of its own, and what its operators raise
            raise CheckpointError(f"{self.path}: ONNX Runtime cannot compute it ({last_line(error)})") from None
        told = self.gives[0].shape
        known = not self.sizes or outputs.shape[1:] in self.sizes
        if outputs.ndim != len(told) or outputs.shape[:1] != inputs.shape[:1] or not known:
            said = f"gives {_sizes(outputs.shape)} for {len(inputs)} inputs, and says that it gives {_sizes(told)}"
            raise CheckpointError(f"{self.path}: {said}; export it again")
        return outputs


def require_onnxruntime() -> None:
    """Check that ONNX Runtime is there, before anything is read or exported.

    Raises:
        CampError: it is not installed, or does not load.
    """
    with installed("onnxruntime", "--backend onnx", INSTALL):
        import onnxruntime  # noqa: F401


def _sizes(shape: Sequence[int | str | None]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _fits(found: list[int | str | None], sizes: tuple[int, ...]) -> bool:
    """Whether a shape is ``[N, *sizes]`` for every N; what it does not tell (a name, None) may be any size."""
    return (
        len(found) == 1 + len(sizes)
        and not isinstance(found[0], int)
        and all(size == each for size, each in zip(found[1:], sizes, strict=True) if isinstance(size, int))
    )


@contextlib.contextmanager
def installed(name: str, option: str, install: str) -> Iterator[None]:
    """Inside, a package that ``option`` needs is imported.

    Args:
        install: what to type.

    Raises:
        CampError: it is not installed, or does not load.
    """
    try:
        with quiet():
            yield
    except ImportError as error:
        raise CampError(f"{option} needs {name} ({last_line(error)}): {install}") from None


def last_line(error: BaseException) -> str:
    """What an error says in the last of its lines."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return one_line(lines[-1] if lines else type(error).__name__)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Inside, what is printed on stdout, by C++ too, goes to stderr: stdout is for results."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
