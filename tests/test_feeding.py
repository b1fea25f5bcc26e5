"""How batches reach a device; what only a GPU can do is stood in for by the CPU."""

import threading

import numpy as np
import paddle
import pytest

from paddle_camp import feeding
from paddle_camp.feeding import Ahead, Resident, on_device
from paddle_camp.readers.batches import ArrayBatches, Batches, ImageSet

IMAGES = np.random.default_rng(0).integers(0, 256, (10, 1, 4, 4), np.uint8)
DATA = ImageSet(IMAGES, np.arange(10), tuple(map(str, range(10))))


def noisy(images, rng):
    return images + rng.integers(0, 2, images.shape, np.uint8)


SOURCES = {
    "pictures": Batches(DATA, 4, shuffle_seed=3),
    "pictures in order": Batches(DATA, 4),
    "changed pictures": Batches(DATA, 4, shuffle_seed=3, augment=noisy),
    "rows": ArrayBatches(np.random.default_rng(1).random((10, 3), np.float32), np.arange(10.0)[:, None], 3, 5),
}


def arrays(pairs):
    return [tuple(feeding.as_array(each) for each in pair) for pair in pairs]


def check_same(fed, batches):
    assert (len(fed), fed.num_samples, fed.batch_size) == (len(batches), batches.num_samples, batches.batch_size)
    for epoch, start in ((0, 0), (1, 0), (1, 2)):
        found, expected = arrays(fed.epoch(epoch, start)), list(batches.epoch(epoch, start))
        assert len(found) == len(expected) == len(batches) - start
        for ours, theirs in zip(found, expected, strict=True):
            assert all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("name", ["pictures", "pictures in order", "rows"])
def test_resident_batches_are_those_of_the_source(name):
    batches = SOURCES[name]
    check_same(Resident(batches, *(paddle.to_tensor(array) for array in batches.whole())), batches)


@pytest.mark.parametrize("name", SOURCES)
def test_batches_made_ahead_are_those_of_the_source(name):
    check_same(Ahead(SOURCES[name], paddle.to_tensor, lambda tensor: tensor), SOURCES[name])


def test_what_every_epoch_changes_cannot_be_resident():
    assert SOURCES["changed pictures"].whole() is None


def test_on_a_cpu_batches_stay_as_they_are():
    assert all(on_device(batches) is batches for batches in SOURCES.values())


@pytest.fixture
def gpu(monkeypatch):
    """A GPU of so many bytes, its memory stood in for by the CPU's."""

    def of(memory: int, reserved: int = 0):
        properties = type("Properties", (), {"total_memory": memory})
        monkeypatch.setattr(paddle, "get_device", lambda: "gpu:0")
        monkeypatch.setattr(paddle.device.cuda, "get_device_properties", lambda device: properties)
        monkeypatch.setattr(paddle.device.cuda, "memory_reserved", lambda device: reserved)

    return of


NEEDED = 10 * 16 * 4 + 10 * 8  # float32 pictures and int64 labels


def test_a_data_set_that_fits_lies_on_the_gpu(gpu):
    gpu(4 * NEEDED)
    fed = on_device(SOURCES["pictures"])
    assert isinstance(fed, Resident) and on_device(fed) is fed
    check_same(fed, SOURCES["pictures"])


@pytest.mark.parametrize(
    ("name", "memory", "reserved"),
    [("pictures", 4 * NEEDED - 1, 0), ("pictures", 5 * NEEDED, 2 * NEEDED), ("changed pictures", 10**9, 0)],
)
def test_other_data_is_copied_ahead_through_pinned_memory(gpu, monkeypatch, name, memory, reserved):
    gpu(memory, reserved)
    pinned = []
    monkeypatch.setattr(feeding, "to_pinned", lambda array: pinned.append(1) or paddle.to_tensor(array))
    monkeypatch.setattr(feeding, "to_gpu", lambda tensor: tensor)
    fed = on_device(SOURCES[name])
    assert isinstance(fed, Ahead) and on_device(fed) is fed
    check_same(fed, SOURCES[name])
    assert pinned


def test_a_gpu_that_others_have_filled(gpu, monkeypatch):
    def full(array):
        raise MemoryError("out of memory error on GPU 0")

    gpu(10**9)
    monkeypatch.setattr(paddle, "to_tensor", full)
    assert isinstance(on_device(SOURCES["pictures"]), Ahead)


def test_a_source_of_ones_own_needs_no_more_than_epoch(gpu):
    class Own:
        num_samples, batch_size = 2, 1

        def __len__(self):
            return 2

        def epoch(self, epoch=0, start=0):
            yield from [(np.zeros(1), np.zeros(1))] * (2 - start)

    gpu(10**9)
    assert isinstance(on_device(Own()), Ahead)


class Faulty:
    """Two good batches, then an error."""

    num_samples, batch_size = 3, 1

    def __len__(self):
        return 3

    def epoch(self, epoch=0, start=0):
        yield from [(np.zeros(1), np.zeros(1))] * 2
        raise OSError("the disk is gone")


def making() -> list:
    return [thread for thread in threading.enumerate() if thread.name == "batches"]


def test_an_error_behind_the_scenes_reaches_the_loop():
    found = []
    with pytest.raises(OSError, match="the disk is gone"):
        for pair in Ahead(Faulty(), np.asarray, np.asarray).epoch():
            found.append(pair)
    assert len(found) == 2 and not making()


def test_a_loop_that_stops_early_leaves_no_thread():
    pairs = Ahead(SOURCES["pictures"], np.asarray, np.asarray).epoch()
    next(pairs)
    assert making()
    pairs.close()
    assert not making()


def test_no_more_is_made_than_may_wait():
    made = []

    class Counted(Batches):
        def epoch(self, epoch=0, start=0):
            for pair in super().epoch(epoch, start):
                made.append(1)
                yield pair

    pairs = Ahead(Counted(DATA, 1), np.asarray, np.asarray).epoch()
    next(pairs)
    threading.Event().wait(0.3)
    assert len(made) <= feeding.AHEAD + 2  # one delivered, AHEAD waiting, one in the thread's hands
    pairs.close()
