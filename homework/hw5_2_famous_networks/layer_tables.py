"""The layer tables of networks that the zoo does not have, or has in another form than their paper.

Sides are those of 224 x 224 pictures unless said otherwise. Sources: the papers' tables; where a paper leaves
something open, its authors' code (named there).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from homework.hw5_2_famous_networks.blocks import (
    EFFICIENTNET,
    MIXNET_S,
    MOBILENET_V2,
    efficientnet,
    inverted,
    residual,
    shuffled,
)
from homework.hw5_2_famous_networks.layers import BIAS, Layer, chain, linear
from paddle_camp.models.googlenet import INCEPTIONS

# LeCun 1998, section II.B, for 32 x 32. The subsampling has a coefficient and a bias for each map. Of the second
# convolution six maps see 3 of the 6 below, nine see 4, one sees all (table I). The last layer is not trained.
LENET5 = [
    *[Layer(1, 6, 5, 28, beside=BIAS), Layer(6, 6, 1, 14, groups=6, beside=BIAS)],
    *[Layer(3, 6, 5, 10, beside=BIAS), Layer(4, 9, 5, 10, beside=BIAS), Layer(6, 1, 5, 10, beside=BIAS)],
    *[Layer(16, 16, 1, 5, groups=16, beside=BIAS), Layer(16, 120, 5, 1, beside=BIAS)],
    *linear(120, 84),
]
COURSES_LENET = [(6, 5, 24), (16, 5, 8), (120, 4, 1)]  # for 28 x 28; max pools, all maps connected

# Krizhevsky 2012, section 3.5: output channels, kernel, side; the second, fourth and fifth convolution see the maps
# of their own GPU only, which is a convolution of two groups.
ALEXNET = [(96, 11, 55), (256, 5, 27, 2), (384, 3, 13), (384, 3, 13, 2), (256, 3, 13, 2)]
ALEXNET_2014 = [(64, 11, 55), (192, 5, 27), (384, 3, 13), (256, 3, 13), (256, 3, 13)]  # arXiv:1404.5997, one column

# The paper (arXiv:1312.4400) is on CIFAR, SVHN and MNIST; this is its authors' network for ImageNet, published for
# Caffe (gist d802a5849de39225bcc6): each large convolution is followed by two of 1x1, and there is no other layer.
NIN = [
    *[(96, 11, 54), (96, 1, 54), (96, 1, 54)],
    *[(256, 5, 27), (256, 1, 27), (256, 1, 27)],
    *[(384, 3, 13), (384, 1, 13), (384, 1, 13)],
    *[(1024, 3, 6), (1024, 1, 6), (1000, 1, 6)],
]

# arXiv:1409.4842, table 1, whose blocks are those of the zoo. A block has the side of its stage: 3, 4 or 5.
PAPERS_POOLING = (112, 56, 28, 14, 7)  # sides: first convolution, the next two, stages 3, 4 and 5
UNPADDED_POOLING = (112, 55, 27, 13, 6)  # those of paddle.vision.models, and ours

# arXiv:1602.07360, table 1: squeezed channels, channels of each of the two expansions, stage.
FIRES = [(16, 64, 1), (16, 64, 1), (32, 128, 1), (32, 128, 2), (48, 192, 2), (48, 192, 2), (64, 256, 2), (64, 256, 3)]

# arXiv:1612.08242, table 6, without its last 1x1 to the classes.
DARKNET19 = [
    *[(32, 3, 224), (64, 3, 112)],
    *[(128, 3, 56), (64, 1, 56), (128, 3, 56)],
    *[(256, 3, 28), (128, 1, 28), (256, 3, 28)],
    *[(512, 3, 14), (256, 1, 14), (512, 3, 14), (256, 1, 14), (512, 3, 14)],
    *[(1024, 3, 7), (512, 1, 7), (1024, 3, 7), (512, 1, 7), (1024, 3, 7)],
]
# arXiv:1804.02767, table 1, for 256 x 256: channels, side, and how many blocks of 1x1 to half and 3x3 back.
DARKNET53 = [(64, 128, 1), (128, 64, 2), (256, 32, 8), (512, 16, 8), (1024, 8, 4)]


def alexnet(rows: list[tuple[int, ...]] = ALEXNET) -> Iterator[Layer]:
    yield from chain(3, rows, BIAS)
    yield from linear(256 * 6 * 6, 4096, 4096, 1000)


def inception(name: str, side: int, beside: int = BIAS) -> dict[str, list[Layer]]:
    """The branches of one block of GoogLeNet."""
    inputs, one, reduce3, three, reduce5, five, pool = INCEPTIONS[name]
    branches = {
        "1x1": [(one, 1, side)],
        "3x3": [(reduce3, 1, side), (three, 3, side)],
        "5x5": [(reduce5, 1, side), (five, 5, side)],
        "pool": [(pool, 1, side)],
    }
    return {branch: list(chain(inputs, rows, beside)) for branch, rows in branches.items()}


def googlenet(sides: tuple[int, ...] = PAPERS_POOLING, beside: int = BIAS) -> Iterator[Layer]:
    """Without the two auxiliary heads, which serve training only."""
    first, second, *stages = sides
    yield from chain(3, [(64, 7, first), (64, 1, second), (192, 3, second)], beside)
    for name in INCEPTIONS:
        for branch in inception(name, stages[int(name[0]) - 3], beside).values():
            yield from branch
    yield from linear(1024, 1000)


def squeezenet(sides: tuple[int, ...] = (111, 55, 27, 13)) -> Iterator[Layer]:
    """Version 1.0; the sides are those of the paper's table: of the first convolution and of the stages."""
    yield from chain(3, [(96, 7, sides[0])], BIAS)
    inputs = 96
    for squeezed, expanded, stage in FIRES:
        yield from chain(inputs, [(squeezed, 1, sides[stage]), (expanded, 1, sides[stage])], BIAS)
        yield from chain(squeezed, [(expanded, 3, sides[stage])], BIAS)
        inputs = 2 * expanded
    yield from chain(inputs, [(1000, 1, sides[-1])], BIAS)


