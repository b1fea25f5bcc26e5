"""Where oneDNN computes and where Paddle does, what is said of it, and what is refused."""

from __future__ import annotations

import functools
import logging
import threading
from pathlib import Path

import numpy as np
import paddle
import pytest

from paddle_camp.models.layers import BatchNorm2D, Conv2D, MaxPool2D, ReLU6, add, add_relu, relu
from paddle_camp.speed.onednn import function, kernels, layout, library, primitive, primitives
from paddle_camp.speed.onednn.function import compute, paddle_operators, usable
from paddle_camp.speed.onednn.library import Library, OneDnnError
from tests.helpers.toys import leaf, picture


@pytest.fixture
def forgetful(monkeypatch):
    """Nothing has been said yet."""
    monkeypatch.setattr(function, "_said", set())
    return monkeypatch


def test_what_onednn_can_compute_with(monkeypatch):
    assert usable(picture())
    assert not usable(picture(dtype="float64")) and not usable(paddle.randn([2, 3])) and not usable(picture()[:0])
    with paddle_operators():
        assert not usable(picture())
        with paddle_operators():
            pass
        assert not usable(picture())
    assert usable(picture())
    monkeypatch.setenv("PADDLE_CAMP_TUNE", "threads,blas")
    assert not usable(picture())


def test_the_switch_is_of_one_thread():
    seen = []
    with paddle_operators():
        other = threading.Thread(target=lambda: seen.append(usable(picture())))
        other.start()
        other.join()
    assert seen == [True]


def test_threads_do_not_share_what_they_compute_with():
    """Each thread's primitives have their own memory objects; shared ones would mix up the pictures."""
    layer, pictures = Conv2D(3, 16, 3, padding=1), [paddle.full([2, 3, 32, 32], float(k)) for k in range(4)]
    with paddle.no_grad():
        expected = [layer(x).numpy() for x in pictures]
    wrong = []

    def work(k: int) -> None:
        with paddle.no_grad():
            wrong.extend(k for _ in range(30) if not np.array_equal(layer(pictures[k]).numpy(), expected[k]))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_prepared_primitives_are_kept_and_bounded(monkeypatch):
    layer = Conv2D(3, 4, 3)
    layer(picture())
    before = primitive._here.make.cache_info().misses
    layer(picture())
    assert primitive._here.make.cache_info().misses == before
    layer(paddle.randn([1, 3, 8, 8]))
    assert (
        primitive._here.make.cache_info().misses == before + 2  # the copy of the picture and the convolution
        and primitive._here.make.cache_info().maxsize == primitive.KEPT
    )


@pytest.mark.parametrize("content", [None, b"not a library"])
def test_a_missing_or_foreign_library_leaves_the_work_to_paddle(forgetful, tmp_path, caplog, content):
    path = tmp_path / "libs" / library.NAME
    if content:
        path.parent.mkdir()
        path.write_bytes(content)
    forgetful.setattr(library.paddle, "__file__", str(tmp_path / "__init__.py"))
    forgetful.setattr(library, "_found", functools.cache(library._found.__wrapped__))
    with caplog.at_level(logging.WARNING):
        assert not usable(picture()) and not usable(picture())
        assert Conv2D(3, 4, 3)(picture()).shape == [2, 4, 6, 6]
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "Paddle's own operators compute instead of oneDNN"
    ]
    assert str(path) in caplog.text


def test_a_version_that_is_not_known_is_refused(monkeypatch):
    path = Path(paddle.__file__).parent / "libs" / library.NAME
    monkeypatch.setattr(library, "VERSIONS", ((4, 0), (4, 9)))
    with pytest.raises(OneDnnError, match="version 3"):
        Library(path)


