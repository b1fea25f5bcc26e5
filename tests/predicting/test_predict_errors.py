"""tools/predict.py: what is said of pictures, weights and tables that fail, and that nothing else is lost."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import paddle
import pytest

from paddle_camp.commands import predict
from paddle_camp.data.mnist import load_mnist
from paddle_camp.models import create_model
from paddle_camp.models.digits import TwoConvNet
from paddle_camp.predicting.saved_model import SavedModel
from tests.helpers import contract
from tests.helpers.predictions import change, make_run, table, write_digit


@pytest.fixture
def digit(tmp_path):
    return write_digit(tmp_path)


def test_a_picture_that_fails_loses_no_other(digit, tmp_path, capsys):
    run = make_run(tmp_path / "run")
    folder = digit.parent
    (folder / "a text.png").write_text("hello", encoding="utf-8")
    (folder / "notes.txt").write_text("no picture by its name", encoding="utf-8")
    cv2.imwrite(str(folder / "blank.png"), np.full((50, 50), 255, np.uint8))
    empty = tmp_path / "empty"
    empty.mkdir()
    found = table(tmp_path, run, tmp_path / "nowhere.png", folder, empty, digit, status=2)
    assert list(found) == ["digit.png"] and len(contract.rows_of(tmp_path / "table.csv")) == 2
    said = capsys.readouterr()
    assert [line.split(": ")[0] for line in said.out.splitlines()] == [str(digit)] * 2
    errors = [line for line in said.err.splitlines() if line.startswith("error: ")]
    wrong = [tmp_path / "nowhere.png", folder / "a text.png", folder / "blank.png", empty]
    assert len(errors) == len(wrong)
    assert all(str(path) in line for path, line in zip(wrong, errors, strict=True))
    assert "STAND-IN" not in said.err and "notes.txt" not in said.err


def test_a_damaged_jpeg_is_no_digit_and_loses_no_other(digit, tmp_path, capfd):
    """What libjpeg only warns of; and not a line of it, nor of another decoder's, reaches the terminal."""
    run = make_run(tmp_path / "run")
    whole = cv2.imencode(".jpg", cv2.imread(str(digit)))[1].tobytes()
    third = len(whole) // 3
    (digit.parent / "cut.jpg").write_bytes(whole[: 2 * third] + b"\xff\xd9")
    (digit.parent / "zeroed.jpg").write_bytes(whole[:third] + bytes(third) + whole[2 * third :])
    (digit.parent / "no end.jpg").write_bytes(whole[:-2])
    (digit.parent / "cut.png").write_bytes(digit.read_bytes()[:-20])
    found = table(tmp_path, run, digit.parent, status=2)
    assert list(found) == ["digit.png", "no end.jpg"]
    lines = capfd.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in lines[1:]] == [
        f"{digit.parent}/{n}" for n in ("cut.jpg", "cut.png", "zeroed.jpg")
    ]


