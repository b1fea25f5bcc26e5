"""Where data sets are looked for, and how zips are unpacked."""

import os
import stat
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import pytest

from paddle_camp.data.finding import archives, sources
from paddle_camp.data.finding.archives import unpack, unpack_near
from paddle_camp.data.finding.contents import sha256_of
from paddle_camp.data.finding.sources import find
from paddle_camp.errors import DataError

PM = "ichallenge-pm"


@pytest.fixture(autouse=True)
def bare_machine(tmp_path, monkeypatch):
    """No data anywhere: not in the environment, the current directory, the project, or AI Studio's places."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.delenv("PADDLE_CAMP_DATA", raising=False)
    monkeypatch.setattr(sources, "PROJECT_DATA", tmp_path / "project" / "data")
    known = sources.DATASETS[PM]
    places = tuple((str(tmp_path / "aistudio" / name), how) for name, (_, how) in zip("abc", known.places, strict=True))
    monkeypatch.setitem(sources.DATASETS, PM, replace(known, places=places))


def put(folder, marker="PALM-Training400"):
    (folder / marker).mkdir(parents=True)
    return folder


def test_nothing_anywhere_is_none():
    assert find(PM) is None


def test_places_are_searched_in_the_order_of_the_contract(tmp_path, monkeypatch):
    """Each place is filled in turn, the last of the search first, and each time wins over those after it."""
    expected = [
        (put(tmp_path / "aistudio" / "c"), "AI Studio data set"),
        (put(tmp_path / "aistudio" / "b"), "AI Studio work/palm"),
        (put(tmp_path / "aistudio" / "a"), "AI Studio data set 19065"),
        (put(tmp_path / "project" / "data" / PM), "the project's data/"),
        (put(tmp_path / "here" / "data" / PM), "./data"),
        (put(tmp_path / "env" / PM), "$PADDLE_CAMP_DATA"),
        (put(tmp_path / "option" / PM), "--data-dir"),
    ]
    for _, how in reversed(expected[:-2]):
        assert find(PM).how == how
        path = dict((how, path) for path, how in expected)[how]
        assert find(PM).path == path
        (path / "PALM-Training400").rmdir()
    monkeypatch.setenv("PADDLE_CAMP_DATA", str(tmp_path / "env"))
    assert find(PM) == sources.Found(tmp_path / "env" / PM, "$PADDLE_CAMP_DATA")
    assert find(PM, str(tmp_path / "option")) == sources.Found(tmp_path / "option" / PM, "--data-dir")


@pytest.mark.parametrize("below", [".", PM, "data19065", "PALM"])
@pytest.mark.parametrize("marker", ["PALM-Training400", "training.zip", "Training/Images", "PALM-Validation400"])
def test_a_data_dir_is_the_folder_or_holds_it(tmp_path, below, marker):
    put(tmp_path / "d" / below, marker)
    found = find(PM, tmp_path / "d").path
    # The reader looks into the published PALM/ folder itself, so its parent is as good an answer.
    assert found == tmp_path / "d" / below or (below, marker, found) == ("PALM", "Training/Images", tmp_path / "d")


def test_a_named_place_without_the_data(tmp_path, monkeypatch):
    (tmp_path / "other" / "mnist").mkdir(parents=True)
    with pytest.raises(
        DataError, match=r"--data-dir .*other: holds nothing of ichallenge-pm: no .*training\.zip.*19065"
    ):
        find(PM, tmp_path / "other")
    monkeypatch.setenv("PADDLE_CAMP_DATA", str(tmp_path / "other"))
    assert find(PM) is None
    put(tmp_path / "here" / "data" / PM)
    assert find(PM).how == "./data"


def test_a_named_place_that_does_not_exist(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"--data-dir .*nowhere: does not exist; name the directory"):
        find(PM, tmp_path / "nowhere")
    (tmp_path / "training.zip").touch()
    with pytest.raises(DataError, match=r"training\.zip: is a file"):
        find(PM, tmp_path / "training.zip")
    monkeypatch.setenv("PADDLE_CAMP_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"\$PADDLE_CAMP_DATA .*nowhere: does not exist"):
        find(PM)


def test_how_to_get_names_both_sources():
    text = sources.DATASETS[PM].how_to_get
    for needed in ("aistudio.baidu.com/datasetdetail/19065", "10.1038/s41597-024-02911-2", "1,200", "2024", "data/"):
        assert needed in text
    assert "\n" not in text


# -- zips --------------------------------------------------------------------------------------------------------


def make_zip(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def names_in(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.name[0] != ".")


def test_sha256_of(tmp_path):
    (tmp_path / "f").write_bytes(b"abc")
    assert sha256_of(tmp_path / "f").startswith("ba7816bf8f01cfea")
    with pytest.raises(DataError, match="missing: cannot be read"):
        sha256_of(tmp_path / "missing")


def test_unpack_once_and_again_when_the_zip_changes(tmp_path):
    source = make_zip(tmp_path / "a.zip", {"A/1.txt": "one", "__MACOSX/A/._1.txt": "x", "A/._1.txt": "x"})
    target = unpack(source, tmp_path / "deep" / "a")
    assert names_in(target) == ["A/1.txt"]
    (target / "A" / "1.txt").write_text("touched")
    assert unpack(source, target) == target
    assert (target / "A" / "1.txt").read_text() == "touched"  # not unpacked a second time
    make_zip(source, {"A/2.txt": "two, longer"})
    assert names_in(unpack(source, target)) == ["A/2.txt"]
    assert [p.name for p in target.parent.iterdir()] == ["a"]  # nothing temporary stays


@pytest.mark.parametrize("name", ["../evil.txt", "A/../../evil.txt", "/evil.txt", "..\\evil.txt", "C:/evil.txt"])
def test_a_name_that_leads_outside_is_refused(tmp_path, name):
    source = make_zip(tmp_path / "a.zip", {"A/1.txt": "one", name: "evil"})
    with pytest.raises(DataError, match=r"a\.zip: the name .*evil\.txt' leads outside of the zip") as caught:
        unpack(source, tmp_path / "sub" / "a")
    assert "\n" not in str(caught.value)
    assert names_in(tmp_path) == ["a.zip"]


def test_a_zip_made_to_fill_the_disk_is_refused(tmp_path):
    source = make_zip(tmp_path / "a.zip", {f"A/{i}.jpg": bytes(5_000_000) for i in range(2)})
    with pytest.raises(DataError, match=r"a\.zip: its [\d,]+ bytes would become 10,000,000, more than") as caught:
        unpack(source, tmp_path / "sub" / "a")
    assert "\n" not in str(caught.value) and names_in(tmp_path) == ["a.zip"]


def test_a_size_that_the_zip_lies_about_is_damage(tmp_path):
    """The member's entry says 10 bytes where 5,000 are: no more than what was said is read."""
    source = make_zip(tmp_path / "a.zip", {"A/1.txt": os.urandom(5000)})
    data = bytearray(source.read_bytes())
    entry = data.rfind(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (10).to_bytes(4, "little")
    source.write_bytes(data)
    with pytest.raises(DataError, match=r"a\.zip: not a whole zip file"):
        unpack(source, tmp_path / "a")
    assert names_in(tmp_path) == ["a.zip"]


def damaged(tmp_path, how):
    source = make_zip(tmp_path / "a.zip", {"A/1.txt": os.urandom(5000)})
    data = bytearray(source.read_bytes())
    if how == "cut":
        del data[-100:]
    elif how == "flipped":
        data[2000] ^= 0xFF
    elif how == "page":
        data = b"<html>please log in</html>"
    else:
        data = b""
    source.write_bytes(data)
    return source


@pytest.mark.parametrize("how", ["cut", "flipped", "page", "empty"])
def test_a_damaged_zip_leaves_nothing(tmp_path, how):
    source = damaged(tmp_path, how)
    with pytest.raises(DataError, match=r"a\.zip: not a whole zip file .*download it again"):
        unpack(source, tmp_path / "a")
    assert {p.name for p in tmp_path.iterdir()} == {"a.zip", "here"}  # here: the fixture's current directory


def test_the_wrong_zip(tmp_path):
    source = make_zip(tmp_path / "a.zip", {"cats/1.jpg": "meow"})
    with pytest.raises(DataError, match=r"a\.zip: the wrong zip: nothing in it is named PALM-Training400"):
        unpack(source, tmp_path / "a", expect="PALM-Training400")


def test_killed_in_the_middle_leaves_no_target(tmp_path, monkeypatch):
    source = make_zip(tmp_path / "a.zip", {"A/1.txt": "one", "A/2.txt": "two"})

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(archives, "_move_into_place", killed)
    with pytest.raises(KeyboardInterrupt):
        unpack(source, tmp_path / "a")
    assert not (tmp_path / "a").exists()
    monkeypatch.undo()
    assert names_in(unpack(source, tmp_path / "a")) == ["A/1.txt", "A/2.txt"]


def test_a_folder_of_the_user_is_not_replaced(tmp_path):
    source = make_zip(tmp_path / "a.zip", {"A/1.txt": "one"})
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "mine").touch()
    with pytest.raises(DataError, match=r"a: is in the way of unpacking a\.zip"):
        unpack(source, tmp_path / "a")
    assert names_in(tmp_path / "a") == ["mine"]


