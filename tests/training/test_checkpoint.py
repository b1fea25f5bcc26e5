"""Checkpoints: whole, exact, atomic, and safe to open."""

from __future__ import annotations

import os
import pickle
import random

import numpy as np
import paddle
import pytest

from paddle_camp import files
from paddle_camp.errors import CheckpointError
from paddle_camp.training import checkpoint
from tests.helpers.toys import ToyNet, build, same_bits, toy_batches, weights


def step(model, optimizer, number: int) -> None:
    images, labels = next(toy_batches(seed=number).epoch())
    loss = paddle.nn.functional.cross_entropy(model(paddle.to_tensor(images)), paddle.to_tensor(labels))
    loss.backward()
    optimizer.step()
    optimizer.clear_grad()


@pytest.mark.parametrize("name", ["Momentum", "Adam", "SGD", "RMSProp", "Adagrad"])
def test_training_goes_on_bit_for_bit(tmp_path, name):
    model, optimizer, _ = build(optimizer=name) if name not in ("RMSProp", "Adagrad") else build_plain(name)
    model.eval()  # no dropout: this is about the optimizer
    step(model, optimizer, 0)
    checkpoint.save(tmp_path, "last", model, optimizer, {"step": 1})
    step(model, optimizer, 1)
    again, its_optimizer, _ = build(optimizer=name, seed=9) if name not in ("RMSProp", "Adagrad") else build_plain(name)
    again.eval()
    assert checkpoint.load(tmp_path, "last", again, its_optimizer) == {"step": 1}
    step(again, its_optimizer, 1)
    assert same_bits(weights(model), weights(again))


def build_plain(name):
    paddle.seed(0)
    model = ToyNet()
    return model, getattr(paddle.optimizer, name)(0.01, parameters=model.parameters()), None


def save_twice(folder, fail_at=None, monkeypatch=None):
    """Save version 1, then version 2 with an interruption; returns the weights of both."""
    model, optimizer, _ = build()
    step(model, optimizer, 0)
    checkpoint.save(folder, "last", model, optimizer, {"step": 1})
    old = weights(model)
    step(model, optimizer, 1)
    return model, optimizer, old


class PowerCut(BaseException):
    pass


@pytest.mark.parametrize("survives", range(8))
def test_a_cut_at_any_rename_leaves_one_whole_checkpoint(tmp_path, monkeypatch, survives):
    model, optimizer, old = save_twice(tmp_path)
    renames = []
    real = os.replace

    def replace(source, target):
        if len(renames) == survives:
            raise PowerCut
        renames.append(target)
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        try:
            checkpoint.save(tmp_path, "last", model, optimizer, {"step": 2})
            finished = True
        except PowerCut:
            finished = False
    checkpoint.verify_weights(tmp_path / "last.pdparams")  # whole at any moment, also before the recovery
    fresh, its_optimizer, _ = build(seed=5)
    state = checkpoint.load(tmp_path, "last", fresh, its_optimizer)
    assert finished == (survives >= 6)  # 3 files under .new names, 3 into place
    assert state["step"] == (2 if survives >= 3 else 1)
    assert same_bits(weights(fresh), weights(model) if survives >= 3 else old)
    assert not list(tmp_path.glob("*.new"))


def test_a_full_disk_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    model, optimizer, old = save_twice(tmp_path)

    def full(*arguments, **more):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(paddle, "save", full)
        with pytest.raises(OSError, match="No space left"):
            checkpoint.save(tmp_path, "last", model, optimizer, {"step": 2})
    assert checkpoint.load(tmp_path, "last", *build(seed=5)[:2]) == {"step": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last.pdopt", "last.pdparams", "last.state.json"]


def test_a_copy_does_not_change_with_its_original(tmp_path):
    model, optimizer, old = save_twice(tmp_path)
    checkpoint.copy(tmp_path, "last", tmp_path / "fork", "last")
    checkpoint.save(tmp_path, "last", model, optimizer, {"step": 2})
    fresh, its_optimizer, _ = build(seed=5)
    assert checkpoint.load(tmp_path / "fork", "last", fresh, its_optimizer) == {"step": 1}
    assert same_bits(weights(fresh), old)


def test_damage_is_named(tmp_path):
    save_twice(tmp_path)
    path = tmp_path / "last.pdparams"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=r"last\.pdparams: missing or damaged; delete"):
        checkpoint.load(tmp_path, "last", *build()[:2])


