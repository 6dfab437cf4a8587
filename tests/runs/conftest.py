"""Whatever is said of the store here holds on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest

from mmclust.runs.active import ActiveRun
from mmclust.runs.run import Run
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore


@pytest.fixture(autouse=True, params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, home, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The store that `RunStore()` opens, here and in child processes."""
    if request.param == "sqlite":
        yield f"sqlite:///{home / 'store.sqlite'}"
        return
    url = request.getfixturevalue("postgresql_url")
    monkeypatch.setenv("MMCLUST_STORE", url)
    yield url


@pytest.fixture
def active() -> ActiveRun:
    """A run that this process trains."""
    store = RunStore()
    run = store.claim(store.create(RunSpec(dataset="digits", method="dccs", config={}, epochs=3)).id)
    assert run is not None
    return run


@pytest.fixture
def run(active: ActiveRun) -> Run:
    """The same, as pages read it."""
    return active.run
