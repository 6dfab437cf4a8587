"""Checksums of points and runs, how many points the curves of a run that has ended have, and who started it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Rows that are there have no checksum."""
    op.add_column("metrics", sa.Column("checksum", sa.Integer))
    op.add_column("runs", sa.Column("n_points", sa.Integer))
    op.add_column("runs", sa.Column("seal", sa.String(8)))
    op.add_column("runs", sa.Column("creator", sa.String(40), nullable=False, server_default=""))
