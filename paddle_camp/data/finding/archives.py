"""Zips: unpacked once, safely, and never half."""

from __future__ import annotations

import errno
import hashlib
import logging
import lzma
import os
import shutil
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from paddle_camp.errors import DataError, one_line
from paddle_camp.files import temporary_name

log = logging.getLogger(__name__)

MAX_GROWTH = 100  # times: pictures hardly shrink in a zip, tables to a tenth; what grows more is made to fill a disk
ENCRYPTED = 1  # a bit of a member's flags
READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
WAYS = {9: "Deflate64", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
# A place before the file's beginning, a name that is a file and a folder, one that is too long: not the disk's fault.
_FAULTS_OF_A_ZIP = (errno.EINVAL, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG)
_STAMP = ".unpacked-from"
_DAMAGE: tuple[type[Exception], ...] = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError)
_DAMAGE += (NotImplementedError, RuntimeError, ValueError, IndexError)  # the last for a member without a name


def unpack_near(zip_path: Path, cache_dir: Path, expect: str = "") -> Path:
    """Unpack ``x.zip`` to ``x.unpacked`` beside it, or below ``cache_dir`` where that place cannot be written.

    Raises:
        DataError: as :func:`unpack`, or neither place can be written.
    """
    beside = zip_path.with_name(f"{zip_path.stem}.unpacked")
    try:
        return unpack(zip_path, beside, expect)
    except OSError as error:
        log.info("%s cannot be unpacked beside it (%s), %s is used", zip_path, error.strerror, cache_dir)
    place = hashlib.sha256(os.fsencode(zip_path.resolve())).hexdigest()[:16]
    try:
        return unpack(zip_path, cache_dir / "unpacked" / f"{zip_path.stem}-{place}", expect)
    except OSError as error:
        hint = "set $PADDLE_CAMP_CACHE to a directory with room that you may write to"
        raise DataError(
            f"{zip_path}: cannot be unpacked beside it nor in {cache_dir} ({one_line(error)}); {hint}"
        ) from error


def unpack(zip_path: Path, target: Path, expect: str = "") -> Path:
    """Unpack a zip once; the next call finds the folder and returns at once.

    The zip is unpacked under a temporary name beside ``target`` and then renamed, so ``target`` is whole or not
    there at all. A zip that has changed since (size or time) is unpacked again.

    Args:
        zip_path: the archive.
        target: the folder to make; its parent is made too.
        expect: a piece of a name that the right archive holds, in any case.

    Returns:
        ``target``.

    Raises:
        DataError: not a zip, a damaged one, the wrong one, one with names that lead outside of it, or one that would
            grow a hundredfold.
        OSError: ``target`` cannot be written, or there is no room for it.
    """
    stat = os.stat(zip_path)
    stamp = f"{zip_path.name} {stat.st_size} {stat.st_mtime_ns}\n"
    if _stamp_of(target) == stamp:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = temporary_name(target, "partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        _extract(zip_path, partial, expect)
        (partial / _STAMP).write_text(stamp, encoding="utf-8")
        _move_into_place(partial, target, stamp)
    except _DAMAGE as error:
        raise DataError(f"{zip_path}: not a whole zip file ({one_line(error)}); download it again") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def _extract(zip_path: Path, folder: Path, expect: str) -> None:
    with zipfile.ZipFile(zip_path) as archive:
        members = [m for m in archive.infolist() if not _is_litter(m.filename)]
        for member in members:
            _check_readable(zip_path, member)
            member.filename = member.filename.replace("\\", "/")  # as some programs of Windows write folders
            if _leads_outside(member.filename):
                raise DataError(
                    f"{zip_path}: the name {member.filename!r} leads outside of the zip: nothing was unpacked; "
                    "download it again from where you trust it"
                )
        if not any(expect.lower() in member.filename.lower() for member in members):
            raise DataError(f"{zip_path}: the wrong zip: nothing in it is named {expect}; download the right one")
        needed, free = sum(m.file_size for m in members), shutil.disk_usage(folder.parent).free
        if needed > MAX_GROWTH * (os.path.getsize(zip_path) + 10_000):
            raise DataError(
                f"{zip_path}: its {os.path.getsize(zip_path):,} bytes would become {needed:,}, more than pictures and "
                "tables do: nothing was unpacked; download it again from where you trust it"
            )
        if needed > free:
            raise OSError(errno.ENOSPC, f"it needs {needed >> 20} MB, {free >> 20} MB are free", str(folder.parent))
        log.info("unpacking %s (%d MB)", zip_path, needed >> 20)
        folder.mkdir()
        try:
            archive.extractall(folder, members)
        except OSError as error:
            if error.errno in _FAULTS_OF_A_ZIP:
                raise zipfile.BadZipFile(str(error)) from None
            raise


def _check_readable(zip_path: Path, member: zipfile.ZipInfo) -> None:
    """Say what Python's zipfile cannot read, by its name.

    Raises:
        DataError: the member is encrypted, or compressed in another way.
    """
    what = "encrypted" if member.flag_bits & ENCRYPTED else None
    if member.compress_type not in READABLE:
        kind = WAYS.get(member.compress_type, f"method {member.compress_type}")
        what = f"compressed by {kind}, which Python does not read"
    if what:
        raise DataError(
            f"{zip_path}: {member.filename!a} is {what}; unpack it with what made it, or repack it as plain zip"
        )


def _is_litter(name: str) -> bool:
    """What macOS adds to a zip: a shadow ``__MACOSX/._P0001.jpg`` for every picture."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith("._")


def _leads_outside(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in name.split("/")[0]


def _stamp_of(target: Path) -> str | None:
    stamp = target / _STAMP
    return stamp.read_text(encoding="utf-8") if stamp.is_file() else None


def _move_into_place(partial: Path, target: Path, stamp: str) -> None:
    if _stamp_of(target) == stamp:  # another process was faster
        return
    if target.exists():
        if _stamp_of(target) is None:
            raise DataError(f"{target}: is in the way of unpacking {stamp.split(' ')[0]}; move it elsewhere")
        old = temporary_name(target, "old")
        os.rename(target, old)
        os.rename(partial, target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.rename(partial, target)
