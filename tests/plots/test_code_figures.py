# plotly builds its classes at run time, out of sight of the type checker
# pyright: reportAttributeAccessIssue=false
import numpy as np
import pytest

from mmclust.plots.codes import SHOWN, divergence_figure, ownership_figure, use_figure
from mmclust.plots.tables import fraction_table


def titles(figure) -> tuple[str, str]:
    return figure.layout.xaxis.title.text, figure.layout.yaxis.title.text


def test_a_table_of_shares_writes_every_number_and_leaves_gaps_empty():
    mean = np.array([[0.97, np.nan], [-0.2, 0.5]])
    figure = fraction_table(mean, np.full((2, 2), 0.01), ["z", "z_s"], ["class", "x"], axes=("space", "read off"))
    assert titles(figure) == ("read off", "space")
    assert [a.text for a in figure.layout.annotations] == ["0.97 ± 0.01", "-0.20 ± 0.01", "0.50 ± 0.01"]
    assert figure.data[0].z[1][0] == 0, "worse than the mean is drawn as nothing"
    assert figure.layout.yaxis.autorange == "reversed"


def test_divergences_are_on_the_scale_of_their_bound():
    figure = divergence_figure(np.eye(3), ["a", "b", "c"], axes=("first", "second"))
    assert titles(figure) == ("second", "first")
    assert figure.data[0].zmax == pytest.approx(np.log(2))
    assert figure.data[0].customdata[0][1] == "a<br>b"


def test_prototypes_stand_by_use_under_a_line_of_even_use():
    figure = use_figure(np.array([1, 5, 0, 2]))
    assert titles(figure) == ("prototypes, the most used first", "samples")
    assert list(figure.data[0].y) == [5, 2, 1, 0]
    assert list(figure.data[0].customdata) == [2, 4, 1, 3]
    assert figure.layout.shapes[0].y0 == 2


def test_ownership_shows_each_prototype_as_shares_of_its_own_use():
    joint = np.array([[0.3, 0.0, 0.1], [0.1, 0.4, 0.1]])
    figure = ownership_figure(joint, np.array([0, 2, 1]), ["a", "b"])
    assert titles(figure) == ("prototypes, by owner", "cluster")
    np.testing.assert_allclose(np.array(figure.data[0].z), [[0.75, 0.5, 0], [0.25, 0.5, 1]], rtol=1e-6)
    assert figure.data[0].customdata[0][1] == "prototype 3, cluster a"


def test_many_prototypes_are_drawn_as_means_of_neighbours():
    rng = np.random.default_rng(0)
    figure = ownership_figure(rng.random((4, 3000)), rng.permutation(3000), list("abcd"))
    z = np.array(figure.data[0].z)
    assert z.shape == (4, SHOWN)
    np.testing.assert_allclose(z.sum(axis=0), 1, rtol=1e-5)
    assert "and next" in figure.data[0].customdata[0][0]


def test_of_many_columns_the_deviation_stands_below_the_number():
    names = [f"factor {n}" for n in range(9)]
    figure = fraction_table(np.full((2, 9), 0.5), np.full((2, 9), 0.01), ["z", "z_s"], names, axes=("space", "target"))
    assert {one["text"] for one in figure.to_dict()["layout"]["annotations"]} == {"0.50<br>± 0.01"}
    assert figure.to_dict()["layout"]["xaxis"]["tickangle"] < 0, "the last name has no room to its right"
