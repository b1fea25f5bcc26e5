"""Small networks and small data with all that a training can get wrong: batch norm, dropout, an uneven last batch."""

from __future__ import annotations

import numpy as np
import paddle
from paddle import nn

from paddle_camp.data.batches import Batches
from paddle_camp.data.image_set import ImageSet
from paddle_camp.training import schedules
from paddle_camp.training.adversarial import Adversarial


def toy_images(count: int = 23, seed: int = 0, size: int = 8) -> ImageSet:
    """Two classes of noisy pictures; class 1 is brighter in its left half."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % 2
    images = rng.integers(0, 200, (count, 3, size, size))
    images[:, :, :, : size // 2] += 50 * labels[:, None, None, None]
    return ImageSet(images.astype(np.uint8), labels, tuple(f"{i}.jpg" for i in range(count)))


def toy_batches(count: int = 23, batch_size: int = 5, seed: int = 0, shuffle: bool = True) -> Batches:
    return Batches(toy_images(count, seed), batch_size, shuffle_seed=seed if shuffle else None)


class ToyNet(nn.Layer):
    def __init__(self, num_classes: int = 2, image_size: int = 8):
        super().__init__()
        self.conv = nn.Conv2D(3, 4, 3)
        self.norm = nn.BatchNorm2D(4)
        self.dropout = nn.Dropout(0.3)
        self.fc = nn.Linear(4 * (image_size - 2) ** 2, num_classes)

    def forward(self, x):
        return self.fc(self.dropout(nn.functional.relu(self.norm(self.conv(x)))).flatten(1))


def toy(num_classes: int = 2, in_channels: int = 3) -> ToyNet:
    """The small network as one of the zoo, for pictures of 32 x 32; a checkpoint of it takes no time to write."""
    assert in_channels == 3
    return ToyNet(num_classes, image_size=32)


def build(boundaries=(), learning_rate: float = 0.05, optimizer: str = "Momentum", seed: int = 0, num_classes: int = 2):
    """(model, optimizer, schedule), the same weights for the same seed."""
    paddle.seed(seed)
    model = ToyNet(num_classes)
    schedule = schedules.piecewise(learning_rate, list(boundaries))
    made = getattr(paddle.optimizer, optimizer)(
        learning_rate=schedule, parameters=model.parameters(), weight_decay=paddle.regularizer.L2Decay(0.01)
    )
    return model, made, schedule


def toy_gan(game: str = "non-saturating", **options) -> Adversarial:
    """Four numbers are drawn from two; batch norm in the generator, targets that are smoothed."""
    generator = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1D(8), nn.ReLU(), nn.Linear(8, 4))
    discriminator = nn.Sequential(nn.Linear(4, 8), nn.LeakyReLU(), nn.Linear(8, 1))
    adam = [paddle.optimizer.Adam(0.02, parameters=each.parameters()) for each in (generator, discriminator)]
    return Adversarial(generator, discriminator, *adam, **{"noise": 2, "label_smoothing": 0.1, "game": game} | options)


def weights(model) -> dict[str, np.ndarray]:
    return {key: value.numpy().copy() for key, value in model.state_dict().items()}


def same_bits(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


def without_times(rows: list[dict]) -> list[dict]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def picture(**more) -> paddle.Tensor:
    """Normal numbers, float32 unless told otherwise."""
    return paddle.randn([2, 3, 8, 8], **more)


def leaf(*shape: int) -> paddle.Tensor:
    """Normal numbers whose gradient is wanted."""
    x = paddle.randn(shape)
    x.stop_gradient = False
    return x
