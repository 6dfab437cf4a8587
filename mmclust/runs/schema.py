"""The version of a store's tables: noted in it, looked at whenever it is opened, and brought up to date by Alembic.

A change of the tables is a file in `migrations/versions` (`revision`, `down_revision`, `upgrade()` with Alembic's
`op`), and its revision the new `VERSION`. Alembic is imported for a store of an earlier version alone.
"""

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select

from mmclust.runs.errors import StoreUnavailable
from mmclust.runs.tables import METADATA, RUNS

FIRST, VERSION = "0001", "0002"
"""Of a store that notes none, and of the tables as they are now."""
MIGRATIONS = Path(__file__).with_name("migrations")
NOTED = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
"""Alembic's own table."""


def prepare(connection: Connection) -> None:
    """Make the tables, or bring those of an earlier version up to date; within the caller's transaction.

    Raises:
        StoreUnavailable: they are of a later version.
    """
    known = inspect(connection)
    if not known.has_table(RUNS.name):
        _note(connection, VERSION)
    elif not known.has_table(NOTED.name):
        _note(connection, FIRST)
    found = connection.scalar(select(NOTED.c.version_num)) or FIRST
    if found != VERSION:
        _migrate(connection, found)
    METADATA.create_all(connection)


def _note(connection: Connection, version: str) -> None:
    NOTED.create(connection, checkfirst=True)
    connection.execute(insert(NOTED).values(version_num=version))


def _migrate(connection: Connection, found: str) -> None:
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(MIGRATIONS))
    if found not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreUnavailable(
            f"the run store was written by a later version of mmclust (its tables are of version {found}, this program "
            f"knows {VERSION}); update mmclust, or set MMCLUST_HOME to another folder"
        )
    options = {"fn": lambda revision, _: scripts._upgrade_revs(VERSION, revision), "script": scripts}
    context = MigrationContext.configure(connection, opts=options)
    with Operations.context(context):
        context.run_migrations()
