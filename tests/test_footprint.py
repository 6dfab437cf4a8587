"""The estimate of memory follows what a run takes: peaks that were measured in processes of their own on a CPU."""

import pytest

from mmclust import ram
from mmclust.cli.main import main
from mmclust.data import catalogue
from mmclust.data.dataset import ViewSpec
from mmclust.footprint import expected
from mmclust.methods import card

PEAKS = [
    ("dccs", "digits", 300, 64, 868),
    ("dccs", "digits", 1797, 64, 893),
    ("imc-swav", "digits", 300, 256, 2197),
    ("dmim", "digits-2view", 1797, 256, 924),
    ("msdib", "digits-2view", 300, 100, 850),
    ("dmid-uic", "digits-2view", 300, 100, 836),
]


@pytest.mark.parametrize(("method", "dataset", "n_samples", "batch_size", "measured"), PEAKS)
def test_estimates_are_near_what_was_measured(
    method: str, dataset: str, n_samples: int, batch_size: int, measured: int
):
    views = catalogue.describe(dataset).views
    found = expected(card(method), views, n_samples=n_samples, n_clusters=10, batch_size=batch_size)
    assert 0.75 * measured < found.process < 1.33 * measured


def test_data_batches_and_clusters_count():
    view = ViewSpec(name="x", kind="vector", shape=(1000,))
    small = expected(card("dmim"), (view, view), n_samples=1000, n_clusters=10, batch_size=100)
    large = expected(card("dmim"), (view, view), n_samples=1_000_000, n_clusters=10, batch_size=100)
    assert large.data == 1000 * small.data == pytest.approx(1e6 * 2000 * 12 / 2**20)
    many = expected(card("dmim"), (view, view), n_samples=20_000, n_clusters=10_000, batch_size=0)
    assert many.network > 1500 and many.results > 3000


def test_what_takes_more_than_half_is_large(monkeypatch: pytest.MonkeyPatch):
    view = ViewSpec(name="x", kind="vector", shape=(1000,))
    found = expected(card("dmim"), (view,), n_samples=100_000, n_clusters=10, batch_size=100)
    for left, large in ((2.1 * found.run, False), (1.9 * found.run, True), (None, False)):
        monkeypatch.setattr(ram, "left_mib", lambda left=left: left)
        assert found.is_large is large
    assert "MiB" in found.sentence(own_process=True)


def test_the_command_line_tells_before_it_trains(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ram, "left_mib", lambda: 60.0)
    monkeypatch.setattr("mmclust.cli.train.follow", lambda *_, **__: 0)
    assert main(["train", "--dataset", "digits", "--method", "dccs", "--limit", "200", "--preset", "paper"]) == 0
    said = capsys.readouterr()
    assert "memory: about " in said.out and "MiB of 60 MiB that are free" in said.out
    assert "more than half; lower batch_size" in said.err
