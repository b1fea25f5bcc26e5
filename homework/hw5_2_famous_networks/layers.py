"""A network as a list of its layers, and what is counted from such a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from paddle_camp.networks.summary import LayerRow

BIAS, NORM = 1, 2  # parameters of an output channel besides its weights: a bias, or a batch norm's scale and shift


@dataclass(frozen=True)
class Layer:
    """A convolution with square kernels; a fully connected layer is one that sees a single pixel."""

    inputs: int  # channels
    outputs: int
    kernel: int  # side, pixels
    side: int  # of the output, pixels
    groups: int = 1
    beside: int = NORM
    kind: str = "Conv2D"  # or "Linear"; as a live network's layers are called

    @property
    def weights(self) -> int:
        return self.kernel**2 * (self.inputs // self.groups) * self.outputs

    @property
    def parameters(self) -> int:
        return self.weights + self.beside * self.outputs

    @property
    def multiply_adds(self) -> int:
        """Each weight is used once for every pixel of the output."""
        return self.weights * self.side**2


class Row(NamedTuple):
    """A line of a layer table; its input is the line before."""

    outputs: int
    kernel: int
    side: int
    groups: int = 1


def chain(inputs: int, rows: Iterable[tuple[int, ...]], beside: int = NORM) -> Iterator[Layer]:
    """The layers of a table, one behind the other; ``rows`` are :class:`Row` or tuples of its fields."""
    for row in map(lambda fields: Row(*fields), rows):
        yield Layer(inputs, row.outputs, row.kernel, row.side, row.groups, beside)
        inputs = row.outputs


def linear(*sizes: int) -> list[Layer]:
    """Fully connected layers, one behind the other."""
    pairs = zip(sizes, sizes[1:], strict=False)
    return [Layer(inputs, outputs, 1, 1, beside=BIAS, kind="Linear") for inputs, outputs in pairs]


def totals(layers: Iterable[Layer | LayerRow]) -> dict[str, float]:
    """Parameters and multiply-adds of one picture, in millions; and the fully connected layers' part of either.

    The layers are those of a table, or of a live network as ``camp.layer_rows`` lists them.
    """
    layers = list(layers)
    connected = [layer for layer in layers if layer.kind == "Linear"]
    return {
        "parameters": sum(layer.parameters for layer in layers) / 1e6,
        "multiply_adds": sum(layer.multiply_adds for layer in layers) / 1e6,
        "connected_parameters": sum(layer.parameters for layer in connected) / 1e6,
        "connected_multiply_adds": sum(layer.multiply_adds for layer in connected) / 1e6,
    }
