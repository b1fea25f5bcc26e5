"""mnist-mlp: three linear layers as one, patterns of units, the verdicts, the answer turned around, a tiny run."""

from __future__ import annotations

import numpy as np
import paddle
import pytest

import paddle_camp as camp
from homework.mnist_mlp import experiment as hw
from homework.mnist_mlp import inside, verdicts
from paddle_camp.comparisons import ENOUGH
from tests.helpers import contract
from tests.helpers.markdown import rendered
from tests.helpers.predictions import check_kept_weights, small_run


def fill(model, *values):
    """Set weights and biases of the linear layers."""
    for layer, (weight, bias) in zip([e for e in model.layers if hasattr(e, "weight")], values, strict=True):
        layer.weight.set_value(np.array(weight, "float32"))
        layer.bias.set_value(np.array(bias, "float32"))
    return model


def test_layers_multiplied_out_by_hand():
    model = camp.create_model("mlp_linear", num_classes=1, image_size=1, hidden=(2,), signed=True)
    fill(model, ([[2, 3]], [1, -1]), ([[4], [5]], [6]))
    weight, bias = inside.multiply_out(model)
    assert weight.tolist() == [[23]] and bias.tolist() == [5]  # 2 4 + 3 5; 1 4 - 1 5 + 6
    assert model(paddle.to_tensor([[[[0.75]]]])).tolist() == [[16.5]]  # of 2 0.75 - 1


@pytest.mark.parametrize(("name", "same"), [("linear", True), ("relu", False)])
def test_three_layers_are_one_without_a_relu_only(name, same):
    paddle.seed(0)
    model, images = hw.build(name), np.random.default_rng(0).random((50, 1, 28, 28), np.float32)
    found = inside.compare_with_one_map(model, images, model(paddle.to_tensor(images)).numpy())
    assert (found["largest"] < 1e-5 * found["largest_output"]) == same
    assert (found["changed"] == 0) == same


def test_patterns_are_counted_and_linear_networks_have_one():
    model = camp.create_model("mlp_relu", num_classes=1, image_size=1, hidden=(2,))
    fill(model, ([[1, 1]], [-0.25, -0.75]), ([[1], [1]], [0]))
    images = np.array([0.0, 0.5, 0.6, 1.0], "float32").reshape(4, 1, 1, 1)
    assert inside.count_patterns(model, images) == {"patterns": 3, "on": 0.5}  # none, one, one, both
    assert inside.count_patterns(hw.build("linear"), np.zeros((3, 1, 28, 28), "float32"))["patterns"] == 1


def test_batch_norm_makes_what_reaches_a_relu_of_one_size():
    paddle.seed(0)
    images = np.random.default_rng(0).random((64, 1, 28, 28), np.float32)
    model = hw.build("batch_norm")
    before = [value.numpy().copy() for value in model.state_dict().values()]
    assert inside.spread_before_relu(model, images) == [pytest.approx(1, abs=0.01)] * 2
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(before, model.state_dict().values(), strict=True))
    assert inside.spread_before_relu(hw.build("linear"), images) == []


def trained(accuracy, loss=0.1, first=0.8, largest=1e-5, patterns=1, spread=(0.8, 0.5)):
    first += (accuracy - 0.9) / 100  # it scatters as the last one does
    rows = [{"epoch": e, "split": "test", "accuracy": a, "loss": loss} for e, a in ((1.0, first), (2.0, accuracy))]
    history = {"steps": [], "evaluations": [*rows, {"epoch": 2.0, "split": "train", "loss": 0.2}]}
    one_map = {"largest": largest, "largest_output": 20.0, "changed": 0 if largest < 0.01 else 4000}
    cell = {"accuracy": accuracy, "loss": loss, "history": history, "spread": [*spread], "on": 0.6}
    return cell | {"one_map": one_map, "patterns": patterns}


LABELS = np.arange(10_000) % 10
LINEAR, RELU, BN = (0.918, 0.920, 0.919), (0.970, 0.971, 0.973), (0.980, 0.982, 0.981)


