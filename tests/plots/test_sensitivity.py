import numpy as np

from mmclust.plots import sensitivity


def test_ticks_of_close_figures_do_not_repeat():
    flat, steep = np.array([0.971, 0.992]), np.array([0.2, 0.9])
    for mean, wanted in ((flat, ".1%"), (steep, ".0%")):
        curves = {"ACC": (mean, np.zeros(2))}
        figure = sensitivity.bands([1, 2], curves, names=("K", "agreement"), percent=True)
        assert figure.layout.yaxis.tickformat == wanted
