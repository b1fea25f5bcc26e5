"""The table of published weights: what Paddle states, and what the documentation says."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import paddle
import pytest

from paddle_camp import list_models
from paddle_camp.models import kind_of
from paddle_camp.networks.matching import PARTS
from paddle_camp.predicting.picture_reader import READERS
from paddle_camp.preprocessing import PICTURES_LITE
from paddle_camp.pretrained.loading import names_of_paddle
from paddle_camp.pretrained.published import PUBLISHED, Packaged

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "pretrained.md").read_text(encoding="utf-8")
OF_PADDLE = {name: each for name, each in PUBLISHED.items() if not isinstance(each.source, Packaged)}


def stated_by_paddle() -> dict[str, str]:
    """URL -> MD5, from the installed ``paddle.vision.models``."""
    modules = ("alexnet", "densenet", "googlenet", "mobilenetv1", "mobilenetv2", "resnet", "vgg")
    tables = [importlib.import_module(f"paddle.vision.models.{name}").model_urls for name in modules]
    return {url: md5 for table in tables for url, md5 in table.values()}


@pytest.mark.parametrize("name", OF_PADDLE)
def test_address_and_md5_are_those_that_paddle_states(name):
    source = OF_PADDLE[name].source
    assert stated_by_paddle()[source.urls[0]] == source.md5
    assert (source.sha256, source.size) == ("", None) and source.urls[0].endswith(f"/{source.name}")


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_network_is_in_the_zoo_and_its_pictures_can_be_read(name):
    assert name in list_models()
    assert READERS[PUBLISHED[name].kind.name].kind is PUBLISHED[name].kind


def test_the_network_itself_says_how_it_is_shown_pictures():
    assert kind_of("efficientnet_lite0") is PUBLISHED["efficientnet_lite0"].kind is PICTURES_LITE


@pytest.mark.parametrize("name", OF_PADDLE)
def test_each_weight_of_paddles_network_has_its_place(name):
    names = names_of_paddle(name, OF_PADDLE[name].reference)
    assert len(set(names.values())) == len(names) > 10
    for theirs, ours in names.items():
        assert theirs.rpartition(".")[2] == ours.rpartition(".")[2] in PARTS


def test_asking_for_the_names_draws_nothing():
    drawn = []
    for _ in range(2):
        paddle.seed(1)
        drawn.append(paddle.rand([3]).tolist())
        names_of_paddle.cache_clear()
        names_of_paddle("mobilenet_v1", "mobilenet_v1")
        drawn[-1] += paddle.rand([3]).tolist()
        names_of_paddle("mobilenet_v1", "mobilenet_v1")
    paddle.seed(1)
    assert drawn[0] == drawn[1] == [*paddle.rand([3]).tolist(), *paddle.rand([3]).tolist()]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_documentation_has_it_in_a_row(name):
    (row,) = [line for line in PAGE.splitlines() if line.startswith("|") and f"`{name}`" in line]
    _, _, source, preparing, licence, _ = (cell.strip() for cell in row.split("|"))
    known = PUBLISHED[name]
    wanted = known.source.distribution if isinstance(known.source, Packaged) else known.source.urls[0]
    assert wanted in source and f"`{known.kind.name}`" in preparing and licence.startswith(known.licence.split(",")[0])


def test_the_documentation_has_no_other():
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == PUBLISHED.keys()
