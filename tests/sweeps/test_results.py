from dataclasses import replace
from typing import Any

from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore
from mmclust.sweeps.results import device_seconds
from mmclust.sweeps.sweep import Cell


def trained(store: RunStore, **values: Any) -> RunRecord:
    """A record of a run that has taken a device for ten seconds, or as `values` say."""
    record = store.create(Cell(dataset="digits", method="dccs").plan(0)).record()
    return replace(record, **{"device": "cpu", "seconds": 10.0, "environment": {"threads": "2"}} | values)


def test_a_run_costs_its_seconds_times_the_threads_or_the_gpu_that_it_took(store: RunStore):
    two, four = trained(store), trained(store, environment={"threads": "4"})
    assert device_seconds([two, four]) == ("core", 60.0)
    gpu = trained(store, device="cuda:0", seconds=7.0)
    assert device_seconds([gpu, gpu]) == ("GPU", 14.0)


def test_a_cost_that_is_not_known_is_not_made_up(store: RunStore):
    assert device_seconds([trained(store), trained(store, environment={})]) is None
    assert device_seconds([trained(store), trained(store, device="cuda:1")]) is None
    assert device_seconds([trained(store, device="", environment={})]) is None
