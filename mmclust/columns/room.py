"""A closed room in which DuckDB answers: it reads the table that it is shown and nothing else.

A fresh database in memory is shown some columns, then its door is shut: no files, no network, no extensions, no other
objects of this process, a limit of memory. DuckDB's limit counts neither texts that a step of a query is making nor the
answer, so that `range(4000000000)` or `repeat('x', 10000000)` would take all the memory that there is. What may grow
is therefore answered by a process of its own, which the system gives no more than it may have: a copy of one that has
loaded everything (see `apart` and `ready`), and where the system makes no copies `python -m mmclust.columns.room`.
"""

import contextlib
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MEMORY = "1GB"
ADDRESSES = 4 << 30
"""Bytes that such a process may have: DuckDB's memory, its texts, the answer twice, and what libraries set apart."""
ANSWER_BYTES = 256 << 20
THREADS = 2
START_S = 60.0
"""How long its start may take on a busy machine, in addition to the time of the query."""
REFUSED = 3
"""Exit code with which an error goes out in place of an answer."""
NO_TABLE = "the answer holds values that no table shows; cast them, as in column::text"


@contextlib.contextmanager
def opened(columns: "pa.Table") -> "Iterator[duckdb.DuckDBPyConnection]":
    """A database that holds these columns as the table `run`, and that can reach nothing else."""
    import duckdb

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
        room.register("run", columns)
        room.execute("SET lock_configuration = true")
        yield room
    finally:
        room.close()


@contextlib.contextmanager
def limited(room: "duckdb.DuckDBPyConnection", time_s: float) -> Iterator[None]:
    """Stop what runs inside after a while."""
    timer = threading.Timer(time_s, room.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def packed(table: "pa.Table") -> bytes:
    """A table as bytes."""
    import pyarrow as pa

    out = pa.BufferOutputStream()
    with pa.ipc.new_stream(out, table.schema) as stream:
        stream.write_table(table)
    return out.getvalue().to_pybytes()


def main() -> None:
    """Entry of a process: a query and the columns come in, an answer or an error goes out."""
    out, code = served(sys.stdin.buffer)
    sys.stdout.buffer.write(out)
    sys.stdout.flush()
    sys.exit(code)


def served(given: BinaryIO) -> tuple[bytes, int]:
    """Answer or error, and exit code, of a process that is there for one question; it has limits from then on."""
    import duckdb
    import pyarrow as pa

    sql, time_s = json.loads(given.readline())
    columns = pa.ipc.open_stream(given.read()).read_all()
    _take_no_more(time_s)
    if hasattr(signal, "alarm"):
        signal.alarm(int(START_S + time_s))
    try:
        return _answer(columns, sql, time_s), 0
    except (MemoryError, pa.ArrowCapacityError):
        return _error("OutOfMemoryException", ""), REFUSED
    except pa.ArrowException:
        return _error("ConversionException", NO_TABLE), REFUSED
    except duckdb.Error as error:
        return _error(type(error).__name__, str(error)), REFUSED


def _error(kind: str, text: str) -> bytes:
    return json.dumps((kind, text)).encode()


def _answer(columns: "pa.Table", sql: str, time_s: float) -> bytes:
    import duckdb
    import pyarrow as pa

    with opened(columns) as room, limited(room, time_s):
        found = room.extract_statements(sql)
        if len(found) != 1 or found[0].type != duckdb.StatementType.SELECT:
            raise duckdb.PermissionException
        out = packed(pa.Table.from_pandas(room.execute(sql).fetchdf(), preserve_index=False))
    if len(out) > ANSWER_BYTES:
        raise MemoryError
    return out


def _take_no_more(time_s: float) -> None:
    """Let the system refuse more memory and time, where it can: a step of a query hears of no interruption."""
    try:
        import resource
    except ImportError:
        return
    most = int(time.process_time() + THREADS * time_s) + 2
    for kind, soft, hard in (
        (resource.RLIMIT_AS, ADDRESSES, ADDRESSES),
        (resource.RLIMIT_CPU, most, most + 1),
    ):
        with contextlib.suppress(ValueError, OSError):  # macOS sets no limit of memory, others have a lower one
            resource.setrlimit(kind, (soft, hard))


if __name__ == "__main__":
    main()
