from typing import Any

import numpy as np

from mmclust.plots.numbers import sample_figure


def test_a_sample_is_drawn_beside_the_mean_with_named_axes():
    values, mean = np.arange(5.0), np.ones(5)
    figure: Any = sample_figure(values, mean)
    bars, line = figure.data
    assert bars.x.tolist() == [1, 2, 3, 4, 5] and bars.y.tolist() == values.tolist()
    assert line.y.tolist() == mean.tolist() and (bars.name, line.name) == ("this sample", "mean of all samples")
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("column", "value")
    assert figure.layout.showlegend
