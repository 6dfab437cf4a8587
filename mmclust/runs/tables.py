"""The store's tables, for SQLite and PostgreSQL."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

RUNS = Table(
    "runs",
    METADATA,
    Column("run_id", String(120), primary_key=True),
    Column("spec", Text, nullable=False),
    Column("title", Text, nullable=False, default=""),
    Column("launcher", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("request", String(10), nullable=False, default=""),
    Column("created", Float, nullable=False),
    Column("queued", Float, nullable=False),
    Column("waiter_seen", Float),
    Column("waiting_for", Text, nullable=False, default=""),
    Column("started", Float),
    Column("ended", Float),
    Column("heartbeat", Float),
    Column("token", String(32)),
    Column("owner", String(200)),
    Column("device", String(20), nullable=False, default=""),
    Column("step", Integer, nullable=False, default=0),
    Column("total_steps", Integer, nullable=False, default=0),
    Column("epoch", Float, nullable=False, default=0.0),
    Column("seconds", Float, nullable=False, default=0.0),
    Column("samples_per_s", Float),
    Column("n_samples", Integer),
    Column("n_clusters", Integer),
    Column("metrics", Text),
    Column("error", Text, nullable=False, default=""),
    Column("note", Text, nullable=False, default=""),
    Column("cluster_names", Text, nullable=False, default="{}"),
    Column("environment", Text, nullable=False, default="{}"),
    Column("n_points", Integer),
    Column("creator", String(40), nullable=False, default=""),
    Column("seal", String(8)),
)
"""One row per run. `token` is drawn at each claim: who holds it may write; `owner` names the process.

`n_points`: of its curves, when it has ended. `creator`: who started it, as `mmclust.audit` names users. `seal`: see
`mmclust.runs.seals`.
"""

METRICS = Table(
    "metrics",
    METADATA,
    # Ids are never given twice, so that "everything after id n" stays true after points were taken back.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("run_id", String(120), ForeignKey("runs.run_id", ondelete="CASCADE"), nullable=False),
    Column("step", Integer, nullable=False),
    Column("epoch", Float, nullable=False),
    Column("name", Text, nullable=False),
    Column("value", Float),
    Column("checksum", Integer),
    Index("metrics_of_run", "run_id", "id"),
    sqlite_autoincrement=True,
)
"""Points of curves, only appended. A missing value is NaN (SQLite has no NaN)."""

PENDING_CHANGES = Table(
    "wishes",  # what stores have called it from the beginning
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("run_id", String(120), ForeignKey("runs.run_id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("value", Text, nullable=False),
    Index("wishes_of_run", "run_id", "id"),
    sqlite_autoincrement=True,
)
"""Hyper-parameters that users want changed in a run that trains, as JSON values, until they are."""

LEASES = Table(
    "leases",
    METADATA,
    Column("device", String(200), primary_key=True),
    Column("run_id", String(120), nullable=False),
    Column("token", String(32), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("heartbeat", Float, nullable=False),
)
"""Who uses a device, `machine/cpu` or `machine/cuda:0`, or a place on it for a run of a sweep, `machine/cpu/sweep-1`.

No row: it is free.
"""

SWEEPS = Table(
    "sweeps",
    METADATA,
    Column("sweep_id", String(120), primary_key=True),
    Column("spec", Text, nullable=False),
    Column("title", Text, nullable=False, default=""),
    Column("status", String(20), nullable=False),
    Column("request", String(10), nullable=False, default=""),
    Column("created", Float, nullable=False),
    Column("heartbeat", Float, nullable=False),
    Column("owner", String(200), nullable=False),
    Column("ended", Float),
    Column("n_runs", Integer, nullable=False),
    Column("failures", Text, nullable=False, default="{}"),
)
"""One row per sweep: what was asked, and which process works on it. The same commands are the same sweep."""

SWEEP_RUNS = Table(
    "sweep_runs",
    METADATA,
    Column("sweep_id", String(120), ForeignKey("sweeps.sweep_id", ondelete="CASCADE"), primary_key=True),
    Column("cell", Integer, primary_key=True),
    Column("seed", Integer, primary_key=True),
    Column("run_id", String(120), ForeignKey("runs.run_id", ondelete="CASCADE"), nullable=False),
)
"""Which run belongs to a cell of a sweep; one run may belong to many sweeps."""

ANNOTATIONS = Table(
    "annotations",
    METADATA,
    Column("annotation_id", String(32), primary_key=True),
    # No foreign key: the bundled example can be annotated too, and its row is in another database.
    Column("run_id", String(120), nullable=False, index=True),
    Column("name", String(100), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("steps", Text, nullable=False, default="[]"),
    Column("n_applied", Integer, nullable=False, default=0),
    Column("version", Integer, nullable=False, default=0),
    Column("created", Float, nullable=False),
    UniqueConstraint("run_id", "name"),
)
"""What users laid over the clusters of runs. Steps after `n_applied` were undone; `version` counts the changes."""
