"""The zoo's LeNet (for digits), AlexNet, GoogLeNet, ResNet-50 and VGG-16 once more, in PyTorch: the same layers."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

INCEPTIONS = (  # in, 1x1, reduce 3x3, 3x3, reduce 5x5, 5x5, pool projection (channels)
    (192, 64, 96, 128, 16, 32, 32),
    (256, 128, 128, 192, 32, 96, 64),
    (480, 192, 96, 208, 16, 48, 64),
    (512, 160, 112, 224, 24, 64, 64),
    (512, 128, 128, 256, 24, 64, 64),
    (512, 112, 144, 288, 32, 64, 64),
    (528, 256, 160, 320, 32, 128, 128),
    (832, 256, 160, 320, 32, 128, 128),
    (832, 384, 192, 384, 48, 128, 128),
)


def lenet(num_classes: int) -> nn.Module:
    """The course's LeNet for 1 x 28 x 28."""
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5), nn.Sigmoid(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.Sigmoid(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 120, 4), nn.Sigmoid(), nn.Flatten()),
        *(nn.Linear(120, 64), nn.Sigmoid(), nn.Linear(64, num_classes)),
    )


def alexnet(num_classes: int) -> nn.Module:
    """AlexNet in one column."""
    return nn.Sequential(
        *(nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten()),
        *(nn.Dropout(0.5), nn.Linear(256 * 6 * 6, 4096), nn.ReLU()),
        *(nn.Dropout(0.5), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, num_classes)),
    )


def vgg16(num_classes: int) -> nn.Module:
    """VGG-16 without batch norm."""
    layers, channels = [], 3
    for repeats, width in zip((2, 2, 3, 3, 3), (64, 128, 256, 512, 512), strict=True):
        for _ in range(repeats):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    layers += [nn.AdaptiveAvgPool2d(7), nn.Flatten()]
    layers += [nn.Linear(512 * 7 * 7, 4096), nn.ReLU(), nn.Dropout(0.5)]
    layers += [nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4096, num_classes)]
    return nn.Sequential(*layers)


def conv_bn(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> list[nn.Module]:
    """Convolution without bias, batch norm."""
    conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias=False)
    return [conv, nn.BatchNorm2d(out_channels)]


class Bottleneck(nn.Module):
    """1x1, 3x3 (with the stride), 1x1, and the shortcut."""

    def __init__(self, in_channels: int, width: int, stride: int):
        super().__init__()
        first, second = conv_bn(in_channels, width, 1), conv_bn(width, width, 3, stride)
        self.layers = nn.Sequential(*first, nn.ReLU(), *second, nn.ReLU(), *conv_bn(width, 4 * width, 1))
        same = stride == 1 and in_channels == 4 * width
        self.shortcut = nn.Identity() if same else nn.Sequential(*conv_bn(in_channels, 4 * width, 1, stride))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.layers(x) + self.shortcut(x))


def resnet50(num_classes: int) -> nn.Module:
    """ResNet-50, v1.5."""
    layers, channels = [*conv_bn(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)], 64
    for stage, depth in enumerate((3, 4, 6, 3)):
        for block in range(depth):
            layers.append(Bottleneck(channels, 64 * 2**stage, 2 if stage and not block else 1))
            channels = 256 * 2**stage
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))


def conv(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> nn.Sequential:
    """Convolution without bias, ReLU."""
    layer = nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias=False)
    return nn.Sequential(layer, nn.ReLU())


class Inception(nn.Module):
    """Four branches side by side."""

    def __init__(self, sizes: tuple[int, ...]):
        super().__init__()
        in_channels, one, reduce3, three, reduce5, five, pool = sizes
        self.one = conv(in_channels, one, 1)
        self.three = nn.Sequential(conv(in_channels, reduce3, 1), conv(reduce3, three, 3))
        self.five = nn.Sequential(conv(in_channels, reduce5, 1), conv(reduce5, five, 5))
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(in_channels, pool, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(torch.cat([self.one(x), self.three(x), self.five(x), self.pool(x)], 1))


class GoogLeNet(nn.Module):
    """Nine inception blocks, two auxiliary heads."""

    def __init__(self, num_classes: int):
        super().__init__()
        blocks = [Inception(sizes) for sizes in INCEPTIONS]
        stem = [conv(3, 64, 7, 2), nn.MaxPool2d(3, 2), conv(64, 64, 1), conv(64, 192, 3), nn.MaxPool2d(3, 2)]
        self.to_4a = nn.Sequential(*stem, *blocks[:2], nn.MaxPool2d(3, 2), blocks[2])
        self.to_4d = nn.Sequential(*blocks[3:6])
        self.to_5b = nn.Sequential(blocks[6], nn.MaxPool2d(3, 2), *blocks[7:])
        last = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.4), nn.Linear(1024, num_classes)]
        self.head = nn.Sequential(*last)
        self.auxiliary = nn.ModuleList(self._auxiliary(channels, num_classes) for channels in (512, 528))

    @staticmethod
    def _auxiliary(channels: int, num_classes: int) -> nn.Sequential:
        dense = [nn.Linear(128 * 3 * 3, 1024), nn.ReLU(), nn.Dropout(0.7), nn.Linear(1024, num_classes)]
        return nn.Sequential(nn.AvgPool2d(5, 3), conv(channels, 128, 1), nn.Flatten(), *dense)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        after_4a = self.to_4a(x)
        after_4d = self.to_4d(after_4a)
        first, second = self.auxiliary
        return self.head(self.to_5b(after_4d)), first(after_4a), second(after_4d)


NETS = {"lenet": lenet, "alexnet": alexnet, "googlenet": GoogLeNet, "resnet50": resnet50, "vgg16": vgg16}
