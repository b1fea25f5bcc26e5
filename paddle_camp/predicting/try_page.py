"""The page of ``paddle-camp try``, by gradio; its words are Chinese, the errors are those of the command line."""

from __future__ import annotations

import functools
import html
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import numpy as np
from gradio.utils import get_upload_folder

from paddle_camp.errors import CampError
from paddle_camp.notebook import png_html
from paddle_camp.predicting.captions import CAPTIONER
from paddle_camp.predicting.messages import MessageInputs
from paddle_camp.predicting.tables import TableInputs
from paddle_camp.predicting.trying import Trial, Tried

Report = Callable[[Exception], object]  # is told of errors that are no user's mistake
MOST_COLUMNS = 100  # of a table: each has a field
MOST_CLASSES = 5  # whose probabilities are shown, the likeliest
MOST_CHARACTERS = 20_000  # of a message
MAX_FILE = "200mb"  # of a picture
SIDE, PEN = 280, 12  # of the sketch pad and, half as wide as its stroke, its pen, pixels
LABELS = {"digits": "数字", "fundus": "眼底照片", "traffic-signs": "交通标志", "roads": "道路照片"}
CSS = """
.gradio-container {max-width: 960px !important; width: 100% !important; margin: auto}
.notes {overflow-wrap: anywhere}
footer {display: none !important}
.notice {color: #b45309; font-weight: 600}
.pictures {display: grid; grid-template-columns: 1fr 1fr; gap: 12px}
.pictures figure {margin: 0; text-align: center}
.pictures img {width: 100%; image-rendering: pixelated}
"""


def build_page(trial: Trial, report: Report) -> gr.Blocks:
    """The page of a model, not yet served.

    Raises:
        CampError: its table has too many columns for a page.
    """
    with gr.Blocks(title=f"试一试 {trial.saved.model}", analytics_enabled=False) as page:
        gr.HTML(f"<h2>试一试：{html.escape(trial.saved.model)}</h2>{_notes(trial)}", padding=False)
        with gr.Row():
            with gr.Column():
                asked = _questions(trial)
            with gr.Column():
                shown, show = _answer(trial)
        for number, (button, fields, ask) in enumerate(asked):
            run = functools.partial(_guarded, lambda *given, ask=ask: show(ask(*given)), report)
            gr.on(
                [button.click, *(field.submit for field in fields if isinstance(field, gr.Textbox | gr.Number))],
                run,
                fields,
                shown,
                api_name="try" if number == 0 else "draw",
                # A picture stays the file that was dropped: its reader is ours, and says what is wrong with it.
                preprocess=not isinstance(fields[0], gr.Image),
                concurrency_id="network",
                concurrency_limit=1,  # Grad-CAM hangs hooks on the one network
                show_progress="minimal",
            )
    return page


def open_page(page: gr.Blocks, host: str, port: int) -> str:
    """Serve the page, without blocking, to whoever reaches ``host``; returns its address.

    Raises:
        CampError: this machine has no such address, or the port is taken.
    """
    port = _free_port(host, port)
    theme = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
    page.launch(
        server_name=host,
        server_port=port,
        share=False,
        prevent_thread_lock=True,
        quiet=True,
        inbrowser=False,
        ssr_mode=False,
        enable_monitoring=False,
        max_file_size=MAX_FILE,
        footer_links=[],
        theme=theme,
        css=CSS,
    )
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _free_port(host: str, port: int) -> int:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return probe.getsockname()[1]
    except OSError as error:
        raise CampError(f"--host {host} --port {port}: {error.strerror or error}; choose another") from None


def _notes(trial: Trial) -> str:
    """HTML: whose weights these are, and whether they are trained on real data. All of it may be a stranger's."""
    files = "、".join(html.escape(str(path)) for path in trial.files)
    notes = f"<p>权重：{files}</p>"
    if trial.saved.stand_in:
        notes += (
            f'<p class="notice">注意：这个模型是用替代数据训练的（{html.escape(trial.saved.stand_in)}），'
            "它对真实输入说的话没有多少意义。</p>"
        )
    return f'<div class="notes">{notes}</div>'


def _questions(trial: Trial) -> list[tuple[gr.Button, list[Any], Callable[..., Tried]]]:
    """What is asked: for each way a button, its fields, and what their values become."""
    if isinstance(trial.inputs, MessageInputs):
        text = gr.Textbox(label="短信", lines=5, max_length=MOST_CHARACTERS, placeholder="在这里写一条短信")
        return [(gr.Button("判断", variant="primary"), [text], trial.message)]
    if isinstance(trial.inputs, TableInputs):
        return [_row_of(trial, trial.inputs)]
    label = LABELS.get(str(trial.saved.reader), "图片")
    if trial.saved.reader != "digits":
        return [_picture(trial, label)]
    with gr.Tab("手写"):
        pad = gr.Sketchpad(
            label="手写一个数字",
            placeholder="点左边的画笔，\n再用鼠标或手指在这里写一个数字",
            type="filepath",
            format="png",
            canvas_size=(SIDE, SIDE),
            fixed_canvas=True,
            height=SIDE + 120,
            brush=gr.Brush(default_size=PEN, colors=["#000000"], color_mode="fixed"),
            layers=False,
            transforms=(),
        )
        drawn = (gr.Button("判断", variant="primary"), [pad], functools.partial(_of_drawing, trial))
    with gr.Tab("图片"):
        picture = _picture(trial, label)
    return [picture, drawn]


