"""The page of ``paddle-camp try``, served on this machine and asked as a browser asks it."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from paddle_camp.data.info import DataInfo
from paddle_camp.errors import CampError
from paddle_camp.predicting.saved_model import SavedModel
from paddle_camp.predicting.trying import Trial
from tests.helpers import tried_models as made
from tests.helpers.browser import CHROMIUM, browser

gradio = pytest.importorskip("gradio", reason="the page needs the extra [try]: gradio is not installed")
client = pytest.importorskip("gradio_client")
httpx = pytest.importorskip("httpx")

from paddle_camp.predicting import try_page  # noqa: E402  (it imports gradio)


@pytest.fixture(autouse=True)
def uploads(tmp_path, monkeypatch):
    """Where the page keeps what is dropped on it."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))


@contextlib.contextmanager
def served(weights: Path):
    """A client of the page of this model."""
    errors: list[Exception] = []
    page = try_page.build_page(Trial.load(weights), errors.append)
    address = try_page.open_page(page, "127.0.0.1", 0)
    try:
        yield client.Client(address, verbose=False, download_files=str(weights.parent / "downloads"))
    finally:
        page.close()
    assert errors == []


def ask(asked, *given, api_name="/try"):
    return asked.predict(*given, api_name=api_name)


def pictures_in(page: str) -> list[np.ndarray]:
    """The pictures of an answer, uint8 ``[H, W, 3]``, RGB."""
    found = re.findall(r"data:image/png;base64,([^\"]+)", page)
    return [
        cv2.imdecode(np.frombuffer(base64.b64decode(each), np.uint8), cv2.IMREAD_COLOR)[..., ::-1] for each in found
    ]


def fault_of(asked, *given) -> str:
    """The line that the page shows."""
    with pytest.raises(client.exceptions.AppError) as caught:
        ask(asked, *given)
    line = caught.value.message
    assert "uploads" not in line and "\n" not in line
    return line


def shares_of(label: dict) -> dict[str, float]:
    return {each["label"]: each["confidence"] for each in label["confidences"]}


def test_a_digit_dropped_and_a_digit_drawn(tmp_path):
    weights, picture = made.digits(tmp_path / "run"), made.draw_digit(tmp_path / "3.png", "3")
    expected = Trial.load(weights).picture(picture, "3.png")
    drawing = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)
    transparent = np.dstack([np.zeros((*drawing.shape, 3), np.uint8), 255 - drawing])
    assert cv2.imwrite(str(tmp_path / "drawing.png"), transparent)
    drawn = {"background": None, "layers": [], "composite": client.handle_file(str(tmp_path / "drawing.png"))}
    with served(weights) as asked:
        answers = [ask(asked, client.handle_file(str(picture))), ask(asked, drawn, api_name="/draw")]
    likeliest = sorted(expected.said[0].shares.items(), key=lambda item: -item[1])[: try_page.MOST_CLASSES]
    for label, words, pictures in answers:
        assert shares_of(label) == pytest.approx(dict(likeliest), abs=1e-5)
        assert (label["label"], words) == (expected.said[0].prediction, expected.said[0].words)
        assert f"Grad-CAM：亮处支持“{label['label']}”" in pictures
        assert np.array_equal(pictures_in(pictures), [expected.seen[0], expected.maps[0]])


