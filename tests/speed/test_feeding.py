"""How batches reach a device; what only a GPU can do is stood in for by the CPU."""

import contextlib
import threading

import numpy as np
import paddle
import pytest

from paddle_camp.data.batches import ArrayBatches, Batches
from paddle_camp.data.image_set import ImageSet
from paddle_camp.speed import feeding
from paddle_camp.speed.feeding import Prefetcher, Resident, on_device
from paddle_camp.training import fit as fit_module
from paddle_camp.training import session
from paddle_camp.training.fit import CheckpointPolicy, fit
from paddle_camp.training.loop import train_one_epoch
from paddle_camp.training.tasks import Task

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
    check_same(Resident(batches, tuple(paddle.to_tensor(array) for array in batches.whole())), batches)


@pytest.mark.parametrize("name", SOURCES)
def test_batches_made_ahead_are_those_of_the_source(name):
    check_same(Prefetcher(SOURCES[name], paddle.to_tensor, lambda tensor: tensor), SOURCES[name])


def test_what_every_epoch_changes_cannot_be_resident():
    assert SOURCES["changed pictures"].whole() is None


def test_on_a_cpu_batches_stay_as_they_are():
    assert all(on_device(batches) is batches for batches in SOURCES.values())


@pytest.fixture
def gpu(monkeypatch):
    """A GPU of so many bytes, its memory stood in for by the CPU's."""

    def of(memory: int, allocated: int = 0):
        properties = type("Properties", (), {"total_memory": memory})
        monkeypatch.setattr(paddle, "get_device", lambda: "gpu:0")
        monkeypatch.setattr(paddle.device.cuda, "get_device_properties", lambda device: properties)
        monkeypatch.setattr(paddle.device.cuda, "memory_allocated", lambda device: allocated)

    return of


NEEDED = 10 * 16 * 4 + 10 * 8  # float32 pictures and int64 labels


def test_a_data_set_that_fits_lies_on_the_gpu(gpu):
    gpu(4 * NEEDED)
    fed = on_device(SOURCES["pictures"])
    assert isinstance(fed, Resident) and on_device(fed) is fed
    check_same(fed, SOURCES["pictures"])


@pytest.mark.parametrize(
    ("name", "memory", "allocated"),
    [("pictures", 4 * NEEDED - 1, 0), ("pictures", 5 * NEEDED, 2 * NEEDED), ("changed pictures", 10**9, 0)],
)
def test_other_data_is_copied_ahead_through_pinned_memory(gpu, monkeypatch, name, memory, allocated):
    gpu(memory, allocated)
    pinned = []
    monkeypatch.setattr(feeding, "to_pinned", lambda array: pinned.append(1) or paddle.to_tensor(array))
    monkeypatch.setattr(feeding, "to_gpu", lambda tensor: tensor)
    fed = on_device(SOURCES[name])
    assert isinstance(fed, Prefetcher) and on_device(fed) is fed
    check_same(fed, SOURCES[name])
    assert pinned


def test_a_gpu_that_others_have_filled(gpu, monkeypatch):
    def full(array):
        raise MemoryError("out of memory error on GPU 0")

    gpu(10**9)
    monkeypatch.setattr(paddle, "to_tensor", full)
    assert isinstance(on_device(SOURCES["pictures"]), Prefetcher)


def test_what_a_subclass_makes_of_an_epoch_counts(gpu):
    class Mixed(Batches):
        def epoch(self, epoch=0, start=0):
            for images, labels in super().epoch(epoch, start):
                yield 0.5 * images + 0.5 * images[::-1], labels

    gpu(10**9)
    assert isinstance(on_device(Mixed(DATA, 4)), Prefetcher)


def test_a_set_too_large_is_not_scaled_to_find_out(gpu, monkeypatch):
    monkeypatch.setattr(Batches, "whole", lambda self: pytest.fail("all pictures were scaled"))
    gpu(1000)
    assert isinstance(on_device(SOURCES["pictures"]), Prefetcher)


def test_the_lever_can_be_turned_off(gpu, monkeypatch):
    gpu(10**9)
    monkeypatch.setenv("PADDLE_CAMP_TUNE", "threads")
    assert on_device(SOURCES["pictures"]) is SOURCES["pictures"]