def answer(seeds=3, relu=RELU, bn=BN, one=LINEAR[::-1], largest=1e-5, firsts=(0.88, 0.95), spread=(1.0, 1.0)):
    columns = {"linear": LINEAR, "relu": relu, "batch_norm": bn, "one_layer": one}
    more = {"relu": {"largest": 9.0, "patterns": 9990, "first": firsts[0]}, "linear": {"largest": largest}}
    more["batch_norm"] = {"first": firsts[1], "spread": spread}
    cells = {name: [trained(a, **more.get(name, {})) for a in row[:seeds]] for name, row in columns.items()}
    results = verdicts.judge(cells, LABELS)
    values = {"settings": hw.replace(hw.Settings(), num_seeds=seeds), "train": 60_000, "test": 10_000, "code": "…"}
    values |= {"enough": ENOUGH, "parameters": {"linear": 266_610, "relu": 266_610, "batch_norm": 1, "one_layer": 7850}}
    return rendered(hw.__file__, values | results)


def test_the_answer_says_which_network_is_better_and_why():
    text = answer()
    first = text.splitlines()[0]
    assert "只有线性层 91.90%，加 ReLU 97.13%（比线性网络更高），再加批标准化 98.10%（比只加 ReLU 的网络更高）" in first
    assert "最多相差 1.0e-05，判断的数字没有一张不同。**" in first
    assert "266,610 个参数能表示的函数，7,850 个" in text and "分不出高下（91.90% 与 91.90%），与此相符" in text
    assert "打开了 9,990 种不同的单元组合" in text and "准确率因此提高 5.23 个百分点" in text
    assert "没有批标准化时是 0.80 和 0.50，有了以后是 1.00 和 1.00，两层得到的信号大小更接近。" in text
    assert "学得也更快：第 1 轮之后测试准确率 95.08%，只有 ReLU 时 88.07%" in text
    assert "ReLU 网络不能这样乘：去掉 ReLU 之后，10,000 张中有 4,000 张的判断变了" in text


def test_the_answer_turns_around_with_the_results():
    text = answer(relu=(0.90, 0.902, 0.899), bn=(0.899, 0.903, 0.9), firsts=(0.95, 0.88), largest=0.5)
    first = text.splitlines()[0]
    assert "加 ReLU 90.03%（比线性网络更低）" in first and "（与只加 ReLU 的网络分不出高下）" in first
    assert "超出了舍入误差：请检查代码" in first and "是 float32 的舍入误差" not in text
    assert "准确率没有因此更高" in text and "反而低于只有 ReLU 的（95.00%）" in text
    assert "差别来自训练的路径" in answer(one=(0.93, 0.931, 0.933)) and "更接近" not in answer(spread=(0.9, 0.6))


def test_fewer_seeds_than_enough_are_shares_of_the_test_digits():
    text = answer(seeds=1, bn=(0.971,))
    assert "种子少于 3 个" in text and "（与只加 ReLU 的网络分不出高下）" in text and "各种子的测试准确率" not in text


TINY = ("train_pictures=200", "test_pictures=60", "num_epochs=2", "batch_size=20", "num_seeds=1")


def test_a_tiny_run_keeps_the_contract_and_its_weights_predict(tmp_path):
    run = small_run("mnist-mlp", tmp_path, TINY)
    results = contract.check(run, "mnist-mlp", data=True, classifier=True)
    assert results["linear_as_one"]["same"] and not results["relu_as_one"]["same"]
    saved, _ = check_kept_weights(run, camp.load_mnist("synthetic", counts=(200, 60)).test)  # pixels from 0 to 1
    assert saved.arguments["signed"] is True


@pytest.mark.slow
def test_quick(tmp_path):
    run, _ = contract.run("mnist-mlp", tmp_path, "--quick", "--data", "synthetic")
    contract.check(run, "mnist-mlp", data=True, classifier=True)


def test_wrong_settings_are_one_line(tmp_path):
    contract.refused("mnist-mlp", tmp_path, "learning_rate=0.0: must be positive", "learning_rate=0.0")
    contract.refused("mnist-mlp", tmp_path, "give a smaller learning_rate", *TINY, "learning_rate=1e12")
