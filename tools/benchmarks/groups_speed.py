"""Groups that time single steps: train, optimisations, evaluate. A group yields its tables anew after every row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from paddle_camp.machine import why_no_bfloat16
from tools.benchmarks.bench import Bench
from tools.benchmarks.contest import STOCK, Contender, Results, error_of, worker
from tools.benchmarks.op_times import KINDS, OTHER
from tools.benchmarks.tables import MIB, Column, Table, against

QUICK = ("lenet", "mlp_relu")
IN_TORCH = ("lenet", "alexnet", "googlenet", "resnet50", "vgg16")  # the names of torch_nets.NETS
EVALUATED = ("lenet", "alexnet", "googlenet", "mobilenet_v2", "resnet18", "resnet50", "vgg16")
SPEED = "images_per_second"
HALF = ("ours bfloat16", "PyTorch bfloat16")  # PyTorch's with channels_last, in which it is faster by far


def spec_of(model: str, bench: Bench, kind: str) -> dict[str, Any]:
    """What the workers are to do with a network; see :mod:`tools.benchmarks.paddle_steps`."""
    from paddle_camp.models import input_shape

    batch_size, num_classes = (256, 10) if for_digits(model) else (10, 2)
    spec = {"kind": kind, "model": model, "arguments": {"num_classes": num_classes}, "shape": list(input_shape(model))}
    return spec | {
        "batch_size": 4 if bench.quick else batch_size,
        "device": bench.device,
        "timing": bench.timing,
    }


def for_digits(model: str) -> bool:
    """Whether a network is made for digits; the others take larger ones in colour."""
    from paddle_camp.models import kind_of
    from paddle_camp.preprocessing import DIGITS

    return kind_of(model) is DIGITS


def sizes(bench: Bench) -> str:
    """What the networks are fed, in words."""
    large, small = (4, 4) if bench.quick else (10, 256)
    pictures = f"pictures of 3 x 224 x 224 in batches of {large}, 2 classes"
    return f"{pictures}; digits of 1 x 28 x 28 in batches of {small}, 10 classes"


def chosen(bench: Bench, names: Sequence[str]) -> Sequence[str]:
    """Those of ``names`` that the command line admits; two tiny ones for ``--quick``."""
    return QUICK if bench.quick else [name for name in names if name in bench.models]


def in_torch(spec: dict[str, Any], bench: Bench, channels_last: bool = False, name: str = "PyTorch") -> Contender:
    """The same step in PyTorch, with as many threads as there are cores."""
    more = {"cores": bench.cores, "channels_last": channels_last}
    return worker(name, "torch_steps", spec | more, python=bench.torch_python)


def with_the_faster(results: Results) -> Results:
    """The results, and in each round the faster of PyTorch's two layouts."""
    both = [results.get(name, []) for name in ("PyTorch", "PyTorch channels_last")]
    if not all(both) or any(map(error_of, both)):
        return results
    return results | {"PyTorch's best": [max(two, key=lambda found: found[SPEED]) for two in zip(*both, strict=True)]}


def train(bench: Bench) -> Iterator[list[Table]]:
    """A training step of every network of the zoo: stock Paddle, ours, PyTorch"""
    half = HALF if bench.device == "cpu" and not why_no_bfloat16() else ()
    columns = [
        *(Column(f"{name}, images/s", name, SPEED) for name in ("stock", "ours", "PyTorch", "PyTorch channels_last")),
        Column("ours / stock", "ours", SPEED, over="stock"),
        Column("ours / PyTorch's best", "ours", SPEED, over="PyTorch's best"),
        *(Column(f"{name}, images/s", name, SPEED) for name in half),
        *([Column("bfloat16: ours / PyTorch", half[0], SPEED, over=half[1])] if half else []),
        *(Column(f"{name}, MiB", name, "peak_memory", scale=MIB) for name in ("stock", "ours", "PyTorch")),
    ]
    text = (
        f"Forward, loss, backward, Momentum; {sizes(bench)}. Stock: `PADDLE_CAMP_TUNE=0`. PyTorch: eager mode, as many "
    )
    text += f"threads as physical cores ({bench.cores}), the {len(IN_TORCH)} networks that are written for it. MiB: "
    text += "what the process had resident at most." if bench.device == "cpu" else "what was allocated on the GPU."
    table = Table("Training steps", text, "network", columns)
    for model in chosen(bench, bench.models):
        spec = spec_of(model, bench, "train")
        contenders = [worker("stock", "paddle_steps", spec, STOCK), worker("ours", "paddle_steps", spec)]
        if model in IN_TORCH:
            contenders += [in_torch(spec, bench), in_torch(spec, bench, True, "PyTorch channels_last")]
        if model in IN_TORCH and half:
            contenders.append(worker(half[0], "paddle_steps", spec | {"amp": True}))
            contenders.append(in_torch(spec | {"amp": True}, bench, True, half[1]))
        results = bench.contest(model, contenders)
        table.rows.append((model, with_the_faster(same_network(results))))
        yield [table]


