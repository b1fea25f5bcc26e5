"""The record of the data that a run used, and the lines that mark a stand-in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DataInfo:
    """Which data a run used, for ``metrics.json``, banners and subtitles.

    Attributes:
        origin: "real" or "synthetic".
        path: absolute.
        counts: samples in each part, such as ``{"train": 400, "valid": 200}``.
        fingerprint: a hash of all samples: a run that is resumed must find the same.
    """

    name: str
    origin: str
    path: str
    counts: dict[str, int]
    fingerprint: str = ""

    @property
    def stand_in(self) -> str | None:
        """The English line that figures carry when the data are a stand-in, else None."""
        return None if self.origin == "real" else f"stand-in data, generated: not {self.name}"

    @property
    def stand_in_short_zh(self) -> str | None:
        """The same in Chinese, for figures."""
        return None if self.origin == "real" else f"程序生成的替代数据，不是 {self.name}"

    @property
    def stand_in_zh(self) -> str | None:
        """The Chinese line that an answer begins with when the data are a stand-in, else None."""
        if self.origin == "real":
            return None
        return f"注意：本次没有使用 {self.name} 数据集，下面的数字和图来自程序生成的替代数据，不是真实数据的结果。"


@dataclass(frozen=True)
class WeightsInfo:
    """Which weights a network began with, for ``metrics.json``, banners and subtitles.

    Attributes:
        model: the network's name in the zoo.
        origin: "imagenet" (published ones), "file" (one that the user named) or "random": drawn, in their place.
        path: of the file, absolute; empty where they are drawn.
        fingerprint: a hash of the file: a run that is resumed must find the same.
        how: what to call the place of the file, or what to do to have one.
    """

    model: str
    origin: str
    path: str = ""
    fingerprint: str = ""
    how: str = ""

    @property
    def stand_in(self) -> str | None:
        """The English line that figures carry when the weights are random, else None."""
        return f"random weights, not pretrained: {self.model}" if self.origin == "random" else None

    @property
    def stand_in_short_zh(self) -> str | None:
        """The same in Chinese, for figures."""
        return f"{self.model} 的权重是随机的，未经预训练" if self.origin == "random" else None

    @property
    def stand_in_zh(self) -> str | None:
        """The Chinese line that an answer begins with when the weights are random, else None."""
        if self.origin != "random":
            return None
        return (
            f"注意：本次没有使用 {self.model} 的 ImageNet 预训练权重，网络的权重是随机生成的，"
            "下面的数字和图不是迁移学习的结果。"
        )
