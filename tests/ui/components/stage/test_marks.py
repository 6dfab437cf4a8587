from types import SimpleNamespace
from typing import cast

import numpy as np

from mmclust.runs.record import RunRecord
from mmclust.ui.components.stage import marks
from mmclust.ui.components.stage.moments import Moment
from mmclust.ui.shell.curves import Curve


def record(*, active: bool = False) -> RunRecord:
    return cast(RunRecord, SimpleNamespace(epochs=10, active=active, spec=SimpleNamespace(method="dccs")))


def curve(epochs, values) -> Curve:
    return Curve(np.arange(len(epochs)), np.array(epochs, float), np.array(values, float))


def moment(epoch: int, sizes) -> Moment:
    return Moment(epoch=epoch, sizes=np.array(sizes), content=b"", sheet=b"")


def of(points, moments=(), *, active: bool = False) -> list[tuple[float, str]]:
    found = marks.of_run(None, record(active=active), points, moments)  # type: ignore[arg-type]
    return [(mark.epoch, mark.kind) for mark in found]


def test_a_term_that_begins_later_is_a_new_stage():
    points = {"loss/mi": curve([0, 1, 2], [1, 1, 1]), "loss/adv": curve([4, 5], [1, 1])}
    assert of(points) == [(4.0, "stage")]


def test_a_rate_that_falls_at_once_is_marked_and_one_that_fades_is_not():
    assert of({marks.RATE: curve([1, 2, 3, 4], [0.1, 0.1, 0.01, 0.01])}) == [(3.0, "rate")]
    assert of({marks.RATE: curve([1, 2, 3, 4], [0.1, 0.09, 0.08, 0.07])}) == []


def test_a_collapse_is_marked_once_where_clusters_become_empty():
    sizes = [[9, 9, 9, 9], [9, 9, 9, 9], [36, 0, 0, 0], [36, 0, 0, 0]]
    assert of({}, [moment(epoch, row) for epoch, row in enumerate(sizes)]) == [(2, "collapse")]
    assert of({}, [moment(0, [9, 0, 0]), moment(1, [3, 3, 3])]) == [], "clusters that are found are no collapse"


def test_the_best_epoch_is_that_of_the_evidence_and_of_a_live_run_so_far():
    points = {"signal/evidence": curve([1, 2, 3], [0.1, 0.8, 0.5])}
    assert of(points) == [(2.0, "best")]
    told = marks.of_run(None, record(active=True), points, [])  # type: ignore[arg-type]
    assert "so far" in told[0].text
