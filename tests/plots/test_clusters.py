# plotly builds its classes at run time, out of sight of the type checker
# pyright: reportAttributeAccessIssue=false, reportIndexIssue=false, reportArgumentType=false
import numpy as np

from mmclust.plots import clusters
from mmclust.plots.palette import WRONG


def test_sizes_are_compared_with_even_use():
    figure = clusters.size_figure(np.array([10, 30, 20]), ["a", "b", "c"])
    assert list(figure.data[0].y) == [10, 30, 20]
    assert figure.layout.shapes[0].y0 == 20
    assert list(figure.layout.xaxis.ticktext) == ["a", "b", "c"]


def test_every_sample_is_in_the_histogram_once():
    confidence = np.array([0.0, 0.3, 0.99, 1.0])
    figure = clusters.confidence_figure(confidence, np.array([False, False, True, True]))
    assert [sum(trace.y) for trace in figure.data] == [2, 2]
    assert figure.data[1].marker.color == WRONG
    assert figure.data[0].y[-1] == 2


def test_samples_without_a_class_are_neither_right_nor_wrong():
    right, wrong = np.array([True, False, False]), np.array([False, True, False])
    figure = clusters.confidence_figure(np.array([0.2, 0.5, 0.8]), right, wrong)
    assert [(trace.name, sum(trace.y)) for trace in figure.data] == [("no class", 1), ("right", 1), ("wrong", 1)]
    assert len({trace.marker.color for trace in figure.data}) == 3


def test_without_labels_there_is_one_histogram():
    figure = clusters.confidence_figure(np.linspace(0, 1, 500))
    assert len(figure.data) == 1
    assert sum(figure.data[0].y) == 500
    assert figure.layout.yaxis.type == "log"
