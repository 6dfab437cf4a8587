"""What the folder of a run says of itself, so that the store can be mended from it.

    journal.txt  a line per report of training: a checksum, then step, epoch and values as JSON
    record.json  the row of the runs table as it was at the last checkpoint, or at the end

Both are written before the checkpoint that follows them: nothing that a resumed run will not compute again is in the
store alone.
"""

import json
import logging
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

JOURNAL, RECORD = "journal.txt", "record.json"

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
    write_whole(folder / RECORD, json.dumps(dict(row), indent=2).encode())


def read_record(folder: Path) -> dict[str, Any]:
    """The row that `write_record` kept; empty where there is none that can be read."""
    try:
        row = json.loads((folder / RECORD).read_bytes())
    except (OSError, ValueError):
        return {}
    return row if isinstance(row, dict) else {}


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


def figures(values: Mapping[str, float]) -> dict[str, float]:
    """The figures of a run among values of its curves: those of an evaluation."""
    return {name.removeprefix("eval/"): float(value) for name, value in values.items() if name.startswith("eval/")}


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