def refuse(monkeypatch, *places):
    """Make writing below ``places`` fail, as on a read-only disk (a chmod does not stop root)."""
    real = archives._extract

    def extract(zip_path, folder, expect):
        if any(place in folder.parents for place in places):
            raise OSError(30, "Read-only file system", str(folder))
        real(zip_path, folder, expect)

    monkeypatch.setattr(archives, "_extract", extract)


def test_the_cache_takes_what_cannot_be_unpacked_beside_the_zip(tmp_path, monkeypatch):
    (tmp_path / "disk").mkdir()
    source = make_zip(tmp_path / "disk" / "a.zip", {"A/1.txt": "one"})
    assert unpack_near(source, tmp_path / "cache") == tmp_path / "disk" / "a.unpacked"
    source.touch()  # changed: what lies beside it no longer counts
    refuse(monkeypatch, tmp_path / "disk")
    folder = unpack_near(source, tmp_path / "cache")
    assert folder.parent == tmp_path / "cache" / "unpacked"
    assert names_in(folder) == ["A/1.txt"]
    refuse(monkeypatch, tmp_path)
    (tmp_path / "disk" / "b.zip").write_bytes(source.read_bytes())
    with pytest.raises(DataError, match=r"b\.zip: cannot be unpacked beside it nor in .*cache .*PADDLE_CAMP_CACHE"):
        unpack_near(tmp_path / "disk" / "b.zip", tmp_path / "cache")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root and Windows write where a mode forbids it")
def test_a_read_only_folder(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    source = make_zip(disk / "a.zip", {"A/1.txt": "one"})
    disk.chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert tmp_path / "cache" in unpack_near(source, tmp_path / "cache").parents


def test_no_room(tmp_path, monkeypatch):
    source = make_zip(tmp_path / "a.zip", {"A/1.txt": "one"})
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(DataError, match=r"a\.zip: .*0 MB are free.*set \$PADDLE_CAMP_CACHE"):
        unpack_near(source, tmp_path / "cache")
