"""Trial: what a model says of one thing at a time is what ``predict`` says of it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from paddle_camp.commands import predict
from paddle_camp.errors import CheckpointError, DataError
from paddle_camp.predicting.trying import Trial
from tests.helpers import tried_models as made


def test_a_digit_is_what_predict_says_with_its_map(tmp_path, capsys):
    weights, picture = made.digits(tmp_path / "run"), made.draw_digit(tmp_path / "3.png", "3")
    tried = Trial.load(weights).picture(picture, "3.png")
    assert predict.main([str(weights), str(picture)]) == 0
    (said,) = tried.said
    assert capsys.readouterr().out == f"{picture}: {said.words}\n" and sum(said.shares.values()) == pytest.approx(1)
    assert [each.shape for each in (*tried.seen, *tried.maps)] == [(112, 112, 3)] * 2
    assert not np.array_equal(tried.seen[0], tried.maps[0])


def test_each_of_several_digits_is_said(tmp_path):
    tried = Trial.load(made.digits(tmp_path / "run")).picture(made.draw_digit(tmp_path / "x.png", "3", "7"), "x.png")
    assert len(tried.said) == len(tried.seen) == len(tried.maps) == 2


def test_colours_are_rgb_and_a_network_without_convolution_has_no_map(tmp_path):
    cv2.imwrite(str(tmp_path / "red.png"), np.full((80, 80, 3), (0, 0, 255), np.uint8))
    tried = Trial.load(made.fundus(tmp_path / "run")).picture(tmp_path / "red.png", "red.png")
    assert tried.seen[0].shape == (128, 128, 3) and (tried.seen[0] == [255, 0, 0]).all()
    dense = Trial.load(made.digits(tmp_path / "mlp", "mlp_relu"))
    assert dense.picture(made.draw_digit(tmp_path / "1.png", "1"), "1.png").maps == () and not dense.explains


def test_messages_rows_numbers_and_captions(tmp_path):
    messages = Trial.load(made.messages(tmp_path / "messages"))
    assert [messages.message(text).said[0].prediction for text in ("a prize", "at\nhome")] == ["spam", "ham"]
    # Scaled (1, 2): a softmax of 1 and 2 gives 0.731 to the second.
    (said,) = Trial.load(made.flowers(tmp_path / "flowers")).row(["7.0", "4.0"]).said
    assert said.words == "b 0.731; a 0.269"
    (said,) = Trial.load(made.lengths(tmp_path / "lengths")).row(["7.0", "4.0"]).said
    assert said.words == "3 cm" and said.shares == {}
    captioner = Trial.load(made.captions(tmp_path / "captions"))
    tried = captioner.picture(made.draw_eye(tmp_path / "eye.png"), "eye.png")
    assert set(tried.said[0].words.split()) <= {"a", "dog", "runs", "cat", "<unk>"} and tried.maps == ()


def test_bad_input_is_one_line_with_the_name_that_the_user_knows(tmp_path):
    digits = Trial.load(made.digits(tmp_path / "run"))
    (tmp_path / "0a1b.png").write_bytes(b"hello")
    with pytest.raises(DataError, match=r"^my digit\.png: ") as caught:
        digits.picture(tmp_path / "0a1b.png", "my digit.png")
    assert str(tmp_path) not in str(caught.value)
    with pytest.raises(DataError, match="the message is empty; write one"):
        Trial.load(made.messages(tmp_path / "messages")).message(" \n")
    flowers = Trial.load(made.flowers(tmp_path / "flowers"))
    for cells, says in ((["", "1.0"], "length is '', not a number"), (["1e30", "1.0"], "far from all training rows")):
        with pytest.raises(DataError, match=f"^the row: .*{says}"):
            flowers.row(cells)


def test_what_publishes_no_network_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="is no run folder"):
        Trial.load(tmp_path)
    (tmp_path / "metrics.json").write_text('{"homework": "gan", "status": "done"}', encoding="utf-8")
    with pytest.raises(CheckpointError, match="publishes no network to predict with"):
        Trial.load(tmp_path)
