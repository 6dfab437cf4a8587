"""Questions to the table of a run, answered by DuckDB in a closed room, with limits of memory and time."""

import contextlib
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from mmclust.columns import apart, room, wording
from mmclust.columns.table import RunTable
from mmclust.columns.wording import QueryError, Statement

if TYPE_CHECKING:
    import pandas as pd

TIME_S = 10.0
"""How long a query may take."""
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
    columns = table.arrow(dict.fromkeys(("sample", *made.columns)))
    with _telling(made, query):
        if made.may_grow:
            return apart.answer_apart(columns, made.sql, time_s=time_s)
        with room.opened(columns) as here, room.limited(here, time_s):
            return here.execute(made.sql).fetchdf()


@contextlib.contextmanager
def _telling(made: Statement, query: str) -> Iterator[None]:
    """Errors of DuckDB in words, with their place in the query."""
    import duckdb

    try:
        yield
    except duckdb.InterruptException:
        raise QueryError("the query took too long and was stopped; ask for less", query) from None
    except duckdb.OutOfMemoryException:
        raise QueryError(f"the query needs more than {room.MEMORY} of memory; ask for less", query) from None
    except duckdb.PermissionException as error:
        message = "the query is refused: one SELECT from the table of the run is answered, and nothing else"
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