def test_a_fundus_picture_is_read_as_predict_reads_it(tmp_path):
    """Turned by its EXIF, large: by the product's reader, not by gradio's."""
    weights, picture = made.fundus(tmp_path / "run"), made.draw_eye(tmp_path / "eye.jpg", 3000)
    plain = picture.read_bytes()
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    picture.write_bytes(plain[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + plain[2:])
    expected = Trial.load(weights).picture(picture, "eye.jpg")
    with served(weights) as asked:
        label, pictures = ask(asked, client.handle_file(str(picture)))
    assert shares_of(label) == pytest.approx(expected.said[0].shares, abs=1e-5)
    assert set(expected.said[0].shares) == {"not PM", "PM"}
    assert np.array_equal(pictures_in(pictures)[0], expected.seen[0])
    (tmp_path / "plain.jpg").write_bytes(plain)
    assert not np.array_equal(Trial.load(weights).picture(tmp_path / "plain.jpg", "x").seen[0], expected.seen[0])


def test_a_message_a_row_a_number_and_a_caption(tmp_path):
    with served(made.messages(tmp_path / "messages")) as asked:
        assert [ask(asked, text)["label"] for text in ("a prize", "at home")] == ["spam", "ham"]
    with served(made.flowers(tmp_path / "flowers")) as asked:
        assert shares_of(ask(asked, 7, 4)) == pytest.approx({"a": 0.268941, "b": 0.731059}, abs=1e-5)
    with served(made.lengths(tmp_path / "lengths")) as asked:
        assert ask(asked, 7, 4) == "3 cm"
    captioner, picture = made.captions(tmp_path / "captions"), made.draw_eye(tmp_path / "eye.png")
    with served(captioner) as asked:
        caption, pictures = ask(asked, client.handle_file(str(picture)))
    assert (
        caption == Trial.load(captioner).picture(picture, "eye.png").said[0].words and len(pictures_in(pictures)) == 1
    )


def test_bad_input_is_the_line_of_the_command_and_no_traceback(tmp_path, capfd):
    eye, digits = made.fundus(tmp_path / "fundus"), made.digits(tmp_path / "digits")
    whole = made.draw_eye(tmp_path / "eye.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.png").write_bytes(b"hello")
    cv2.imwrite(str(tmp_path / "blank.png"), np.full((50, 50), 255, np.uint8))
    for weights, cases in {
        eye: [("cut.jpg", "cut.jpg: "), ("text.png", "text.png: "), (None, "请先放入一张图片")],
        digits: [("blank.png", "blank.png: ")],
    }.items():
        with served(weights) as asked:
            for name, says in cases:
                given = name and client.handle_file(str(tmp_path / name))
                assert fault_of(asked, given).startswith(says)
    with served(made.messages(tmp_path / "messages")) as asked:
        assert fault_of(asked, " ") == "the message is empty; write one"
    with served(made.flowers(tmp_path / "flowers")) as asked:
        assert "length is 1e+30, far from all training rows" in fault_of(asked, 1e30, 1)
        assert "length is &#x27;&#x27;, not a number" in fault_of(asked, None, 1)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("more", [{"meta": {"_type": "gradio.FileData"}}, {"meta": {}}, {}])
def test_no_other_file_of_this_machine_can_be_named(tmp_path, more):
    """By a request of one's own: gradio checks the path in the first, and passes the others on."""
    weights, picture = made.fundus(tmp_path / "run"), made.draw_eye(tmp_path / "eye.png")
    uploads = tmp_path / "uploads"
    with served(weights) as asked:
        ask(asked, client.handle_file(str(picture)))  # there is one in the folder
        for path in (picture, uploads / ".." / "eye.png", uploads, uploads / "none.png"):
            named = {"path": str(path), "orig_name": "eye.png"} | more
            place = f"{asked.src.rstrip('/')}/gradio_api/call/try"
            event = httpx.post(place, json={"data": [named]}).json()["event_id"]
            said = httpx.get(f"{place}/{event}").text
            assert said.startswith("event: error") and "PM" not in said and str(tmp_path) not in said
            if "_type" not in more.get("meta", {}):  # the same, whether it exists or not
                line = json.loads(said.split("data: ")[1])["error"]
                assert line == "只能判断放到这个页面上的图片：请放入一张"


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_browser_shows_the_page_and_asks_no_other_machine(tmp_path):
    with served(made.fundus(tmp_path / "run")) as asked, browser() as tab:
        for width in (1280, 390):
            tab.open(asked.src, width)
            deadline = time.monotonic() + 60
            while "判断" not in tab.evaluate("document.body.innerText"):
                assert time.monotonic() < deadline, "the page stays empty"
                time.sleep(0.1)
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.console == []
        assert tab.requests and all(each.startswith((asked.src, "blob:")) for each in tab.requests)


def test_the_page_says_what_the_weights_are_and_escapes_it(tmp_path):
    weights = made.digits(tmp_path / "run", data=DataInfo("<b>MNIST</b>", "synthetic", "/data", {}))
    page = try_page.build_page(Trial.load(weights), print)
    notes, _ = [each["props"].get("value") for each in page.config["components"] if each["type"] == "html"]
    assert "替代数据" in notes and "&lt;b&gt;MNIST&lt;/b&gt;" in notes and "<b>" not in notes
    assert page.analytics_enabled is False


def test_a_port_that_is_taken_and_too_many_columns(tmp_path):
    weights = made.flowers(tmp_path / "run")
    with served(weights) as asked:
        port = int(asked.src.rstrip("/").rpartition(":")[2])
        with pytest.raises(CampError, match=f"--port {port}: .*choose another"):
            try_page.open_page(try_page.build_page(Trial.load(weights), print), "127.0.0.1", port)
    many = {"columns": [f"c{n}" for n in range(101)], "shift": [0.0] * 101, "scale": [1.0] * 101}
    network = made.camp.perceptron([101, 2])
    saved = SavedModel("perceptron", "table", {"sizes": [101, 2]}, classes=("a", "b"), table=many)
    with pytest.raises(CampError, match="takes 101 columns, a page 100 at most"):
        try_page.build_page(Trial.load(made.published(tmp_path / "many", saved, network)), print)
