"""What the folder of a run says of itself, so that the store can be mended from it.

    journal.txt  a line per report of training: a checksum, then step, epoch and values as JSON
    record.json  the row of the runs table as it was at the last checkpoint, or at the end
    words.json   the columns of that row which users write

The first two are written before the checkpoint that follows them: the store alone has nothing but what a resumed run
computes again.
"""

import json
import logging
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select

from mmclust.runs import seals
from mmclust.runs.tables import METRICS

JOURNAL, RECORD, WORDS = "journal.txt", "record.json", "words.json"
CHECKSUM = "checksum"
OF_USERS = ("title", "note", "cluster_names")
"""Columns of the runs table that users write at any time."""

log = logging.getLogger(__name__)


class Entry(NamedTuple):
    """Values that belong to one step."""

    step: int
    epoch: float
    values: dict[str, float]


def append(folder: Path, entries: Sequence[Entry]) -> None:
    """Write entries to the end of a run's journal: all of them, on the disk, or none.

    Raises:
        OSError: they cannot be written.
    """
    with (folder / JOURNAL).open("ab") as file:
        before = file.tell()
        try:
            file.write(b"\n" if before and not _ends_a_line(folder / JOURNAL) else b"")
            file.write(b"".join(map(_line, entries)))
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            os.truncate(folder / JOURNAL, before)
            raise


def read(folder: Path) -> list[Entry]:
    """The entries of a run's journal in the order they came, without those that are damaged."""
    try:
        lines = (folder / JOURNAL).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    entries = [entry for line in lines if line and (entry := _entry(line)) is not None]
    if damaged := sum(map(bool, lines)) - len(entries):
        log.warning("%s: %d of %d lines are damaged", folder / JOURNAL, damaged, len(lines))
    return entries


def replace(folder: Path, entries: Iterable[Entry]) -> None:
    """Let a run's journal hold these entries and no others.

    Raises:
        OSError: it cannot be written.
    """
    write_whole(folder / JOURNAL, b"".join(map(_line, entries)))


def write_record(folder: Path, row: Mapping[str, Any]) -> None:
    """Keep a row of the runs table beside the run's files.

    Raises:
        OSError: it cannot be written.
    """
    kept = {**row, CHECKSUM: ""}
    write_whole(folder / RECORD, json.dumps(kept | {CHECKSUM: _checksum(kept)}, indent=2).encode())


def read_record(folder: Path) -> dict[str, Any]:
    """The row that `write_record` kept; empty where there is none that is as it was written.

    One of an earlier version has no checksum.
    """
    try:
        row = json.loads((folder / RECORD).read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(row, dict) or row.get(CHECKSUM) not in (None, _checksum(row | {CHECKSUM: ""})):
        log.warning("%s is damaged", folder / RECORD)
        return {}
    row.pop(CHECKSUM, None)
    return row


def checksum(text: str) -> str:
    """By which a text is known to be as it was written."""
    return f"{zlib.crc32(text.encode()):08x}"


def _checksum(row: Mapping[str, Any]) -> str:
    return checksum(json.dumps(dict(row), sort_keys=True))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there as it was, or as it is to be, at any moment.

    Raises:
        OSError: it cannot be written.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def points(run_id: str, entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Rows of the metrics table, one for each value of each entry."""
    return [
        {"run_id": run_id, "step": step, "epoch": epoch, "name": name, "value": value}
        for step, epoch, values in entries
        for name, value in values.items()
    ]


def metrics(values: Mapping[str, float]) -> dict[str, float]:
    """The metrics of a run among values of its curves: those of an evaluation."""
    return {name.removeprefix("eval/"): float(value) for name, value in values.items() if name.startswith("eval/")}


def last_metrics(entries: Sequence[Entry]) -> dict[str, float]:
    """The metrics of the last evaluation; empty where there is none."""
    return next((found for entry in reversed(entries) if (found := metrics(entry.values))), {})


def entries_of(connection: Connection, run_id: str) -> list[Entry]:
    """The curves of a run in the store, as entries: values of one step stand together.

    Points that are damaged are left out.
    """
    found: list[Entry] = []
    for step, epoch, name, value in _undamaged(connection, run_id):
        if not found or found[-1].step != step or name in found[-1].values:
            found.append(Entry(step, epoch, {}))
        found[-1].values[name] = float("nan") if value is None else value
    return found


def missing(connection: Connection, run_id: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those points of a run that the store does not have."""
    known = {(step, name) for step, _, name, _ in _undamaged(connection, run_id)}
    return [point for point in rows if (point["step"], point["name"]) not in known]


def mend(connection: Connection, run_id: str, entries: Sequence[Entry]) -> int:
    """Add to the curves of a run what its journal has beyond them; how many points there are then."""
    lacking = missing(connection, run_id, points(run_id, entries))
    stored = points(run_id, entries_of(connection, run_id))
    whole = [*stored, *lacking]
    if len(stored) != seals.n_points(connection, run_id) or lacking:
        # all of them anew: readers who know some see that these are void
        connection.execute(delete(METRICS).where(METRICS.c.run_id == run_id))
        seals.add_points(connection, sorted(whole, key=lambda point: point["step"]))
    return len(whole)


def _undamaged(connection: Connection, run_id: str) -> Iterator[tuple[int, float, str, float | None]]:
    query = select(METRICS).where(METRICS.c.run_id == run_id).order_by(METRICS.c.id)
    for row in connection.execute(query):
        if not seals.is_damaged(run_id, row):
            yield row.step, row.epoch, row.name, row.value


def write_words(folder: Path, words: Mapping[str, str]) -> None:
    """Keep the user's words for a run beside its files: title, note, names of clusters.

    Raises:
        OSError: they cannot be written.
    """
    write_whole(folder / WORDS, json.dumps(read_words(folder) | dict(words)).encode())


def read_words(folder: Path) -> dict[str, str]:
    """What `write_words` kept."""
    try:
        words = json.loads((folder / WORDS).read_bytes())
    except (OSError, ValueError):
        return {}
    return {name: text for name, text in words.items() if name in OF_USERS and isinstance(text, str)}


def _line(entry: Entry) -> bytes:
    text = json.dumps(entry).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _entry(line: bytes) -> Entry | None:
    checksum, _, text = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(text):
        return None
    step, epoch, values = json.loads(text)
    return Entry(step, epoch, values)


def _ends_a_line(path: Path) -> bool:
    """Whether a file that is not empty ends with a whole line: a power cut may leave half of one."""
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"
