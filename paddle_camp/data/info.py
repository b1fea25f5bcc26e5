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
    def stand_in_zh(self) -> str | None:
        """The Chinese line that an answer begins with when the data are a stand-in, else None."""
        if self.origin == "real":
            return None
        return f"注意：本次没有使用 {self.name} 数据集，下面的数字和图来自程序生成的替代数据，不是真实数据的结果。"
