"""Task 1: VGG's configurations counted layer by layer, the summary as Keras prints it, and eight questions in numbers.

Simonyan and Zisserman, ICLR 2015 (arXiv:1409.1556), table 1. What is counted here by rule is compared with the networks
of the zoo, which are built.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import paddle

import paddle_camp as camp

SIDE, CLASSES = 224, 1000
CHANNELS = (64, 128, 256, 512, 512)
FULLY_CONNECTED = (4096, 4096, CLASSES)
# The kernels of the convolutions of each of the five stages; LRN is local response normalisation, without parameters.
CONFIGURATIONS: dict[str, tuple[tuple[int | str, ...], ...]] = {
    "A": ((3,), (3,), (3, 3), (3, 3), (3, 3)),
    "A-LRN": ((3, "LRN"), (3,), (3, 3), (3, 3), (3, 3)),
    "B": ((3, 3), (3, 3), (3, 3), (3, 3), (3, 3)),
    "C": ((3, 3), (3, 3), (3, 3, 1), (3, 3, 1), (3, 3, 1)),
    "D": ((3, 3), (3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3)),
    "E": ((3, 3), (3, 3), (3, 3, 3, 3), (3, 3, 3, 3), (3, 3, 3, 3)),
}
ZOO = {"A": "vgg11", "B": "vgg13", "D": "vgg16", "E": "vgg19"}  # those that the zoo has
# Quoted, not measured: top-5 error on ILSVRC's validation pictures, %, at one scale of testing (table 3, the best row).
ERRORS = {"A": 10.4, "A-LRN": 10.5, "B": 9.9, "C": 8.8, "D": 8.1, "E": 8.0}


@dataclass(frozen=True)
class Row:
    """A layer: its name and class as in Keras, its output without the batch, and what is counted."""

    name: str
    kind: str
    output: tuple[int, ...]
    weights: int = 0
    biases: int = 0
    multiply_adds: int = 0

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.weights + self.biases


def convolution(name: str, kernel: int, side: int, inputs: int, outputs: int, stride: int = 1) -> Row:
    """A convolution with padding: kernel^2 * inputs weights and one bias a filter; every output pixel uses them all."""
    side, weights = camp.output_size(side, kernel, kernel // 2, stride), kernel**2 * inputs * outputs
    return Row(name, "Conv2D", (side, side, outputs), weights, outputs, side**2 * weights)


def rows_of(configuration: str) -> list[Row]:
    """All layers of a configuration, from the input to the classes, as Keras counts them."""
    side, inputs = SIDE, 3
    rows = [Row("input_1", "InputLayer", (side, side, inputs))]
    for stage, (kernels, channels) in enumerate(zip(CONFIGURATIONS[configuration], CHANNELS, strict=True), start=1):
        for number, kernel in enumerate(kernels, start=1):
            if isinstance(kernel, str):
                rows.append(Row(f"block{stage}_lrn", "LRN", (side, side, channels)))
                continue
            rows.append(convolution(f"block{stage}_conv{number}", kernel, side, inputs, channels))
            inputs = channels
        side = camp.output_size(side, 2, 0, 2)
        rows.append(Row(f"block{stage}_pool", "MaxPooling2D", (side, side, channels)))
    inputs *= side**2
    rows.append(Row("flatten", "Flatten", (inputs,)))
    for name, outputs in zip(("fc1", "fc2", "predictions"), FULLY_CONNECTED, strict=True):
        rows.append(Row(name, "Dense", (outputs,), inputs * outputs, outputs, inputs * outputs))
        inputs = outputs
    return rows


def keras_summary(name: str, rows: list[Row]) -> str:
    """The rows as Keras 2 prints ``model.summary()``; the size of the batch, which is open, is called N."""
    line, double = "_" * 65, "=" * 65
    lines = [f'Model: "{name}"', line, f" {'Layer (type)':<28}{'Output Shape':<26}{'Param #':<10}", double]
    for row in rows:
        shape = f"(N, {', '.join(map(str, row.output))})"
        shape = f"[{shape}]" if row.kind == "InputLayer" else shape
        lines.append(f" {f'{row.name} ({row.kind})':<28}{shape:<26}{row.parameters:<10}".rstrip())
    total = sum(row.parameters for row in rows)
    lines += [double, f"Total params: {total:,}", f"Trainable params: {total:,}", "Non-trainable params: 0", line]
    return "\n".join(lines)


def count_all() -> dict[str, Any]:
    """Every configuration: its layers with weights, parameters (and without biases), multiply-adds, the zoo's count."""
    found = {}
    for name in CONFIGURATIONS:
        rows = rows_of(name)
        weights, biases, work = (
            sum(getattr(row, key) for row in rows) for key in ("weights", "biases", "multiply_adds")
        )
        dense = sum(row.parameters for row in rows if row.kind == "Dense")
        layers = sum(row.weights > 0 for row in rows)
        row = {"layers": layers, "parameters": weights + biases, "weights": weights, "biases": biases}
        row |= {"multiply_adds": work, "dense": dense, "error": ERRORS[name], "zoo": None}
        if name in ZOO:
            with paddle.LazyGuard():  # layers without numbers: built in a moment, and nothing is drawn
                row["zoo"] = camp.count_parameters(camp.create_model(ZOO[name], num_classes=CLASSES))
        found[name] = row
    return found
