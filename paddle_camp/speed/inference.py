"""Evaluation on the CPU through Paddle Inference and oneDNN, where that is faster and gives the same answers.

An export costs seconds, and its logits differ from dygraph's by rounding. So :class:`FastForward` exports only where
that pays, decided by counting multiply-adds and not by a clock (the same seed must give the same bits), and uses the
export only if it agrees with dygraph on a batch; on any error it falls back to dygraph. ``PADDLE_CAMP_TUNE`` without
``inference`` turns this off.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from paddle import nn

from paddle_camp.errors import PeerError
from paddle_camp.machine import enabled
from paddle_camp.networks.modes import evaluating
from paddle_camp.networks.summary import sample_multiply_adds

# Logits may differ from dygraph's by RELATIVE times the batch's largest, plus ABSOLUTE. Measured on networks
# of the zoo, 8 with Paddle 3.3.1 and 4 with 2.6.2: at most 1e-5 of the largest.
RELATIVE, ABSOLUTE = 1e-4, 1e-6

# Measured with two threads of an AMD EPYC: dygraph does 35 to 39 thousand million multiply-adds a second with each, an
# export with its first batch takes 1 to 3 seconds, and an exported network is 1.3 times faster. So 18 seconds become
# 14: what is saved is about twice what the export costs.
MULTIPLY_ADDS_PER_SECOND = 35e9  # of one thread
WORTHWHILE_SECONDS = 18.0

# Graph passes of Paddle 3 that are removed; 2.6.2 has none of these names and ignores them. The first fails on
# GoogLeNet (3.3.1: "drr attr [fuse_activation] is not found"); the other two fold batch norm into the convolutions,
# which takes 2 seconds on ResNet-50 and made it no faster.
UNWANTED_PASSES = (
    "conv_concat_activation_onednn_fuse_pass",
    "conv2d_bn_onednn_fuse_pass",
    "conv2d_bias_bn_onednn_fuse_pass",
)

Forward = Callable[[np.ndarray], paddle.Tensor]
_log = logging.getLogger(__name__)


class Predictor:
    """A copy of a network in evaluation mode with its current weights, run by oneDNN on the CPU.

    Args:
        model: is left unchanged: training modes, weights, ``forward``.
        example: a batch of its input, for the dtype and the shape of a sample.

    Raises:
        Exception: whatever Paddle raises for a network that it cannot export or load; ValueError for one with more
            than one output.
    """

    def __init__(self, model: nn.Layer, example: np.ndarray):
        spec = paddle.static.InputSpec([None, *example.shape[1:]], str(example.dtype), "images")
        with _quiet():
            # The file of weights is read when the predictor is created, so the folder can go.
            with evaluating(model), _same_forward(model), tempfile.TemporaryDirectory(prefix="paddle_camp_") as folder:
                paddle.jit.save(model, f"{folder}/model", input_spec=[spec])
                self._predictor = paddle.inference.create_predictor(_config(Path(folder) / "model"))
            names = self._predictor.get_output_names()
            if len(names) != 1:
                raise ValueError(f"the network has {len(names)} outputs, not one")
            self._input = self._predictor.get_input_handle(self._predictor.get_input_names()[0])
            self._output = self._predictor.get_output_handle(names[0])
            self(example[:1])  # the first run logs too

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Logits ``[N, K]`` of a batch ``[N, ...]``; N may change from call to call. The same batch, the same bits."""
        self._input.copy_from_cpu(np.ascontiguousarray(images))
        self._predictor.run()
        return self._output.copy_to_cpu()


def _config(path: Path) -> paddle.inference.Config:
    """A ``Config`` for the CPU, which uses oneDNN by default in Paddle 2.6 and 3 if the processor has AVX2."""
    program = path.with_suffix(".json")  # Paddle 3
    if not program.exists():
        program = path.with_suffix(".pdmodel")
    config = paddle.inference.Config(str(program), str(path.with_suffix(".pdiparams")))
    config.disable_gpu()
    config.set_cpu_math_library_num_threads(threads())
    for name in UNWANTED_PASSES:
        config.delete_pass(name)
    return config


def threads() -> int:
    """The number of threads that Paddle computes with: ``OMP_NUM_THREADS``, 1 if it is not set."""
    return int(os.environ.get("OMP_NUM_THREADS", "1"))