def courses_lenet() -> Iterator[Layer]:
    yield from chain(1, COURSES_LENET, BIAS)
    yield from linear(120, 64, 10)


def darknet19() -> Iterator[Layer]:
    yield from chain(3, DARKNET19)
    yield from chain(1024, [(1000, 1, 7)], BIAS)


def darknet53() -> Iterator[Layer]:
    yield from chain(3, [(32, 3, 256)])
    inputs = 32
    for channels, side, blocks in DARKNET53:
        yield from chain(inputs, [(channels, 3, side), *[(channels // 2, 1, side), (channels, 3, side)] * blocks])
        inputs = channels
    yield from linear(1024, 1000)


resnet50 = partial(residual, (3, 4, 6, 3))
resnet152 = partial(residual, (3, 8, 36, 3))

TABLES: dict[str, Callable[[], Iterator[Layer]]] = {
    "lenet5": lambda: iter(LENET5),
    "alexnet": alexnet,
    "nin": lambda: chain(3, NIN, BIAS),
    "googlenet": googlenet,
    "resnet50": partial(resnet50, stride_in=1),
    "resnet152": partial(resnet152, stride_in=1),
    "squeezenet": squeezenet,
    "darknet19": darknet19,
    "shufflenet_v1": shuffled,
    "se_resnet50": partial(resnet50, stride_in=1, squeeze=16),
    "darknet53": darknet53,
    "res2net50": partial(resnet50, base_width=26, scales=4),
    "mixnet_s": partial(inverted, MIXNET_S, stem=16, head=1536),
    "efficientnet_b0": partial(efficientnet, EFFICIENTNET),
    "efficientnet_b7": partial(efficientnet, EFFICIENTNET, width=2.0, depth=3.1, side=600),
}

# The form in which the zoo or paddle.vision.models builds them, by their names there: what is counted on the live
# network must be what the table says.
BUILT: dict[str, Callable[[], Iterator[Layer]]] = {
    "lenet": courses_lenet,
    "alexnet": partial(alexnet, ALEXNET_2014),
    "googlenet": partial(googlenet, UNPADDED_POOLING, 0),
    "resnet50": resnet50,
    "resnet152": resnet152,
    "se_resnet50": partial(resnet50, squeeze=16),
    "squeezenet1_0": partial(squeezenet, (109, 54, 26, 12)),
    "resnext50_32x4d": partial(resnet50, groups=32, base_width=4),
    "mobilenet_v2": partial(inverted, MOBILENET_V2),
}
