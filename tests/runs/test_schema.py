"""Stores of earlier versions are brought up to date, those of later ones refused in a sentence."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from mmclust.runs import schema
from mmclust.runs.errors import StoreUnavailable
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore

ADDS_A_COLUMN = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9002", "{before}"


def upgrade():
    op.add_column("runs", sa.Column("mood", sa.String(20), nullable=False, server_default="calm"))
    {more}
"""


def version(store: RunStore) -> str:
    with store.reading() as connection:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()


def columns(store: RunStore) -> set[str]:
    with store.reading() as connection:
        return {column["name"] for column in inspect(connection).get_columns("runs")}


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A version of the program whose tables have a column more."""

    def change(more: str = "pass") -> None:
        versions = tmp_path / "migrations" / "versions"
        versions.mkdir(parents=True, exist_ok=True)
        for known in (schema.MIGRATIONS / "versions").glob("v*.py"):
            (versions / known.name).write_text(known.read_text())
        (versions / "v9002.py").write_text(ADDS_A_COLUMN.format(more=more, before=schema.VERSION))
        monkeypatch.setattr(schema, "MIGRATIONS", tmp_path / "migrations")
        monkeypatch.setattr(schema, "VERSION", "9002")

    return change


def test_the_last_migration_leads_to_the_version_of_the_program():
    from alembic.script import ScriptDirectory

    assert ScriptDirectory(str(schema.MIGRATIONS)).get_heads() == [schema.VERSION]


@pytest.mark.parametrize("noted", [True, False], ids=["of this version", "from before versions"])
def test_a_store_of_an_earlier_version_is_brought_up_to_date(later, noted: bool):
    store = RunStore()
    run = store.create(RunSpec(dataset="digits", method="dccs", config={}, epochs=3, title="mine"))
    if not noted:
        with store.writing() as connection:
            connection.execute(text("DROP TABLE alembic_version"))
            for table, column in (("runs", "seal"), ("runs", "n_points"), ("runs", "creator"), ("metrics", "checksum")):
                connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {column}"))
    store.close()
    later()
    again = RunStore()
    assert version(again) == "9002" and "mood" in columns(again)
    assert again.record(run.id).title == "mine"
    assert version(RunStore()) == "9002"


def test_a_migration_that_breaks_off_leaves_the_store_as_it_was(later):
    store = RunStore()
    run = store.create(RunSpec(dataset="digits", method="dccs", config={}, epochs=3))
    before, known = columns(store), version(store)
    later("op.execute('SELECT nothing FROM nowhere')")
    with pytest.raises(StoreUnavailable, match="cannot be used"):
        RunStore()
    assert version(store) == known != schema.VERSION and columns(store) == before
    assert store.record(run.id).run_id == run.id


def test_a_store_of_a_later_version_is_refused_in_a_sentence():
    store = RunStore()
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreUnavailable, match="written by a later version of mmclust .*update mmclust") as caught:
        RunStore()
    assert "\\n" not in str(caught.value)
    assert version(store) == "9999"


def test_alembic_is_not_loaded_for_a_store_of_this_version():
    code = "import sys; from mmclust.runs.store import RunStore; RunStore(); sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0