def same_network(results: Results) -> Results:
    """The results, without PyTorch's if its network has another number of parameters than ours."""
    ours, theirs = results["ours"], results.get("PyTorch", [])
    if not theirs or error_of(ours) or error_of(theirs):
        return results
    counts = [found[0]["parameters"] for found in (theirs, ours)]
    if counts[0] == counts[1]:
        return results
    fault = [{"error": f"{counts[0]:,} parameters where ours has {counts[1]:,}"}]
    return results | {name: fault for name in results if name.startswith("PyTorch")}


def optimisations(bench: Bench) -> Iterator[list[Table]]:
    """What each CPU setting is worth: ours with one optimisation off at a time"""
    text = f"A training step; {sizes(bench)}. An optimisation's worth is all of them over all but it; one that "
    text += "the machine has no use for (blas where the processor is not AMD's) measures the noise."
    columns = [Column("images/s", "it", SPEED), Column("all / this", "base", SPEED, over="it")]
    tables = []
    for model in chosen(bench, ("resnet50", "alexnet", "lenet")):
        spec = spec_of(model, bench, "train")
        contenders = [worker("all", "paddle_steps", spec)]
        for optimisation in bench.step_optimisations:
            left = {"PADDLE_CAMP_TUNE": ",".join(name for name in bench.optimisations if name != optimisation)}
            contenders.append(worker(f"without {optimisation}", "paddle_steps", spec, left))
        contenders.append(worker("none (stock)", "paddle_steps", spec, STOCK))
        rows = against(bench.contest(model, contenders), "all")
        tables.append(Table(f"Optimisations: {model}", "" if tables else text, "optimisations", columns, rows))
        yield tables


def profile(bench: Bench) -> Iterator[list[Table]]:
    """Where a training step's time goes, ours and PyTorch: milliseconds by kind of operator"""
    columns = [Column("step", "it", "seconds", scale=1e3)]
    columns += [Column(kind, "it", kind, scale=1e3) for kind in (*KINDS, OTHER)]
    text = f"Milliseconds a step; {sizes(bench)}. The profiler's own work is in the kinds, not in the step."
    table = Table("Profile", text, "network", columns)
    for model in chosen(bench, IN_TORCH):
        spec = spec_of(model, bench, "train") | {"profile": True}
        contenders = [worker("ours", "paddle_steps", spec)]
        if model in IN_TORCH:
            contenders.append(in_torch(spec, bench))
        for name, found in bench.contest(model, contenders).items():
            table.rows.append((f"{model}, {name}", {"it": found}))
        yield [table]


def evaluate(bench: Bench) -> Iterator[list[Table]]:
    """A batch in evaluation mode: stock Paddle, ours, and the network exported to Paddle Inference"""
    exports = ("exported",) if bench.device == "cpu" else ()  # an export is run by oneDNN, on the CPU
    columns = [
        *(Column(f"{name}, images/s", name, SPEED) for name in ("stock", "ours", *exports)),
        *(Column(f"ours / {name}", "ours", SPEED, over=name) for name in ("stock", *exports)),
        *(Column(f"{name}, MiB", name, "peak_memory", scale=MIB) for name in ("ours", *exports)),
    ]
    text = f"A batch from numpy to numpy, without gradients; {sizes(bench)}."
    text += " Exported: the network in Paddle Inference, with oneDNN." if exports else ""
    table = Table("Evaluation of a batch", text, "network", columns)
    for model in chosen(bench, EVALUATED):
        spec = spec_of(model, bench, "evaluate")
        contenders = [worker("stock", "paddle_steps", spec, STOCK), worker("ours", "paddle_steps", spec)]
        contenders += [worker(name, "paddle_steps", spec | {"kind": name}) for name in exports]
        table.rows.append((model, bench.contest(model, contenders)))
        yield [table]