def test_every_file_of_a_folder_is_read_or_named(digit, tmp_path, capsys):
    """By content, whatever the name; a folder in it is named, or read with --recursive; a HEIC says what to do."""
    run, folder = make_run(tmp_path / "run"), digit.parent
    jpeg = cv2.imencode(".jpg", cv2.imread(str(digit)))[1].tobytes()
    for name in ("a.jfif", "b", "c.JPE", "sub/d", "sub/deeper/e.png", ".hidden"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(jpeg)
    (folder / "f.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    (folder / "notes.txt").write_text("P2 is a 7", encoding="utf-8")
    (folder / "notes").write_text("no picture", encoding="utf-8")
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / "pipe.png")
    (folder / "sub" / "again").symlink_to(folder)
    here, below = ["a.jfif", "b", "c.JPE", "digit.png"], ["d", "e.png"]
    assert sorted(table(tmp_path, run, folder, status=2)) == here
    errors = capsys.readouterr().err
    assert f"{folder}/sub: a folder, whose pictures are not read; --recursive reads them too" in errors
    assert f"{folder}/f.HEIC: a HEIC picture" in errors and "pip install" in errors
    assert f"{folder}/pipe.png: neither a file nor a folder" in errors and "notes" not in errors
    assert sorted(table(tmp_path, run, folder, "--recursive", status=2)) == sorted(here + below)
    (folder / "f.HEIC").unlink()
    (folder / "pipe.png").unlink()
    assert sorted(table(tmp_path, run, folder, "--recursive")) == sorted(here + below)


def test_a_name_that_is_no_utf_8_loses_no_table(digit, tmp_path, capsys):
    """As in a zip file made on a Chinese Windows."""
    name = os.fsdecode("数字".encode("gbk") + b".png")
    try:
        digit.rename(digit.with_name(name))
    except OSError:
        pytest.skip("the file system takes UTF-8 names only")
    found = table(tmp_path, make_run(tmp_path / "run"), digit.parent)
    assert list(found) == [r"\xca\xfd\xd7\xd6.png"]
    assert r"\xca\xfd\xd7\xd6.png: " in capsys.readouterr().out


def test_weights_that_are_no_numbers_are_told(digit, tmp_path, capsys):
    run = make_run(tmp_path / "run")
    model = create_model("two_conv_net")
    model.fc.bias.set_value(np.full(10, np.nan, np.float32))
    paddle.save(model.state_dict(), str(run / "checkpoints" / "0.pdparams"))
    assert predict.main([str(run), str(digit)]) == 2
    assert "is not a number" in capsys.readouterr().err


@pytest.mark.parametrize(("room", "status"), [(2, 0), (0, 2)])
def test_a_batch_larger_than_the_memory_goes_through_in_parts(digit, tmp_path, capsys, monkeypatch, room, status):
    run = make_run(tmp_path / "run")
    pictures = [str(digit)] * 5
    assert predict.main([str(run), *pictures]) == 0
    expected, seen = capsys.readouterr().out, []
    forward, load = TwoConvNet.forward, SavedModel.load

    def small(self, images):
        if len(images) > room:
            raise MemoryError("ResourceExhaustedError: Out of memory error on GPU 0.")
        seen.append(len(images))
        return forward(self, images)

    def then_small(self, files):
        networks = load(self, files)  # which tries them on a picture
        monkeypatch.setattr(TwoConvNet, "forward", small)
        return networks

    monkeypatch.setattr(SavedModel, "load", then_small)
    assert predict.main([str(run), *pictures]) == status
    said = capsys.readouterr()
    if room:
        assert said.out == expected and sum(seen) == 5
    else:
        assert "error: the memory of cpu does not suffice for one of its inputs" in said.err


def test_a_run_that_is_not_done_says_so(digit, tmp_path, capsys):
    run = make_run(tmp_path / "run")
    change(run / "metrics.json", status="running")
    assert predict.main([str(run), str(digit)]) == 0
    said = capsys.readouterr()
    assert "the run is running, so its weights may not be the final ones" in said.err and said.out


def test_a_table_goes_through_a_link_and_into_a_pipe(digit, tmp_path):
    run = make_run(tmp_path / "run")
    link, target, pipe = tmp_path / "link.csv", tmp_path / "target.csv", tmp_path / "pipe"
    link.symlink_to(target)
    assert predict.main([str(run), str(digit), "--csv", str(link)]) == 0
    assert link.is_symlink() and target.read_text(encoding="utf-8-sig").startswith("sample,")
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_text, encoding="utf-8")
        assert predict.main([str(run), str(digit), "--csv", str(pipe)]) == 0
        assert read.result(timeout=20) == target.read_text(encoding="utf-8-sig")
    assert pipe.is_fifo()
    assert predict.main([str(run), str(digit), "--csv", ""]) == 2


def test_a_table_that_cannot_be_written_is_one_line(digit, tmp_path, capsys):
    run = make_run(tmp_path / "run")
    assert predict.main([str(run), str(digit), "--csv", str(digit / "table.csv")]) == 2
    said = capsys.readouterr()
    assert said.out and f"error: --csv {digit / 'table.csv'}: cannot be written" in said.err


def test_two_digits_on_a_picture_are_two_lines(tmp_path, capsys):
    """From left to right, in the terminal and in the table; and what is no digit is refused with the reason."""
    run = make_run(tmp_path / "run")
    digits = load_mnist("synthetic").test.images[5:7, 0]
    pictures = [255 - cv2.resize(digit, (200, 200)) for digit in digits]
    cv2.imwrite(str(tmp_path / "two.png"), np.hstack(pictures))
    for name, picture in zip("ab", pictures, strict=True):
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture)
    cv2.imwrite(
        str(tmp_path / "scene.png"),
        cv2.resize(np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8), (400, 300)),
    )
    names = [tmp_path / f"{name}.png" for name in ("two", "a", "b", "scene")]
    found = table(tmp_path, run, *names, status=2)
    assert list(found) == ["two.png, digit 1", "two.png, digit 2", "a.png", "b.png"]
    for both, alone in (("two.png, digit 1", "a.png"), ("two.png, digit 2", "b.png")):
        assert found[both][0] == found[alone][0] and np.abs(found[both][1] - found[alone][1]).max() < 0.02
    said = capsys.readouterr()
    assert f"{tmp_path}/two.png, digit 2: " in said.out and f"{tmp_path}/scene.png: no digit on it" in said.err
