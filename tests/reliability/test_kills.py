"""Four kinds of runs are killed at writes and at random instants, and resumed: nothing is lost, the bits are the same.

``PADDLE_CAMP_KILLS`` is the number of runs that are killed in each of the two ways (2 unless it says otherwise), each
of them several times; docs/reliability.md has the figures of a long campaign.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from tests.helpers.kills import Campaign, Task

pytestmark = pytest.mark.slow

RUNS = int(os.environ.get("PADDLE_CAMP_KILLS", "2"))
SEED = int(os.environ.get("PADDLE_CAMP_KILLS_SEED", "0"))
KILLS = 3  # of a run, before it may end


def settings(*words: str) -> tuple[str, ...]:
    return ("--data", "synthetic", *(part for word in words for part in ("-o", word)))


FUNDUS = settings(
    *("model=toy", "image_size=32", "num_epochs=3", "num_seeds=1"),
    *("train_pictures=24", "valid_pictures=11", "batch_size=8"),
)
TASKS = {
    "9-1": Task("9-1", FUNDUS, "tests/helpers/toy_homework.py"),
    "sweep": Task(
        "5-3",
        settings(
            *("optimizers=SGD,Adam", "learning_rates=0.01", "num_seeds=2", "num_epochs=2"),
            *("train_pictures=200", "test_pictures=100", "batch_size=20"),
        )
        + ("--jobs", "2"),
    ),
    "gan": Task(
        "gan",
        settings(
            *("games=non-saturating", "noise=8", "channels=2", "num_epochs=2", "num_seeds=1", "judge_epochs=1"),
            *("samples=200", "train_pictures=240", "test_pictures=60", "batch_size=40", "start_steps=0,2"),
            *("number_epochs=0,1", "best_epochs=1"),
        ),
    ),
    "data-parallel": Task(
        "9-1",
        FUNDUS,
        "tests/helpers/toy_homework.py",
        ("-W", "ignore", "-m", "paddle.distributed.launch", "--log_dir", "log", "--nproc_per_node", "2"),
        rank=0,
    ),
}


@pytest.fixture(scope="module", params=TASKS)
def campaign(request, tmp_path_factory) -> Iterator[Campaign]:
    found = Campaign(TASKS[request.param], tmp_path_factory.mktemp(request.param))
    yield found
    print(f"{request.param}: {found.runs} runs of {found.changes} changes, {found.seconds:.1f} s; {found.kills} kills")


@pytest.mark.parametrize("number", range(RUNS))
def test_killed_at_writes(campaign: Campaign, number: int):
    """The first kills of all runs go through a whole one in even steps; those of resumptions are drawn."""
    rng, changes = random.Random(f"{SEED} {number}"), campaign.changes
    first = 1 + (number * changes + rng.randrange(changes)) // RUNS
    campaign.at_changes(first, *(1 + int(changes * rng.random() ** 2) for _ in range(KILLS - 1)))


@pytest.mark.parametrize("number", range(RUNS))
def test_killed_at_random_instants(campaign: Campaign, number: int):
    campaign.at_instants(random.Random(f"{SEED} {number}"), KILLS)
