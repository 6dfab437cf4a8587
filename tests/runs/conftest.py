"""Whatever is said of the store here holds on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, home, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The store that `RunStore()` opens, here and in child processes."""
    if request.param == "sqlite":
        yield f"sqlite:///{home / 'store.sqlite'}"
        return
    url = request.getfixturevalue("postgresql_url")
    monkeypatch.setenv("MMCLUST_STORE", url)
    yield url
