"""A course with one small assignment, for runs whose answer does not matter."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from paddle_camp.running.catalogue import Catalogue

PAGE = '''"""作业1-1 Toys"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

import paddle_camp as camp
from paddle_camp.data.info import DataInfo


@dataclass(frozen=True)
class Settings(camp.HyperParameters):
    rate: camp.Rate = 0.1  # of learning, per lesson
    count: camp.Count = 3
    layers: tuple[int, ...] = (1, 2)


QUICK = Settings(rate=0.2)


def load_toys(data, data_dir, count):
    origin = "real" if data == "real" else "synthetic"
    info = DataInfo("Toys", origin, "/toys", {"train": count}, fingerprint=f"{origin}-{count}")
    return SimpleNamespace(info=info, how="here")


def run(settings, context):
    context.load(load_toys, count=settings.count)
    shares = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
    return camp.Answer(
        title="作业1-1:玩具",
        results={"twice": np.float32(2) * settings.rate, "lost": float("nan"), "pairs": [(1, np.inf)]},
        values={"names": ("a", "b")},
        figures={"loss": ("损失", camp.plots.loss_curves({"a": [{"step": 1, "loss": 1.0}]}))},
        predictions=camp.Predictions(tuple("abcd"), np.array([[0], [1], [1], [0]]), shares, "validation"),
    )
'''
ANSWER = """
学习率 {{ settings.rate }}，种子 {{ seed }}，层 {{ settings.layers | join("-") }}，两倍 {{ twice | fixed(1) }}
{{ lost | percent }} {{ names | join("、") }}{% if pairs[0][1] is none %}，没有数{% endif %}
"""


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The catalogue; its one assignment is 1-1."""
    folder = tmp_path / "toy_course" / "hw1_1_toys"
    folder.mkdir(parents=True)
    (folder / "experiment.py").write_text(PAGE, encoding="utf-8")
    (folder / "answer.md.j2").write_text(ANSWER, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Catalogue("toy_course", folder.parent)
    for name in [name for name in sys.modules if name.partition(".")[0] == "toy_course"]:
        del sys.modules[name]