def test_another_optimizer_is_refused(tmp_path):
    save_twice(tmp_path)
    with pytest.raises(CheckpointError, match="another optimizer or network"):
        checkpoint.load(tmp_path, "last", *build(optimizer="Adam")[:2])


def test_another_network_is_refused_and_nothing_is_loaded(tmp_path):
    paddle.save(ToyNet(3).state_dict(), str(tmp_path / "other.pdparams"))
    model = ToyNet(2)
    before = weights(model)
    with pytest.raises(CheckpointError, match=r"not of this ToyNet: fc.weight has shape \[144, 3\].*wants \[144, 2\]"):
        checkpoint.load_weights(model, tmp_path / "other.pdparams")
    assert same_bits(before, weights(model))


def test_weights_under_their_own_names_are_taken_by_name(tmp_path):
    """In whatever order: a batch norm's mean and variance have the same shape."""
    model, other = ToyNet(2), ToyNet(2)
    model.norm._mean.set_value(np.arange(4, dtype=np.float32))
    model.norm._variance.set_value(np.arange(4, 8, dtype=np.float32))
    backwards = dict(reversed(model.state_dict().items()))
    paddle.save(backwards, str(tmp_path / "backwards.pdparams"))
    checkpoint.load_weights(other, tmp_path / "backwards.pdparams")
    assert same_bits(weights(model), weights(other))


def test_weights_are_what_paddle_reads_and_writes(tmp_path):
    model, optimizer, _ = build()
    checkpoint.save(tmp_path, "last", model, optimizer, {})
    loaded = paddle.load(str(tmp_path / "last.pdparams"))
    assert all(np.array_equal(loaded[key].numpy(), value) for key, value in weights(model).items())


class Evil:
    def __reduce__(self):
        return (os.system, ("touch pwned",))


@pytest.mark.parametrize("content", [pickle.dumps({"fc.weight": Evil()}), b"", b"\x80\x04garbage", pickle.dumps([1])])
def test_no_code_runs_from_a_weights_file(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "gift.pdparams"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"gift\.pdparams"):
        checkpoint.load_weights(ToyNet(), path)
    assert not (tmp_path / "pwned").exists()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="nowhere.pdparams: no such file"):
        checkpoint.load_weights(ToyNet(), tmp_path / "nowhere.pdparams")


def test_a_failed_write_leaves_the_old_text(tmp_path):
    path = tmp_path / "metrics.json"
    files.write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant|Out of range"):
        files.write_json(path, {"a": float("nan")})
    assert path.read_text() == '{\n  "a": 1\n}\n'
    assert list(tmp_path.iterdir()) == [path]


def mutants(text: str, count: int, seed: int) -> list[str]:
    """The text with a digit, a letter, a name or a piece of it changed."""
    rng = random.Random(seed)
    made = []
    while len(made) < count:
        at = rng.randrange(len(text))
        new = rng.choice('0123456789abcdef"{}[],:.-+eE \n\0')
        changed = text[:at] + rng.choice([new, "", new + text[at]]) + text[at + 1 :]
        if changed != text:
            made.append(changed)
    return made


def test_no_mutant_of_the_state_changes_what_a_resumption_trusts(tmp_path):
    """122 of 400 did without a word before the checksum covered the history and the place in the run."""
    model, optimizer, _ = save_twice(tmp_path)
    history = {"steps": [{"step": 1, "loss": 0.693147, "learning_rate": 0.05}], "evaluations": []}
    state = {"step": 1, "best": {"step": 0, "loss": None}, "history": history}
    checkpoint.save(tmp_path, "last", model, optimizer, state)
    path = tmp_path / "last.state.json"
    refused = 0
    for mutant in mutants(path.read_text(encoding="utf-8"), 400, seed=0):
        path.write_text(mutant, encoding="utf-8")
        try:
            found = checkpoint.read_state(tmp_path, "last")
        except CheckpointError as error:
            refused += 1
            assert "last.state.json: damaged" in str(error) and "\n" not in str(error)
        else:
            assert found == state  # the change was to the layout, or from 0.05 to 0.050
    assert refused > 350


def test_a_state_nested_without_end_is_damage(tmp_path):
    save_twice(tmp_path)
    (tmp_path / "last.state.json").write_text('{"state": ' * 100_000, encoding="utf-8")
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.read_state(tmp_path, "last")
