"""A network with pretrained weights, and pictures as it must be shown them."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import paddle
from paddle import nn
from paddle.vision import models as paddles

from paddle_camp.data.image_set import ImageSet
from paddle_camp.data.info import WeightsInfo
from paddle_camp.models import create_model, kind_of
from paddle_camp.networks.weights import load_weights
from paddle_camp.preprocessing import PictureKind
from paddle_camp.pretrained.published import Published


@dataclass(frozen=True)
class PretrainedWeights:
    """Weights for a network of the zoo, found by :func:`~paddle_camp.pretrained.finding.find_weights`.

    Attributes:
        model: the network's name.
        path: the file; None: the weights are drawn at random in its place.
        info: what a run notes and says of them.
        published: what is known of the published ones; or None.
    """

    model: str
    path: Path | None
    info: WeightsInfo
    published: Published | None = None

    @property
    def kind(self) -> PictureKind:
        """How the network must be shown pictures; ``kind.name`` is the ``reader`` of a ``SavedModel``."""
        return kind_of(self.model) if self.published is None else self.published.kind

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of ``create_model`` beside the number of classes."""
        return {} if self.published is None else dict(self.published.arguments)

    def prepare(self, pictures: ImageSet) -> ImageSet:
        """The same BGR pictures, to be scaled as the network was trained on them."""
        return replace(pictures, kind=pictures.kind.prepared_as(self.kind))

    def create(self, num_classes: int = 1000, **arguments: Any) -> nn.Layer:
        """The network with these weights; random ones in their place are the same each time.

        Where the file has other classes, the last layer is a new one, drawn at random; a line says so.

        Args:
            num_classes: outputs of the network.
            **arguments: further ones of ``create_model``, which go before :attr:`arguments`.

        Raises:
            CheckpointError: the file is damaged, or of another network.
            SettingError: an argument that the network does not have.
        """
        arguments = self.arguments | {"num_classes": num_classes} | arguments
        if self.path is None:
            before = paddle.get_rng_state()
            paddle.seed(0)
            try:
                return create_model(self.model, **arguments)
            finally:
                paddle.set_rng_state(before)
        model = create_model(self.model, **arguments)
        reference = "" if self.published is None else self.published.reference
        names = names_of_paddle(self.model, reference) if reference else None
        new = load_weights(model, self.path, names=names, new_head=True)
        if new:
            print(
                f"{self.model}: {', '.join(new)} drawn at random, for {num_classes} classes; the others are those of "
                f"{self.path.name}",
                file=sys.stderr,
                flush=True,
            )
        return model


@functools.cache
def names_of_paddle(model: str, reference: str) -> dict[str, str]:
    """What the weights of ``paddle.vision.models`` are called in the zoo's network; they come in the same order.

    Args:
        model: the name of the zoo.
        reference: that of ``paddle.vision.models``.
    """
    with paddle.LazyGuard():  # layers without numbers: nothing is drawn, so that what is drawn later stays the same
        theirs, ours = getattr(paddles, reference)(), create_model(model)
    return dict(zip(theirs.state_dict(), ours.state_dict(), strict=True))