@contextlib.contextmanager
def _same_forward(model: nn.Layer) -> Iterator[None]:
    """Restore every layer's ``forward``: Paddle 2.6's export replaces it by a traced one, which trains slower."""
    own = [(layer, vars(layer).get("forward")) for layer in model.sublayers(include_self=True)]
    try:
        yield
    finally:
        for layer, forward in own:
            vars(layer).pop("forward", None)
            if forward is not None:
                layer.forward = forward


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Discard stderr, that of C++ included: an export logs internals that a user cannot act on."""
    saved = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def tolerance(logits: np.ndarray) -> float:
    """The largest accepted difference of this batch's logits from dygraph's."""
    return RELATIVE * float(np.abs(logits).max()) + ABSOLUTE


def agree(logits: np.ndarray, reference: np.ndarray) -> bool:
    """Whether all logits are within :func:`tolerance` of the reference, and every predicted class is the same."""
    if logits.shape != reference.shape or not np.abs(logits - reference).max() <= tolerance(reference):
        return False  # "not <=" also rejects NaN
    return bool((_classes(logits) == _classes(reference)).all())


def _classes(logits: np.ndarray) -> np.ndarray:
    return logits > 0 if logits.shape[-1] == 1 else logits.argmax(axis=-1)


def decided(logits: np.ndarray) -> bool:
    """Whether an error of :func:`tolerance` in each logit cannot change any predicted class.

    That is so if the two largest logits (for K = 1: the logit and 0) differ by more than twice the tolerance. Logits
    are ``[N, K]``, or ``[N, T, K]`` for T classes a sample.
    """
    if logits.shape[-1] == 1:
        margin = np.abs(logits)
    else:
        two = np.partition(logits, -2, axis=-1)[..., -2:]
        margin = two[..., 1] - two[..., 0]
    return bool((margin > 2 * tolerance(logits)).all())


class FastForward:
    """Logits of one evaluation, batch by batch: by oneDNN where that is worthwhile and agrees, else by dygraph.

    Dygraph computes the first batch, which an export is compared with, and every batch with a sample whose two largest
    logits are so close that rounding could swap them. So the predicted classes, and with them the accuracy, are
    dygraph's.

    A network with several inputs is dygraph's.

    Args:
        model: in evaluation mode; its weights must not change while this is used.
        dygraph: a numpy batch to the float32 logits ``[N, K]`` of ``model``.
        num_samples: of the evaluation; 0: nothing is exported.
    """

    def __init__(self, model: nn.Layer, dygraph: Forward, num_samples: int):
        self.model, self.dygraph, self.num_samples = model, dygraph, num_samples
        self.predictor: Predictor | None = None
        self.begun = False

    def __call__(self, images: Any, classes: bool = True) -> paddle.Tensor:
        """Float32 outputs of a batch: logits ``[N, K]``, or, unless ``classes``, numbers in which nothing is close."""
        if not self.begun:
            self.begun = True
            output = self.dygraph(images)
            if isinstance(images, np.ndarray):
                self._try_export(images, output)
            return output
        logits = self._predict(images, classes)
        return self.dygraph(images) if logits is None else paddle.to_tensor(logits)

    def _try_export(self, images: np.ndarray, output: paddle.Tensor) -> None:
        try:
            if not worthwhile(self.model, images, self.num_samples - len(images)):
                return
            predictor = Predictor(self.model, images)
            if agree(predictor(images), output.numpy()):
                self.predictor = predictor
            else:
                _log.debug("the export of %s does not agree with dygraph", type(self.model).__name__)
        except PeerError:  # the launcher ends this process
            raise
        except Exception:  # an export can raise anything; dygraph computes the logits then
            _log.debug("no export of %s", type(self.model).__name__, exc_info=True)

    def _predict(self, images: np.ndarray, classes: bool) -> np.ndarray | None:
        """The predictor's logits; None if there is none, it fails, or its rounding could change a class."""
        if self.predictor is None:
            return None
        try:
            logits = self.predictor(images)
        except PeerError:
            raise
        except Exception:  # as above
            _log.debug("the export of %s failed", type(self.model).__name__, exc_info=True)
            self.predictor = None
            return None
        return logits if not classes or decided(logits) else None


def worthwhile(model: nn.Layer, images: np.ndarray, num_samples: int) -> bool:
    """Whether ``num_samples`` like those of ``images`` take dygraph so long that an export pays.

    Estimated from multiply-adds, not timed: the answer is the same in every run with the same number of threads.
    """
    if num_samples <= 0 or not enabled("inference") or paddle.get_device() != "cpu":
        return False
    multiply_adds = num_samples * sample_multiply_adds(model, tuple(images.shape[1:]))
    return multiply_adds > WORTHWHILE_SECONDS * MULTIPLY_ADDS_PER_SECOND * threads()
