"""The benchmark's steps: how they are timed, and where their time goes."""

from __future__ import annotations

import pytest

from tests.helpers.fake_bench import STEP, fake_bench
from tools.benchmarks import contest, groups_speed, op_times, timing


@pytest.mark.parametrize(
    ("seconds", "steps"),
    [(0.5, 20), (4.0, 3), (10.0, 3), (11.0, 1)],  # within 10 s; at least three; and one that takes longer by itself
)
def test_how_often_a_step_is_timed(monkeypatch, seconds, steps):
    now, calls = [0.0], []

    def step():
        calls.append(1)
        now[0] += seconds

    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    found = timing.timed_steps(step)
    assert found == {"seconds": seconds, "each": [seconds] * steps}
    assert len(calls) == steps + 1  # the first does not count


def test_a_training_step_is_measured_for_real(tmp_path):
    bench = fake_bench(tmp_path, contest.measure)
    spec = groups_speed.spec_of("mlp_relu", bench, "train")
    found = contest.measure(contest.worker("ours", "paddle_steps", spec, {"OMP_NUM_THREADS": "1"}))
    assert "error" not in found, found
    assert found.keys() == STEP | {"wall_seconds"}
    assert found["parameters"] == 266_610
    assert found["images_per_second"] == pytest.approx(4 / found["seconds"])
    assert found["peak_memory"] > 50 * 2**20


def test_a_profile_sorts_the_time_of_a_real_step_by_kind(tmp_path):
    bench = fake_bench(tmp_path, contest.measure)
    spec = groups_speed.spec_of("lenet", bench, "train") | {"profile": True}
    found = contest.measure(contest.worker("ours", "paddle_steps", spec, {"OMP_NUM_THREADS": "1"}))
    assert "error" not in found, found
    assert found.keys() == STEP | op_times.ALL | {"wall_seconds"}
    assert all(found[kind] > 0 for kind in ("convolution", "pool", "dense", "optimizer", "elementwise"))
    assert found["norm"] == 0  # LeNet has none


def test_times_by_kind_are_those_of_one_step():
    found = op_times.by_kind([("conv2d dygraph", 6.0), ("Local_Conv2dGradNodeFinal", 3.0), ("reshape dygraph", 1.5)], 3)
    assert found["convolution"] == 3.0 and found["other"] == 0.5
    assert sum(found.values()) == 3.5


@pytest.mark.parametrize(
    ("operator", "kind"),
    [
        ("conv2d dygraph", "convolution"),
        ("Local_Conv2dGradNodeFinal", "convolution"),
        ("aten::convolution_backward", "convolution"),
        ("aten::mkldnn_convolution", "convolution"),
        ("Local_MaxPool2dWithIndexGradNode", "pool"),
        ("aten::max_pool2d_with_indices_backward", "pool"),
        ("batch_norm dygraph", "norm"),
        ("aten::native_batch_norm_backward", "norm"),
        ("Local_MatmulGradNode", "dense"),
        ("aten::addmm", "dense"),
        ("aten::mm", "dense"),
        ("momentum_ dygraph", "optimizer"),
        ("aten::_foreach_add_", "optimizer"),
        ("relu dygraph", "elementwise"),
        ("aten::threshold_backward", "elementwise"),
        ("reshape dygraph", "other"),
    ],
)
def test_operators_of_both_frameworks_have_the_same_kinds(operator, kind):
    assert op_times.kind_of(operator) == kind
