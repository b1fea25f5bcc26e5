"""Worker: training steps of the PyTorch networks, in eager mode. Runs where there is only torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tools.benchmarks.op_times import by_kind
from tools.benchmarks.timing import answer, resident_peak, timed_steps


def measure(spec: dict[str, Any]) -> dict[str, Any]:
    """Time training steps as :func:`tools.benchmarks.paddle_steps.train_step` takes them.

    Args:
        spec: as there, ``cores``, the threads to compute with, and perhaps ``channels_last`` and ``amp`` (bfloat16).
    """
    import torch

    from tools.benchmarks.torch_nets import NETS

    torch.set_num_threads(spec["cores"])
    torch.manual_seed(0)
    device = "cuda" if spec["device"].startswith("gpu") else "cpu"
    model = NETS[spec["model"]](spec["arguments"]["num_classes"]).to(device)
    images = (torch.rand(spec["batch_size"], *spec["shape"]) * 2 - 1).to(device)
    if spec.get("channels_last"):
        model, images = (each.to(memory_format=torch.channels_last) for each in (model, images))
    labels = torch.randint(0, spec["arguments"]["num_classes"], (spec["batch_size"],), device=device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
    model.train()

    def loss_of(logits):
        return torch.nn.functional.cross_entropy(logits, labels)

    def step() -> float:
        optimizer.zero_grad()
        with torch.autocast(device, torch.bfloat16, enabled=spec.get("amp", False)):
            output = model(images)
        if isinstance(output, tuple):  # GoogLeNet's heads, weighed as in the paper
            main, *auxiliary = (loss_of(each.float()) for each in output)
            loss = main + 0.3 * sum(auxiliary)
        else:
            loss = loss_of(output.float())
        loss.backward()
        optimizer.step()
        return loss.item()

    found = timed_steps(step, **spec["timing"])
    if spec.get("profile"):
        found |= profile(step)
    found["images_per_second"] = spec["batch_size"] / found["seconds"]
    found["parameters"] = sum(p.numel() for p in model.parameters() if p.requires_grad)
    found["peak_memory"] = torch.cuda.max_memory_allocated() if device == "cuda" else resident_peak()
    return found | {"torch": torch.__version__}


def profile(step: Callable[[], object], steps: int = 3) -> dict[str, float]:
    """Seconds a step of each kind of operator, see :mod:`tools.benchmarks.op_times`."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in range(steps):
            step()
    return by_kind(((row.key, row.self_cpu_time_total / 1e6) for row in profiler.key_averages()), steps)


if __name__ == "__main__":
    answer(measure)
