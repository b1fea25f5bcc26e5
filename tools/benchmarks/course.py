"""The course's readers and its LeNet for digits as it publishes them, in today's dygraph API where it had fluid's.

Kept as the course writes them, one sample at a time: this is what the benchmark compares with, not code to copy.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

Reader = Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]]


def transform_img(img: np.ndarray) -> np.ndarray:
    """BGR uint8 of any size to float32 ``[3, 224, 224]`` in -1..1."""
    import cv2

    img = cv2.resize(img, (224, 224))
    img = np.transpose(img, (2, 0, 1))
    img = img.astype("float32")
    img = img / 255.0
    img = img * 2.0 - 1.0
    return img


def data_loader(datadir: str | Path, batch_size: int = 10, mode: str = "train") -> Reader:
    """The reader of the fundus chapter: every picture is decoded again in every epoch."""
    import cv2

    filenames = os.listdir(datadir)

    def reader():
        if mode == "train":
            random.shuffle(filenames)
        batch_imgs, batch_labels = [], []
        for name in filenames:
            img = cv2.imread(os.path.join(datadir, name))
            img = transform_img(img)
            if name[0] in ("H", "N"):
                label = 0
            elif name[0] == "P":
                label = 1
            else:
                raise ValueError("Not excepted file name")
            batch_imgs.append(img)
            batch_labels.append(label)
            if len(batch_imgs) == batch_size:
                yield np.array(batch_imgs).astype("float32"), np.array(batch_labels).astype("float32").reshape(-1, 1)
                batch_imgs, batch_labels = [], []
        if len(batch_imgs) > 0:
            yield np.array(batch_imgs).astype("float32"), np.array(batch_labels).astype("float32").reshape(-1, 1)

    return reader


def load_data(datafile: str | Path, mode: str = "train", batch_size: int = 100) -> Reader:
    """The reader of the digits chapter: ``mnist.json.gz`` as Python lists, reshaped digit by digit."""
    with gzip.open(datafile) as stream:
        train_set, val_set, eval_set = json.load(stream)
    imgs, labels = {"train": train_set, "valid": val_set, "eval": eval_set}[mode]
    index_list = list(range(len(imgs)))

    def data_generator():
        if mode == "train":
            random.shuffle(index_list)
        imgs_list, labels_list = [], []
        for i in index_list:
            img = np.reshape(imgs[i], [1, 28, 28]).astype("float32")
            label = np.reshape(labels[i], [1]).astype("int64")
            imgs_list.append(img)
            labels_list.append(label)
            if len(imgs_list) == batch_size:
                yield np.array(imgs_list), np.array(labels_list)
                imgs_list, labels_list = [], []
        if len(imgs_list) > 0:
            yield np.array(imgs_list), np.array(labels_list)

    return data_generator


def lenet(num_classes: int = 10):
    """The course's LeNet, out of Paddle's own layers."""
    from paddle import nn

    return nn.Sequential(
        *(nn.Conv2D(1, 6, 5), nn.Sigmoid(), nn.MaxPool2D(2, 2)),
        *(nn.Conv2D(6, 16, 5), nn.Sigmoid(), nn.MaxPool2D(2, 2)),
        *(nn.Conv2D(16, 120, 4), nn.Sigmoid(), nn.Flatten()),
        *(nn.Linear(120, 64), nn.Sigmoid(), nn.Linear(64, num_classes)),
    )


def train_lenet(datafile: str | Path, batch_size: int) -> tuple[object, float]:
    """One epoch of the course's script.

    Returns:
        (The trained model, the seconds that went into reading.)
    """
    import paddle
    import paddle.nn.functional as F

    began = time.perf_counter()
    train_loader = load_data(datafile, "train", batch_size)
    reading = time.perf_counter() - began
    model = lenet()
    model.train()
    opt = paddle.optimizer.Momentum(learning_rate=0.001, momentum=0.9, parameters=model.parameters())
    began = time.perf_counter()
    for batch_id, (x_data, y_data) in enumerate(train_loader()):
        reading += time.perf_counter() - began
        img = paddle.to_tensor(x_data)
        label = paddle.to_tensor(y_data)
        logits = model(img)
        loss = F.cross_entropy(logits, label)
        avg_loss = paddle.mean(loss)
        if batch_id % 1000 == 0:
            avg_loss.numpy()  # the course prints it here
        avg_loss.backward()
        opt.step()
        opt.clear_grad()
        began = time.perf_counter()
    return model, reading
