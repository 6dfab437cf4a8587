"""Queries that may take any amount of memory, answered by a process of its own (see `room`)."""

import contextlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mmclust.columns import ready, room

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ENDED_BY_TIME = [getattr(signal, name) for name in ("SIGXCPU", "SIGALRM") if hasattr(signal, name)]


def answer_apart(columns: "pa.Table", sql: str, *, time_s: float) -> "pd.DataFrame":
    """The table that one SELECT gives, from a process of its own.

    Raises:
        duckdb.Error: as DuckDB does.
        duckdb.PermissionException: it is no SELECT, or more than one statement.
        duckdb.InterruptException: it took longer.
        duckdb.OutOfMemoryException: it, or its answer, needs more memory than it may have.
    """
    import duckdb
    import pyarrow as pa

    told = json.dumps([sql, time_s]).encode() + b"\n" + room.packed(columns)
    code, out = _asked(told, room.START_S + time_s)
    if code is not None and -code in ENDED_BY_TIME:
        raise duckdb.InterruptException
    if code == 0:
        return pa.ipc.open_stream(out).read_all().to_pandas()
    kind, text = json.loads(out) if code == room.REFUSED else ("OutOfMemoryException", "")
    raise getattr(duckdb, kind)(text)


def make_ready() -> None:
    """Have a process load what queries need, before the first one is asked; returns at once."""
    if ready.POSSIBLE:
        ready.one()


def _asked(told: bytes, most_s: float) -> tuple[int | None, bytes]:
    """Exit code and answer of a process of its own, None for the code where it is not known.

    Raises:
        duckdb.InterruptException: it took longer.
    """
    import duckdb

    if ready.POSSIBLE:
        with contextlib.suppress(OSError):  # it was ended from outside just now
            return ready.one().ask(told)
    command = [sys.executable, "-m", "mmclust.columns.room"]
    about = {"cwd": Path(__file__).parents[2], "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    try:
        done = subprocess.run(command, input=told, timeout=most_s, check=False, **about)
    except subprocess.TimeoutExpired:
        raise duckdb.InterruptException from None
    return done.returncode, done.stdout
