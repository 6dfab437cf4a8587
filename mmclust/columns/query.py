"""Questions to the table of a run, answered by DuckDB in a closed room: it reads this table and nothing else.

A fresh database in memory is shown the columns that a query names, then its door is shut: no files, no network,
no extensions, no other objects of this process, a limit of memory and one of time.
"""

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from mmclust.columns import wording
from mmclust.columns.table import RunTable
from mmclust.columns.wording import QueryError, Statement

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

TIME_S = 10.0
"""How long a query may take."""
MEMORY = "1GB"
THREADS = 2
LONGEST = 4000
"""Characters of a query."""


def select(table: RunTable, query: str, *, time_s: float = TIME_S) -> np.ndarray:
    """Places (m,) in the clustering's arrays of the samples that a query gives, in the order that it gives them.

    Args:
        table: of the run.
        query: an expression such as `confidence < 0.6 and font == "serif"`, or a SELECT from `run` whose first column
            is `sample`; see `wording` for the grammar.
        time_s: after which it is stopped.

    Raises:
        QueryError: it has an error, asks for files or takes too long; says where.
    """
    frame = answer(table, query, time_s=time_s)
    if frame.columns[0].lower() != "sample":
        message = f"the first column is {frame.columns[0]}; select sample first, as in SELECT sample FROM run"
        raise QueryError(message, query)
    ids = frame.iloc[:, 0].dropna().to_numpy()
    if ids.dtype.kind not in "iu":
        raise QueryError("the first column holds no numbers of samples; select sample first", query)
    places = table.clustering.derive("places of ids", lambda: _of_ids(table.clustering.ids))
    rows = places[ids[(ids >= 0) & (ids < len(places))]]
    rows = rows[rows >= 0]
    if (np.bincount(rows, minlength=1) <= 1).all():
        return rows
    return rows[np.sort(np.unique(rows, return_index=True)[1])]


def _of_ids(ids: np.ndarray) -> np.ndarray:
    """Place of each id from 0 to the largest, -1 where it is no sample's."""
    found = np.full(int(ids.max(initial=-1)) + 1, -1, np.int32)
    found[ids] = np.arange(len(ids))
    return found


def answer(table: RunTable, query: str, *, time_s: float = TIME_S) -> "pd.DataFrame":
    """The table that a query gives; of an expression the samples for which it is true.

    Raises:
        QueryError: see `select`.
    """
    query = query.strip()
    if len(query) > LONGEST:
        raise QueryError(f"the query has {len(query):,} characters; at most {LONGEST:,} are read", query)
    whole = wording.is_statement(query)
    made = (wording.statement if whole else wording.expression)(query, list(table.columns))
    with _room(table, made) as room, _telling(made, query), _limited(room, time_s):
        if whole:
            _check_one_select(room, query)
        return room.execute(made.sql).fetchdf()


@contextlib.contextmanager
def _room(table: RunTable, made: Statement) -> "Iterator[duckdb.DuckDBPyConnection]":
    """A database that holds the columns that are asked for, and that can reach nothing else."""
    import duckdb

    columns = dict.fromkeys(("sample", *made.columns))
    room = duckdb.connect(":memory:", config={"threads": THREADS, "memory_limit": MEMORY})
    try:
        for setting in (
            "python_enable_replacements = false",
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            "temp_directory = ''",
            "errors_as_json = true",
            "enable_external_access = false",
        ):
            room.execute(f"SET {setting}")
        room.register("run", table.arrow(columns))
        room.execute("SET lock_configuration = true")
        yield room
    finally:
        room.close()


def _check_one_select(room: "duckdb.DuckDBPyConnection", query: str) -> None:
    import duckdb

    found = room.extract_statements(query)
    if len(found) != 1 or found[0].type != duckdb.StatementType.SELECT:
        raise QueryError("one SELECT is answered, and nothing else", query)


@contextlib.contextmanager
def _limited(room: "duckdb.DuckDBPyConnection", time_s: float) -> Iterator[None]:
    """Stop what runs inside after a while."""
    timer = threading.Timer(time_s, room.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextlib.contextmanager
def _telling(made: Statement, query: str) -> Iterator[None]:
    """Errors of DuckDB in words, with their place in the query."""
    import duckdb

    try:
        yield
    except duckdb.InterruptException:
        raise QueryError("the query took too long and was stopped; ask for less", query) from None
    except duckdb.OutOfMemoryException:
        raise QueryError(f"the query needs more than {MEMORY} of memory; ask for less", query) from None
    except duckdb.PermissionException as error:
        message = "the query is refused: it reads the table of the run alone, and writes nothing"
        raise QueryError(message, query, _place(error, made)) from None
    except duckdb.Error as error:
        place = _place(error, made)
        ends = place == len(query) and not wording.is_statement(query)
        raise QueryError("the query ends too early" if ends else _words(error, query), query, place) from None


def _about(error: Exception) -> dict[str, str]:
    text = str(error)
    with contextlib.suppress(ValueError):
        return json.loads(text[text.index("{") :])
    return {"exception_message": text}


def _place(error: Exception, made: Statement) -> int | None:
    position = _about(error).get("position", "")
    return made.place(int(position)) if position.isdigit() else None


def _words(error: Exception, query: str) -> str:
    """What DuckDB says, its first sentence; a word that only our wording of the query holds is left out."""
    said = _about(error).get("exception_message", "") or str(error)
    first = said.strip().splitlines()[0].strip() if said.strip() else "the query has an error"
    near = re.search(r' at or near "(.*)"', first)
    return (first if near is None or near[1] in query else first[: near.start()]).rstrip("!.")
