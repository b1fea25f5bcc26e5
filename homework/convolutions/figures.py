"""The figures of `convolutions`: filtered and pooled pictures, receptive fields, the transposed convolution, times."""

from __future__ import annotations

import numpy as np

from paddle_camp import plots

KERNEL_NAMES = {
    "sobel x": ("Sobel, along x", "Sobel，沿 x"),
    "sobel y": ("Sobel, along y", "Sobel，沿 y"),
    "edges": ("both: strength of edges", "两者合成：边缘强度"),
    "laplace": ("Laplace", "拉普拉斯"),
    "blur": ("blur", "模糊"),
    "sharpen": ("sharpen", "锐化"),
    "emboss": ("emboss", "浮雕"),
}
POOL_NAMES = {
    "max": ("max", "最大池化"),
    "average": ("average", "平均池化"),
    "l2": ("L2 / side", "L2 池化 ÷ 边长"),
    "subsample": ("one pixel of each window", "每个窗口只取一个像素"),
}
BACK_NAMES = {
    "picture": ("picture x", "图片 x"),
    "convolved": ("Cx, stride 2", "Cx，步幅 2"),
    "transposed": ("C'Cx", "CᵀCx"),
    "kernel 3": ("overlap, kernel 3", "重叠次数，核 3"),
    "kernel 4": ("overlap, kernel 4", "重叠次数，核 4"),
}
WAYS = {
    "one pass": ("one pass", "一次通过"),
    "one batch": ("patches, one batch", "逐块，合成一批"),
    "one by one": ("patches, one by one", "逐块，一块一块算"),
}


def as_bytes(image: np.ndarray, low: float | None = None, high: float | None = None) -> np.ndarray:
    """Numbers as grey values, from ``low`` (black) to ``high`` (white); by default their own range."""
    low, high = image.min() if low is None else low, image.max() if high is None else high
    return np.uint8(np.clip(255 * (image - low) / max(high - low, 1e-12), 0, 255))


def grid_of(pictures: dict[str, np.ndarray], columns: int, title: str):
    """Grey uint8 pictures of any size, enlarged to the largest one's, with their names."""
    side = max(len(each) for each in pictures.values())
    places = {name: np.arange(side) * len(each) // side for name, each in pictures.items()}
    same = np.stack([each[np.ix_(places[name], places[name])] for name, each in pictures.items()])[:, np.newaxis]
    return plots.picture_grid(same, list(pictures), [False] * len(same), columns=columns, title=title)


def draw(picture: np.ndarray, filtered: dict, pooled: dict, slopes: dict, undone: dict, times: dict) -> dict:
    """The figures to post: name -> (caption, figure)."""
    words = plots.words
    shown = {words("picture", "原图"): as_bytes(picture, 0, 255)}
    for name, image in filtered.items():
        own = (0, 255) if name in ("blur", "sharpen") else (None, None)
        shown[words(*KERNEL_NAMES[name])] = as_bytes(image, *own)
    by_side = pooled | {"l2": pooled["l2"] / (len(picture) // len(pooled["l2"]))}
    small = {words(*POOL_NAMES[name]): as_bytes(image, 0, 255) for name, image in by_side.items()}
    fields, largest = {}, max(len(slope) for slope in slopes.values())
    for count, slope in slopes.items():
        margin = (largest - len(slope)) // 2
        label = words(
            f"{count} layers: {len(slope) - 4} x {len(slope) - 4}", f"{count} 层：{len(slope) - 4}×{len(slope) - 4}"
        )
        fields[label] = np.pad(as_bytes(np.sqrt(slope), 0), margin)
    back = {words(*BACK_NAMES[name]): as_bytes(image, 0) for name, image in undone.items()}
    names = [words(*WAYS[name]) for name in times]
    milliseconds = {words("milliseconds", "毫秒"): [1000 * seconds for seconds in times.values()]}
    field_title = words("Inputs that one output sees (root of the gradient)", "一个输出看到的输入（梯度的平方根）")
    return {
        "kernels": ("六种卷积核作用在图片上", grid_of(shown, 4, words("Kernels on a picture", "卷积核作用在图片上"))),
        "pools": (
            "四种缩小图片的方法",
            grid_of(small, 4, words("Four ways to make a picture small", "四种缩小图片的方法")),
        ),
        "fields": ("堆叠 3×3 卷积的感受野", grid_of(fields, 3, field_title)),
        "transposed": (
            "转置卷积：不是逆运算，重叠不匀时有棋盘纹",
            grid_of(back, 5, words("Transposed convolution", "转置卷积")),
        ),
        "speed": (
            "全连接层写成卷积：一次通过与逐块计算的时间",
            plots.bar_panels(
                names,
                milliseconds,
                linear=dict.fromkeys(milliseconds),
                title=words("A map of answers", "得到一张答案的图"),
            ),
        ),
    }
