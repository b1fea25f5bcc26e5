"""When cuDNN may search for its fastest algorithms; no GPU is needed to see that."""

from __future__ import annotations

import pytest

from paddle_camp.speed import cudnn


@pytest.mark.parametrize(
    ("device", "tune", "expected"),
    [("gpu:0", None, True), ("cpu", None, False), ("gpu:0", "threads", False), ("gpu:0", "autotune", True)],
)
def test_cudnn_searches_its_algorithms_on_a_gpu(monkeypatch, device, tune, expected):
    flags = {}
    monkeypatch.setattr("paddle.get_device", lambda: device)
    monkeypatch.setattr("paddle.set_flags", flags.update)
    monkeypatch.setattr("paddle.get_flags", lambda names: dict.fromkeys(names, False))
    monkeypatch.delenv("PADDLE_CAMP_TUNE", raising=False)
    if tune:
        monkeypatch.setenv("PADDLE_CAMP_TUNE", tune)
    assert cudnn.search_algorithms() is expected
    assert flags == ({"FLAGS_cudnn_exhaustive_search": True} if expected else {})
    cudnn.stop_searching()
    assert flags == {"FLAGS_cudnn_exhaustive_search": False}


@pytest.mark.parametrize("flag", ["FLAGS_cudnn_exhaustive_search", "FLAGS_cudnn_deterministic"])
@pytest.mark.parametrize("way", ["environment", "set_flags"])
def test_a_choice_of_the_user_stands(monkeypatch, flag, way):
    monkeypatch.setattr("paddle.get_device", lambda: "gpu:0")
    monkeypatch.setattr("paddle.set_flags", lambda flags: pytest.fail(f"{flags} set against the user's choice"))
    monkeypatch.setattr("paddle.get_flags", lambda names: {name: name == flag for name in names})
    if way == "environment":
        monkeypatch.setattr("paddle.get_flags", lambda names: dict.fromkeys(names, False))
        monkeypatch.setenv(flag, "0")
    assert cudnn.search_algorithms() is False