def test_a_source_of_ones_own_needs_no_more_than_epoch(gpu):
    class Own:
        num_samples, batch_size = 2, 1

        def __len__(self):
            return 2

        def epoch(self, epoch=0, start=0):
            yield from [(np.zeros(1), np.zeros(1))] * (2 - start)

    gpu(10**9)
    assert isinstance(on_device(Own()), Prefetcher)


def test_a_source_of_tensors_stays_as_it_is(gpu):
    class Tensors(Batches):
        def epoch(self, epoch=0, start=0):
            for pair in super().epoch(epoch, start):
                yield tuple(paddle.to_tensor(part) for part in pair)

    gpu(10**9)
    source = Tensors(DATA, 4)
    assert on_device(source) is source


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
        for pair in Prefetcher(Faulty(), np.asarray, np.asarray).epoch():
            found.append(pair)
    assert len(found) == 2 and not making()


def test_a_loop_that_stops_early_leaves_no_thread():
    pairs = Prefetcher(SOURCES["pictures"], np.asarray, np.asarray).epoch()
    next(pairs)
    assert making()
    pairs.close()
    assert not making()


def resident(batches):
    return Resident(batches, tuple(paddle.to_tensor(array) for array in batches.whole()))


def ahead(batches):
    return Prefetcher(batches, paddle.to_tensor, lambda tensor: tensor)


class Killed(Exception):
    pass


def trained(feed, folder, stopped=False):
    """Weights and history after training on, and measuring with, what ``feed`` makes of the batches."""
    looks = iter([{}, Killed()] if stopped else [])

    def probe(network):
        if isinstance(found := next(looks, {}), Killed):
            raise found
        return found

    for attempt in (contextlib.suppress(Killed), contextlib.nullcontext())[not stopped :]:
        paddle.seed(0)
        model = paddle.nn.Sequential(paddle.nn.Flatten(), paddle.nn.Linear(16, 10))
        optimizer = paddle.optimizer.Momentum(0.1, parameters=model.parameters())
        evaluations = {"all": feed(SOURCES["pictures in order"])}
        options = {"evaluations": evaluations, "keep": CheckpointPolicy(folder, seconds=0), "probe": probe}
        with attempt:
            history = fit(model, optimizer, feed(SOURCES["pictures"]), num_epochs=2, **options)
    rows = [(row["split"], row["loss"], row.get("accuracy")) for row in history.evaluations if "loss" in row]
    return [p.numpy() for p in model.parameters()], rows


@pytest.mark.parametrize("feed", [resident, ahead])
@pytest.mark.parametrize("stopped", [False, True])
def test_fit_learns_the_same_from_tensors(feed, stopped, tmp_path):
    weights, rows = trained(feed, tmp_path / "fed", stopped)
    expected, expected_rows = trained(lambda batches: batches, tmp_path / "plain")
    assert rows == expected_rows and len(rows) == 4
    assert all(np.array_equal(a, b) for a, b in zip(weights, expected, strict=True))


def test_fit_asks_for_the_device_once_and_searches_after_a_step(monkeypatch, tmp_path):
    asked, searched = [], []
    monkeypatch.setattr(fit_module, "on_device", lambda batches: asked.append(batches) or batches)
    monkeypatch.setattr(session, "search_algorithms", lambda: searched.append(1) or True)
    monkeypatch.setattr(session, "stop_searching", lambda: searched.append("off"))
    trained(lambda batches: batches, tmp_path)
    assert asked == [SOURCES["pictures"], SOURCES["pictures in order"]]
    assert searched == [1, "off"]


def test_a_loop_that_fails_leaves_no_thread():
    class Broken(Task):
        def step(self, batch):
            raise RuntimeError("a step that fails")

    model = paddle.nn.Linear(1, 1)
    task = Broken({"model": model}, {"model": paddle.optimizer.SGD(0.1, model.parameters())})
    with pytest.raises(RuntimeError, match="a step that fails") as raised:
        train_one_epoch(task, ahead(SOURCES["pictures"]))
    assert raised.tb and not making()  # though the traceback still holds the loop's frames


def test_no_more_is_made_than_may_wait():
    made = []

    class Counted(Batches):
        def epoch(self, epoch=0, start=0):
            for pair in super().epoch(epoch, start):
                made.append(1)
                yield pair

    pairs = Prefetcher(Counted(DATA, 1), np.asarray, np.asarray).epoch()
    next(pairs)
    threading.Event().wait(0.3)
    assert len(made) <= feeding.AHEAD + 2  # one delivered, AHEAD waiting, one in the thread's hands
    pairs.close()
