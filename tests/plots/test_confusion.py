# plotly builds its classes at run time, out of sight of the type checker
# pyright: reportAttributeAccessIssue=false, reportIndexIssue=false, reportArgumentType=false
import numpy as np

from mmclust.plots.confusion import confusion_figure

COUNTS = np.array([[1, 90, 9], [0, 20, 80], [70, 0, 30]])


def test_matched_clusters_lie_on_the_diagonal():
    figure = confusion_figure(COUNTS, ["cat", "dog", "hen"], ["A", "B", "C"])
    assert np.diag(np.array(figure.data[0].z)).tolist() == [0.9, 0.8, 0.7]
    assert list(figure.layout.xaxis.ticktext) == ["B", "C", "A"]
    assert list(figure.layout.yaxis.ticktext) == ["cat", "dog", "hen"]


def test_a_click_on_a_cell_gives_its_class_cluster_and_count():
    cells = confusion_figure(COUNTS, ["cat", "dog", "hen"], ["A", "B", "C"]).data[-1]
    assert len(cells.x) == 9
    for x, y, custom in zip(cells.x, cells.y, cells.customdata, strict=True):
        class_, cluster, count = (int(value) for value in custom[:3])
        assert count == COUNTS[class_, cluster]
        assert (y, x) == (class_, [1, 2, 0].index(cluster))


def test_counts_are_written_white_only_on_dark_cells():
    written = confusion_figure(COUNTS, "abc", "ABC").layout.annotations
    colors = {note.text: note.font.color for note in written}
    assert {text for text, color in colors.items() if color == "#ffffff"} == {"90", "80", "70"}
    assert {text for text, color in colors.items() if color is None} == {"1", "9", "20", "30"}


def test_large_and_rectangular_tables_are_drawn_without_numbers():
    counts = np.random.default_rng(0).integers(0, 9, (40, 60))
    figure = confusion_figure(counts, [str(i) for i in range(40)], [str(i) for i in range(60)])
    assert not figure.layout.annotations
    assert np.array(figure.data[0].z).shape == (40, 60)


def test_a_given_order_is_kept():
    figure = confusion_figure(COUNTS, "abc", "ABC", order=np.array([2, 0, 1]))
    assert list(figure.layout.xaxis.ticktext) == ["C", "A", "B"]


def test_a_class_without_samples_has_no_share():
    figure = confusion_figure(np.array([[0, 0], [3, 1]]), "ab", "AB")
    assert np.isfinite(np.array(figure.data[0].z)).all()
