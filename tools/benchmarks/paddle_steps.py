"""Worker: steps of training or evaluation, or whole epochs, of a network of the zoo."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tools.benchmarks.op_times import by_kind, paddle_times
from tools.benchmarks.timing import answer, resident_peak, timed_steps


def measure(spec: dict[str, Any]) -> dict[str, Any]:
    """Time what ``spec`` asks for.

    Args:
        spec: ``kind`` (a key of :data:`KINDS`), ``model`` and its ``arguments``, ``batch_size``, ``shape`` of a
            picture, ``device``, ``pictures`` in an epoch, ``timing`` for
            :func:`~tools.benchmarks.timing.timed_steps`.
    """
    import paddle_camp
    from paddle_camp import runtime

    device = runtime.choose_device(spec["device"])
    import paddle

    from paddle_camp.data.batches import ArrayBatches
    from paddle_camp.speed.onednn.weights import constant_weights
    from paddle_camp.speed.threads import threads_for

    paddle.seed(0)
    model = paddle_camp.create_model(spec["model"], **spec["arguments"])
    constant = constant_weights() if spec["kind"] == "evaluate" else contextlib.nullcontext()
    with constant, threads_for(model, ArrayBatches(*one_batch(spec), spec["batch_size"])):  # as fit and evaluate do
        step = KINDS[spec["kind"]](model, spec)
        found = timed_steps(step, **spec["timing"])
        if spec.get("profile"):
            found |= profile(step)
    found["images_per_second"] = spec.get("pictures", spec["batch_size"]) / found["seconds"]
    found["parameters"] = sum(p.size for p in model.parameters() if not p.stop_gradient)
    on_gpu = device.startswith("gpu")
    found["peak_memory"] = paddle.device.cuda.max_memory_allocated(device) if on_gpu else resident_peak()
    return found


def profile(step: Callable[[], object], steps: int = 3) -> dict[str, float]:
    """Seconds a step of each kind of operator, see :mod:`tools.benchmarks.op_times`."""
    from paddle.profiler import Profiler, ProfilerTarget, export_chrome_tracing

    note_kernels()
    with tempfile.TemporaryDirectory() as folder:
        with Profiler(targets=[ProfilerTarget.CPU], on_trace_ready=export_chrome_tracing(folder)) as profiler:
            for _ in range(steps):
                step()
                profiler.step()
        (trace,) = Path(folder).glob("*.json")
        return by_kind(paddle_times(trace), steps)


def note_kernels() -> None:
    """Have the profiler note oneDNN's kernels as it notes Paddle's operators; see ``paddle_times``."""
    from paddle.profiler import RecordEvent

    from paddle_camp.speed.onednn import elementwise, kernels

    def noted(function: Callable, name: str) -> Callable:
        def call(*arguments: Any) -> Any:
            with RecordEvent(name):
                return function(*arguments)

        return call

    some = (elementwise.Activation, elementwise.Sum, elementwise.Scale, elementwise.Concat)
    for kernel in (kernels.Convolution, kernels.BatchNorm, kernels.Pool, *some):
        for way, name in (("forward", f"{kernel.__name__} dygraph"), ("backward", f"Local_{kernel.__name__}")):
            setattr(kernel, way, noted(getattr(kernel, way), name))


def inputs(spec: dict[str, Any], count: int) -> tuple:
    """uint8 pictures and int64 labels: noise, which takes as long as anything else."""
    import numpy as np

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, *spec["shape"]), np.uint8)
    return images, rng.integers(0, spec["arguments"]["num_classes"], count)


def one_batch(spec: dict[str, Any]) -> tuple:
    """A batch of pictures, float32, and its labels, numpy."""
    from paddle_camp.models import kind_of

    images, labels = inputs(spec, spec["batch_size"])
    return kind_of(spec["model"]).scale(images), labels


def momentum(model):
    """The optimizer of the course's fundus chapter."""
    import paddle

    return paddle.optimizer.Momentum(0.001, 0.9, parameters=model.parameters())


def train_step(model, spec: dict[str, Any]) -> Callable[[], object]:
    """Forward, loss, backward, Momentum."""
    import paddle

    import paddle_camp
    from paddle_camp.networks.gradients import free_gradients
    from paddle_camp.speed.cudnn import search_algorithms
    from paddle_camp.training.losses import classification_loss
    from paddle_camp.training.precision import autocast

    images, labels = (paddle.to_tensor(array) for array in one_batch(spec))
    optimizer = momentum(model)
    model.train()
    clear = partial(free_gradients, model.parameters()) if paddle_camp.TUNED else optimizer.clear_grad  # as fit does

    def step() -> float:
        with autocast(spec.get("amp", False), model):
            outputs = model(images)
        loss = classification_loss(outputs, labels)
        loss.backward()
        optimizer.step()
        clear()
        search_algorithms()  # as fit does
        return float(loss)  # waits for a GPU

    return step


def train_epoch(model, spec: dict[str, Any]) -> Callable[[], object]:
    """An epoch over ``pictures`` pictures, reading from memory included."""
    from paddle_camp.training.loop import train_one_epoch
    from paddle_camp.training.tasks import Supervised

    batches, task = all_batches(spec, shuffle_seed=0), Supervised(model, momentum(model))
    return lambda: train_one_epoch(task, batches)


def all_batches(spec: dict[str, Any], shuffle_seed: int | None = None):
    """Batches over ``pictures`` pictures."""
    from paddle_camp.data.batches import Batches
    from paddle_camp.data.image_set import ImageSet
    from paddle_camp.models import kind_of

    images, labels = inputs(spec, spec["pictures"])
    data = ImageSet(images, labels, tuple(map(str, range(len(labels)))), kind=kind_of(spec["model"]))
    return Batches(data, spec["batch_size"], shuffle_seed)


def evaluate_step(model, spec: dict[str, Any]) -> Callable[[], object]:
    """A batch through the network in evaluation mode, without gradients: numpy in, numpy out."""
    import paddle

    images, _ = one_batch(spec)
    model.eval()

    def step():
        with paddle.no_grad():
            return model(paddle.to_tensor(images)).numpy()

    return step


def exported_step(model, spec: dict[str, Any]) -> Callable[[], object]:
    """The same batch through the network exported to Paddle Inference, which computes by oneDNN on a CPU."""
    import paddle

    images, _ = one_batch(spec)
    model.eval()
    with tempfile.TemporaryDirectory() as folder:  # it is read when the predictor is created
        shape = paddle.static.InputSpec([None, *images.shape[1:]], "float32", "images")
        paddle.jit.save(model, f"{folder}/model", input_spec=[shape])
        (program,) = (path for path in Path(folder).iterdir() if path.suffix in (".json", ".pdmodel"))
        config = paddle.inference.Config(str(program), f"{folder}/model.pdiparams")
        config.disable_gpu()
        config.set_cpu_math_library_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        config.delete_pass("conv_concat_activation_onednn_fuse_pass")  # fails on GoogLeNet with Paddle 3.3.1
        predictor = paddle.inference.create_predictor(config)
    given = predictor.get_input_handle(predictor.get_input_names()[0])
    found = predictor.get_output_handle(predictor.get_output_names()[0])

    def step():
        given.copy_from_cpu(images)
        predictor.run()
        return found.copy_to_cpu()

    return step


KINDS = {
    "train": train_step,
    "epoch": train_epoch,
    "evaluate": evaluate_step,
    "exported": exported_step,
}

if __name__ == "__main__":
    answer(measure)
