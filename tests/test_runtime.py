"""The device and the record of the environment."""

from __future__ import annotations

import pytest

from paddle_camp import runtime
from paddle_camp.errors import CampError


def test_a_gpu_that_is_not_there_is_one_line():
    import paddle

    if paddle.device.is_compiled_with_cuda():
        pytest.skip("this paddle is a GPU build")
    with pytest.raises(CampError, match="CPU build; for a GPU type: pip install -e"):
        runtime.choose_device("gpu")
    assert runtime.choose_device("auto") == "cpu"


def test_the_environment_record_names_versions_and_processor():
    record = runtime.environment()
    assert record["cpu"] and record["physical_cores"] >= 1
    assert {"numpy", "matplotlib"} <= set(record["versions"])
