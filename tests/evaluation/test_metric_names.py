import numpy as np

from mmclust.evaluation.metric_names import CURVES, LABELLED, MAIN, MAIN_CURVES, METRICS
from mmclust.evaluation.metrics import score


def test_every_figure_that_is_measured_has_a_name_and_a_meaning():
    measured = score(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]))
    assert list(METRICS) == list(measured)
    assert all(about.title and about.about.endswith(".") for about in METRICS.values())
    assert len({about.title for about in METRICS.values()}) == len(METRICS)


def test_what_is_shown_is_measured_and_titled_alike_everywhere():
    assert set(MAIN) <= set(LABELLED) <= set(METRICS)
    assert [CURVES[name] for name in MAIN_CURVES] == [LABELLED[name] for name in MAIN] == ["ACC", "NMI", "ARI"]
