"""What every picture classifier's report shows of its mistakes: who is taken for whom, the worst ones, and Grad-CAM.

It is made of the answer's predictions and of the model that the run published; a page does nothing for it but hand
its pictures over (:meth:`Predictions.of <paddle_camp.answers.answer.Predictions.of>`).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from paddle_camp import metrics, plots
from paddle_camp.answers.answer import Answer, Predictions, as_json
from paddle_camp.comparisons import share_interval
from paddle_camp.errors import SettingError
from paddle_camp.networks.grad_cam import explain_together
from paddle_camp.noise import same_share
from paddle_camp.plots.language import wrapped
from paddle_camp.running.context import Context

WORST, SUREST, PAIRS = 5, 3, 5  # mistakes and right ones that are shown; pairs of classes that are named
KEY = "interpretation"


def add_interpretation(context: Context, answer: Answer) -> None:
    """Add figures and results to the answer of a picture classifier; other answers stay as they are."""
    predictions = answer.predictions
    if predictions is None or predictions.pictures is None:
        return
    found = judge(predictions)
    shown = pictures_to_show(predictions)
    maps, found["grad_cam"] = look(context, predictions.pictures.images[shown])
    if said := found["grad_cam"].pop("said", []):
        found["grad_cam"]["differ"] = int((predictions.probabilities[shown].argmax(axis=1) != np.array(said)).sum())
    matrix = metrics.confusion(predictions.probabilities, predictions.labels)
    title = plots.words(f"Confusion matrix, {predictions.split}", "混淆矩阵" + SPLITS.get(predictions.split, ""))
    figures = {
        "confusion": ("混淆矩阵：谁被判成了谁", plots.confusion_figure(matrix, predictions.classes, title=title))
    }
    caption = "最有把握却判错的图片（红框）和最有把握判对的图片" + (
        "，下面是 Grad-CAM 热图" if maps is not None else ""
    )
    figures["mistakes"] = (caption, draw(predictions, shown, maps, found["grad_cam"]))
    answer.figures |= figures
    answer.results |= as_json({KEY: found})


SPLITS = {"test": "（测试）", "validation": "（验证）"}


def judge(predictions: Predictions) -> dict[str, Any]:
    """The accuracy of each class, the pairs that are mixed up, and the most confident mistakes; JSON values."""
    shares, labels, names = predictions.probabilities, predictions.labels, predictions.classes
    right = metrics.correct(shares, labels)
    rows = []
    for name, row in zip(names, metrics.class_accuracies(shares, labels), strict=True):
        interval = share_interval(row["right"], row["count"]) if row["count"] else None
        rows.append({"name": name} | row | {"interval": interval})
    seen = [row for row in rows if row["count"]]
    p_value = same_share([row["right"] for row in seen], [row["count"] for row in seen])
    pairs = metrics.hardest_pairs(metrics.confusion(shares, labels), PAIRS)
    worst = []
    for i in metrics.top_losses(shares, labels, WORST):
        row = {"sample": predictions.names[i], "is": names[labels[i]], "said": names[shares[i].argmax()]}
        worst.append(row | {"probability": float(shares[i].max()), "of_the_true": float(shares[i, labels[i]])})
    found = {"split": predictions.split, "count": len(labels), "wrong": int((~right).sum()), "classes": rows}
    found["pairs"] = [{"names": [names[k] for k in row["labels"]], "mistakes": row["mistakes"]} for row in pairs]
    found |= {"classes_p": p_value, "classes_differ": None if p_value is None else p_value < 0.05}
    return found | {"worst": worst}


def pictures_to_show(predictions: Predictions) -> np.ndarray:
    """The most confident mistakes, and the surest right ones, of different classes where it can be: int64 ``[M]``."""
    shares, labels = predictions.probabilities, predictions.labels
    worst = metrics.top_losses(shares, labels, WORST)
    right = np.flatnonzero(metrics.correct(shares, labels))
    right = right[np.argsort(-shares[right].max(axis=1), kind="stable")]
    _, first = np.unique(labels[right], return_index=True)  # the surest of each class
    different = right[np.sort(first)]
    return np.concatenate([worst, np.concatenate([different, np.setdiff1d(right, different)])[:SUREST]])


def look(context: Context, images: np.ndarray) -> tuple[np.ndarray | None, dict[str, Any]]:
    """Grad-CAM of the published model on pictures, uint8 ``[N, C, H, W]``: maps ``[N, H, W]``, and what is known.

    Without a published model of such pictures, or without a convolution in it, the maps are None and ``why`` says so.
    """
    saved = context.published
    files = [] if saved is None else [path for path in saved.files(context.checkpoints) if path.exists()]
    if not files or saved.image_size is None or not len(images):
        return None, {"why": "no model"}
    side = saved.image_size
    if images.shape[2:] != (side, side):
        resized = [cv2.resize(each.transpose(1, 2, 0), (side, side), interpolation=cv2.INTER_AREA) for each in images]
        images = np.stack([each.reshape(side, side, -1).transpose(2, 0, 1) for each in resized])
    (inputs,) = saved.inputs(context.checkpoints).arrays(list(images))
    networks = saved.load(files)
    try:
        found, _ = explain_together(networks, inputs)
    except SettingError:
        return None, {"why": "no convolution", "model": saved.model}
    about = {"model": saved.model, "networks": len(files), "layer": found.layer, "places": list(found.maps.shape[1:])}
    return found.on_pictures(side, side), about | {"said": found.classes.tolist()}


def draw(predictions: Predictions, shown: np.ndarray, maps: np.ndarray | None, about: dict[str, Any]) -> Any:
    """The pictures with their captions; below each, what the published model looks at."""
    shares, labels, names = predictions.probabilities[shown], predictions.labels[shown], predictions.classes
    said, words = shares.argmax(axis=1), plots.words
    captions = []
    for share, label, k in zip(shares, labels, said, strict=True):
        lines = [words(f"said {names[k]} {share[k]:.2f}", f"判为 {names[k]} {share[k]:.2f}")]
        lines += [words(f"is {names[label]}", f"真实 {names[label]}")] if k != label else []
        captions.append("\n".join(wrapped(line, 15) for line in lines))
    wrong = int((~metrics.correct(predictions.probabilities, predictions.labels)).sum())
    count, right = int((said != labels).sum()), int((said == labels).sum())
    title = words(
        f"The {count} worst of {wrong} mistakes and {right} right ones",
        f"判错最甚的 {count} 张（共判错 {wrong} 张）和判对的 {right} 张",
    )
    title += "" if maps is None else words("; below: Grad-CAM", "；下：Grad-CAM")
    return plots.explanation_figure(predictions.pictures.images[shown], maps, captions, said != labels, title=title)
