import pytest

from mmclust import settings, training
from mmclust.data import catalogue


def test_small_samples_train_on_one_thread_and_a_server_keeps_a_core(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(settings, "n_cores", lambda: 4)
    small_images, images = catalogue.describe("digits"), catalogue.describe("mnist")
    monkeypatch.setenv("MMCLUST_THREADS", "3")
    assert training._n_threads(small_images, background=True) == 3
    monkeypatch.delenv("MMCLUST_THREADS")
    assert training._n_threads(small_images, background=False) == 1
    assert training._n_threads(images, background=False) == 4
    assert training._n_threads(images, background=True) == 3
