"""Pages of a store in which every column of some row is damaged: the others are shown, and nothing goes down."""

from collections.abc import Callable

import pytest

from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.runs.tables import RUNS
from tests.pages.test_pages import PAGES, open_page, texts
from tests.runs.test_damaged_rows import NUMBERS, TEXTS

ALL = (*PAGES, "compare", "sensitivity", "learn")


@pytest.fixture(autouse=True)
def store_url() -> str:
    """PostgreSQL keeps what fits a column, and nothing else."""
    return ""


def spoil_copies(store: RunStore, run: Run) -> list[str]:
    """A copy of a run's row for each column and damage; their names."""
    names = [column.name for column in RUNS.c]
    copies = []
    with store.writing() as connection:
        for column in (column for column in RUNS.c if column.name not in ("run_id", "seal")):
            for value in NUMBERS if column.type.python_type is not str else TEXTS:
                copies.append(f"copy-{len(copies)}")
                chosen = ", ".join(f'"{name}"' for name in names)
                given = {"run_id": (copies[-1],), "seal": (None,), column.name: (value,)}
                values = ", ".join("?" if name in given else f'"{name}"' for name in names)
                parameters = (*(given[name][0] for name in names if name in given), run.id)
                connection.exec_driver_sql(
                    f"INSERT INTO runs ({chosen}) SELECT {values} FROM runs WHERE run_id = ?", parameters
                )
    return copies


@pytest.mark.parametrize("name", ALL)
def test_damage_of_every_column_takes_no_page_down(name: str, make_run: Callable[..., Run]):
    good = make_run()
    store = RunStore()
    copies = spoil_copies(store, good)
    unreadable = [found.run_id for found in store.unreadable()]
    assert 20 < len(unreadable) < len(copies)
    for run_id in (good.id, unreadable[0]):
        app = open_page(name, run=run_id)
        assert not app.exception and not app.error
    if name == "home":
        assert f"<b>{unreadable[0]}</b> cannot be read" in texts(app)