def test_a_primitive_that_is_refused_says_which_and_paddle_computes(forgetful, caplog):
    kernel = kernels.Pool("max", (2, 2), (2, 2), (0, 0))
    forgetful.setitem(primitives.POOLS, "max", 0x999)
    x = paddle.randn([2, 7, 6, 6])
    with caplog.at_level(logging.WARNING):
        first, _ = compute(kernel, x), compute(kernel, x)
        x.stop_gradient = False
        again, _ = compute(kernel, x), compute(kernel, x)
    again.sum().backward()
    assert float(x.grad.sum()) == again.size
    assert len(caplog.records) == 2  # for the forward pass alone, and with a backward pass
    assert "PoolPrimitives (2, 7, 6, 6) paddle.float32 max (2, 2)" in caplog.text and "pooling_forward" in caplog.text
    np.testing.assert_array_equal(first.numpy(), kernel.by_paddle(x).numpy())
    np.testing.assert_array_equal(again.numpy(), first.numpy())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("layer", [Conv2D(3, 4, 3), BatchNorm2D(3), MaxPool2D(2, 2), MaxPool2D(3, 1, 1), ReLU6(), relu])
def test_what_is_not_finite_passes_as_through_paddle(layer, bad):
    x = picture()
    x[1, 1, :4, :4] = bad
    ours = layer(x).numpy()
    with paddle_operators():
        theirs = layer(x).numpy()
    assert np.array_equal(np.isfinite(ours), np.isfinite(theirs))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_an_export_gets_paddles_layers_and_changes_nothing(tmp_path):
    layers = [Conv2D(3, 4, 3, relu=True), Conv2D(4, 4, 3, 2, "same"), BatchNorm2D(4, relu=True), MaxPool2D(2, 2)]
    model = paddle.nn.Sequential(*layers)
    model.eval()
    x = picture()
    expected = model(x).numpy()
    paddle.jit.save(model, str(tmp_path / "net"), input_spec=[paddle.static.InputSpec([None, 3, 8, 8])])
    np.testing.assert_allclose(paddle.jit.load(str(tmp_path / "net"))(x).numpy(), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(model(x).numpy(), expected)  # Paddle 2.6 has rewritten the layers' code meanwhile


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: BatchNorm2D(3)(paddle.randn([2, 50, 8, 8])),
        lambda: BatchNorm2D(8)(paddle.randn([2, 3, 8, 8])),
        lambda: Conv2D(3, 4, 3)(paddle.randn([2, 5, 8, 8])),
        lambda: add(paddle.randn([2, 3, 4, 4]), paddle.randn([2, 3, 5, 4])),
    ],
)
def test_shapes_that_do_not_belong_together_are_paddles_to_refuse(wrong):
    """oneDNN would read and write past the end of what is too small."""
    with pytest.raises((ValueError, RuntimeError)):
        wrong()


def test_a_sum_of_other_shapes_is_broadcast_as_paddle_does():
    x, y = paddle.randn([1, 4, 1, 1]), paddle.randn([2, 4, 4, 4])
    for one, other in ((x, y), (y, x)):
        np.testing.assert_array_equal(add_relu(one, other).numpy(), np.maximum(one.numpy() + other.numpy(), 0))


def test_parameters_of_another_dtype_are_not_read_as_float32():
    layer = Conv2D(3, 4, 3)
    layer.to(dtype="bfloat16")
    with pytest.raises((ValueError, RuntimeError)):
        layer(picture())


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_the_default_dtype_changes_nothing(dtype):
    layers, x = [Conv2D(3, 4, 3, relu=True), BatchNorm2D(4, relu=True), MaxPool2D(2, 2)], leaf(2, 3, 8, 8)
    found = []
    for default in ("float32", dtype):
        paddle.set_default_dtype(default)
        try:
            y = x
            for layer in layers:
                y = layer(y)
            y.sum().backward()
        finally:
            paddle.set_default_dtype("float32")
        found.append([y.numpy(), x.grad.numpy()])
        x.clear_gradient()
    for one, other in zip(*found, strict=True):
        assert one.dtype == other.dtype == np.float32
        np.testing.assert_array_equal(one, other)


def test_without_strides_paddle_computes(monkeypatch):
    monkeypatch.setattr(function, "strides_are_kept", layout.strides_are_kept.__wrapped__)
    assert usable(picture())
    monkeypatch.setattr(layout, "has_channels_last", lambda tensor: False)
    assert not usable(picture())