def _picture(trial: Trial, label: str) -> tuple[gr.Button, list[Any], Callable[..., Tried]]:
    image = gr.Image(label=label, type="filepath", image_mode=None, sources=["upload", "clipboard"], height=320)
    return gr.Button("判断", variant="primary"), [image], functools.partial(_of_picture, trial)


def _row_of(trial: Trial, inputs: TableInputs) -> tuple[gr.Button, list[Any], Callable[..., Tried]]:
    count = len(inputs.columns)
    if count > MOST_COLUMNS:
        raise CampError(f"{trial.saved.model} takes {count} columns, a page {MOST_COLUMNS} at most; use predict")
    gr.HTML("<p>每列填一个数；开始时是训练数据缩放的零点。</p>", padding=False)
    fields = []
    with gr.Row():
        for name, start in zip(inputs.columns, inputs.shift, strict=True):
            fields.append(gr.Number(label=name, value=float(f"{start:.4g}"), min_width=120))
    return gr.Button("计算", variant="primary"), fields, functools.partial(_of_row, trial)


def _of_picture(trial: Trial, given: dict[str, Any] | None) -> Tried:
    if not given or not given.get("path"):
        raise CampError("请先放入一张图片")
    path = Path(given["path"]).resolve()
    # gradio checks it only where the request has its "meta": a request without could name any file of this machine.
    if not path.is_relative_to(Path(get_upload_folder()).resolve()) or not path.is_file():
        raise CampError("只能判断放到这个页面上的图片：请放入一张")
    return trial.picture(path, given.get("orig_name") or path.name)


def _of_drawing(trial: Trial, given: dict[str, Any] | None) -> Tried:
    if not given or not given["composite"]:
        raise CampError("请先写一个数字")
    return trial.picture(Path(given["composite"]), "the drawing")


def _of_row(trial: Trial, *numbers: float | None) -> Tried:
    return trial.row(["" if number is None else repr(number) for number in numbers])


def _answer(trial: Trial) -> tuple[list[Any], Callable[[Tried], list[Any]]]:
    """The fields of the answer, and what fills them."""
    fields: list[Any] = []
    fill: list[Callable[[Tried], Any]] = []
    digits = trial.saved.reader == "digits"
    if trial.saved.classes and trial.saved.model != CAPTIONER:
        label = "概率（有几个数字时：左边第一个）" if digits else "概率"
        fields.append(gr.Label(label=label, num_top_classes=MOST_CLASSES))
        fill.append(lambda tried: tried.said[0].shares)
    if digits or not fields:
        label = "说明文字" if trial.saved.model == CAPTIONER else "图上的数字，从左到右" if digits else "数值"
        fields.append(gr.Textbox(label=label, interactive=False, lines=1, max_lines=12))
        fill.append(lambda tried: "\n".join(each.words for each in tried.said))
    if trial.saved.image_size is not None:
        fields.append(gr.HTML(label="图片", padding=False))
        fill.append(_pictures)
    return fields, lambda tried: [each(tried) for each in fill]


def _pictures(tried: Tried) -> str:
    """HTML: each picture that the network got, and beside it its map, or the road with the angle."""
    shown = []
    for place, (picture, said) in enumerate(zip(tried.seen, tried.said, strict=True)):
        shown.append((picture, "网络看到的图片"))
        if tried.maps:
            shown.append((tried.maps[place], f"Grad-CAM：亮处支持“{said.prediction}”"))
        if tried.driven:
            shown.append((tried.driven[place], "绿色指针是预测的转向角，向左为负"))
    figures = (
        f"<figure>{_img(each, text)}<figcaption>{html.escape(text)}</figcaption></figure>" for each, text in shown
    )
    return f'<div class="pictures">{"".join(figures)}</div>'


def _img(picture: np.ndarray, text: str) -> str:
    """An ``<img>`` of uint8 ``[H, W, 3]``, RGB."""
    return png_html(cv2.imencode(".png", picture[..., ::-1])[1].tobytes(), text)


def _guarded(work: Callable[..., list[Any]], report: Report, *given: Any) -> Any:
    """What ``work`` gives back; an error is a line on the page."""
    try:
        found = work(*given)
    except CampError as error:
        raise _line(str(error)) from None
    except Exception as error:
        report(error)
        raise _line(f"{error} ({type(error).__name__})") from None
    return found if len(found) > 1 else found[0]


def _line(message: str) -> gr.Error:
    return gr.Error(html.escape(message), title="出错了", print_exception=False)
