"""The tables of version 0.1.0: where every store begins that has no version of its own."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Nothing: `mmclust.runs.tables` makes them where they are not there."""
