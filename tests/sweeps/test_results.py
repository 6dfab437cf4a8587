from dataclasses import replace
from typing import Any

import numpy as np

from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore
from mmclust.sweeps.results import device_seconds, surface
from mmclust.sweeps.sweep import Cell, grid


def trained(store: RunStore, **values: Any) -> RunRecord:
    """A record of a run that has taken a device for ten seconds, or as `values` say."""
    record = store.create(Cell(dataset="digits", method="dccs").build_spec(0)).record()
    return replace(record, **{"device": "cpu", "seconds": 10.0, "environment": {"threads": "2"}} | values)


def test_a_run_costs_its_seconds_times_the_threads_or_the_gpu_that_it_took(store: RunStore):
    two, four = trained(store), trained(store, environment={"threads": "4"})
    assert device_seconds([two, four]) == ("core", 60.0)
    gpu = trained(store, device="cuda:0", seconds=7.0)
    assert device_seconds([gpu, gpu]) == ("GPU", 14.0)
    quarter = replace(gpu, spec=replace(gpu.spec, gpus=0.25))
    assert device_seconds([gpu, quarter]) == ("GPU", 8.75)


def test_a_cost_that_is_not_known_is_not_made_up(store: RunStore):
    assert device_seconds([trained(store), trained(store, environment={})]) is None
    assert device_seconds([trained(store), trained(store, device="cuda:1")]) is None
    assert device_seconds([trained(store, device="", environment={})]) is None


def test_numbers_of_an_axis_rise_whatever_the_order_they_were_asked_in():
    base = Cell(dataset="digits", method="dccs")
    sweep = grid(base, {"sigma": (0.3, 0.1), "preset": ("quick", "paper")}, seeds=(0,))
    found = surface(sweep, {(0, 0): 0.5, (3, 0): 0.7}, "sigma", "preset")
    assert (found.x, found.y) == ((0.1, 0.3), ("quick", "paper"))
    assert found.mean[1, 0] == 0.5 and found.mean[0, 1] == 0.7
    assert np.isnan(found.mean[0, 0]) and np.isnan(found.deviation).all()
