from collections.abc import Callable

import pytest

from benchmarks import prediction
from mmclust.runs.run import Run


@pytest.mark.slow
def test_predicting_is_timed_beside_a_pass(finished_run: Callable[..., Run]):
    run = finished_run("dmim", "digits-2view", preset="paper", limit=256, epochs=2)
    found = prediction.measure(run, rounds=1)
    for unit in ("clock", "processor"):
        assert set(found[unit]) == {"pass", "predict", "table", "table with neighbours"}
        assert found[unit]["pass"]["passes"] == 1
