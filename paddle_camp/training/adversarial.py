"""The task of two networks against each other, a generator and a discriminator, and the losses that they play for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import nn
from paddle.optimizer import Optimizer

from paddle_camp.data.batches import BatchSource
from paddle_camp.errors import require
from paddle_camp.history import Row
from paddle_camp.metrics import WeightedMean
from paddle_camp.networks.modes import evaluating, held
from paddle_camp.speed.feeding import as_tensor, reading
from paddle_camp.training.batch import Batch
from paddle_camp.training.tasks import Task


@dataclass(frozen=True)
class Game:
    """What the two play for, in the discriminator's outputs ``[N, 1]``, float32.

    Attributes:
        real: the discriminator's loss for the outputs of real samples, and the target that they should have.
        drawn: its loss for the outputs of drawn samples.
        generator: the generator's loss for the outputs of its samples.
        boundary: the output from which on a sample is taken for real.
    """

    real: Callable[[paddle.Tensor, float], paddle.Tensor]
    drawn: Callable[[paddle.Tensor], paddle.Tensor]
    generator: Callable[[paddle.Tensor], paddle.Tensor]
    boundary: float = 0.0


def judged(logits: paddle.Tensor, target: float) -> paddle.Tensor:
    """Mean binary cross-entropy of logits ``[N, 1]`` against one target for all."""
    return F.binary_cross_entropy_with_logits(logits, paddle.full_like(logits, target))


# D(x) = sigmoid(output) in the first two (Goodfellow et al., 2014), which differ in the generator's loss alone;
# least squares is Mao et al.'s (arXiv:1611.04076, targets 0 and 1), the hinge Lim and Ye's (arXiv:1705.02894).
GAMES = {
    "minimax": Game(judged, lambda x: judged(x, 0.0), lambda x: -judged(x, 0.0)),  # log(1 - D)
    "non-saturating": Game(judged, lambda x: judged(x, 0.0), lambda x: judged(x, 1.0)),  # -log D
    "least squares": Game(
        lambda x, target: ((x - target) ** 2).mean() / 2,
        lambda x: (x**2).mean() / 2,
        lambda x: ((x - 1) ** 2).mean() / 2,
        boundary=0.5,
    ),
    "hinge": Game(lambda x, target: F.relu(target - x).mean(), lambda x: F.relu(1 + x).mean(), lambda x: -x.mean()),
}


class Adversarial(Task):
    """A generator that learns to draw what a discriminator takes for real (Goodfellow et al., arXiv:1406.2661).

    A batch is (images,) or (images, labels); labels are not used. Networks: "generator", from noise float32
    ``[N, noise]`` to images, and "discriminator", from images to a number each, ``[N, 1]``: the higher, the more real.

    Args:
        noise: length of the generator's input.
        game: a name of :data:`GAMES`.
        label_smoothing: real images count as 1 - this for the discriminator (Salimans et al., arXiv:1606.03498).
    """

    def __init__(
        self,
        generator: nn.Layer,
        discriminator: nn.Layer,
        generator_optimizer: Optimizer,
        discriminator_optimizer: Optimizer,
        *,
        noise: int,
        game: str = "non-saturating",
        label_smoothing: float = 0.0,
        amp: bool = False,
        clip_norm: float | None = None,
    ):
        networks = {"generator": generator, "discriminator": discriminator}
        optimizers = {"generator": generator_optimizer, "discriminator": discriminator_optimizer}
        super().__init__(networks, optimizers, amp=amp, clip_norm=clip_norm)
        require(game in GAMES, f"game={game!r}: there are {', '.join(GAMES)}")
        require(0 <= label_smoothing < 1, f"label_smoothing={label_smoothing}: give a number from 0 to below 1")
        self.generator, self.discriminator = generator, discriminator
        self.noise, self.name, self.game, self.real = noise, game, GAMES[game], 1 - label_smoothing

    def judge(self, images: paddle.Tensor) -> paddle.Tensor:
        """The discriminator's outputs, float32 ``[N, 1]``."""
        return self.discriminator(images).astype("float32")

    def step(self, batch: Batch) -> Row:
        """A step of the discriminator on real and drawn images, then one of the generator on the drawn ones."""
        images = batch[0]
        with self.autocast():
            drawn = self.generator(paddle.randn([len(images), self.noise]))
            outputs = self.judge(images), self.judge(drawn.detach())
        loss = self.game.real(outputs[0], self.real) + self.game.drawn(outputs[1])
        seen = self.backward(loss, batch, "discriminator")
        self.update("discriminator")
        with held(self.discriminator), self.autocast():
            taken = self.judge(drawn)
        fooled = self.backward(self.game.generator(taken), batch, "generator")
        self.update("generator")
        return {"loss": seen + fooled, "discriminator_loss": seen, "generator_loss": fooled}

    def measure(self, batches: BatchSource) -> Row:
        """Both losses, and the shares of real and of drawn images taken for real; the noise is always the same.

        ``loss`` is the sum of both losses, which says how the game stands, not how good the images are.
        """
        means = {key: WeightedMean() for key in ("discriminator_loss", "generator_loss", "real", "drawn")}
        with evaluating(self.network), reading(batches) as arrays:
            for index, (images, *_) in enumerate(arrays):
                images = as_tensor(images)
                noise = np.random.default_rng([7, index]).normal(size=(len(images), self.noise)).astype("float32")
                real, drawn = self.judge(images), self.judge(self.generator(paddle.to_tensor(noise)))
                row = {"discriminator_loss": self.game.real(real, self.real) + self.game.drawn(drawn)}
                row |= {"generator_loss": self.game.generator(drawn)}
                taken = {"real": real, "drawn": drawn}
                row |= {key: (x > self.game.boundary).astype("float32").mean() for key, x in taken.items()}
                for key, value in row.items():
                    means[key].add(float(value), len(images))
        row = {key: mean.value for key, mean in means.items()}
        return {"loss": row["discriminator_loss"] + row["generator_loss"]} | row | {"samples": means["real"].samples}

    def describe(self) -> dict[str, Any]:
        """See :meth:`Task.describe`."""
        return super().describe() | {"noise": self.noise, "game": self.name, "real": self.real}
