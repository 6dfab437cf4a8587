"""Damaged files for every reader: each must become a data set or a refusal in one sentence, within time and memory.

    python -m benchmarks.fuzz --files 10000 --json benchmarks/results/fuzz.json

Valid files of every format are made, then damaged at random: bits flipped, pieces cut out, doubled, swapped or put in
from other files, numbers in headers replaced by extreme ones. The damage depends on the number of the file alone, so
`--only npz --first 1234 --files 1` makes one again. Words of HDF5, which the program reads by a process of their
own for each file, are read here by one that is started again when it dies or hangs: starting it takes most of the time.
"""

import argparse
import io
import json
import re
import resource
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
import zipfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import machine
from benchmarks.specimens import KINDS, sound_files
from mmclust.data import readers
from mmclust.data.readers import hdf
from mmclust.data.readers.reading import Reading, understood
from mmclust.errors import is_for_the_user

if TYPE_CHECKING:
    pass

SLOW_S = 5.0
"""A file may take so much of the processor's time; the valid ones take milliseconds."""
MEMORY_GIB = 6
"""Address space beyond what the process has at its start."""
SHOWN_CRASHES = 5
EXTREMES = (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\0\0\0\x80", b"\x01\0\0\0")


def main() -> None:
    """Damage, read, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=500, help="damaged files for each kind")
    parser.add_argument("--first", type=int, default=0, help="number of the first damaged file")
    parser.add_argument("--only", choices=sorted(KINDS), help="one kind alone")
    parser.add_argument("--json", type=Path, help="where the result is written")
    args = parser.parse_args()
    limit_memory()
    hdf.spoken = speaker = Speaker()
    kinds = [args.only] if args.only else list(KINDS)
    found = {kind: attack(kind, args.files, first=args.first) for kind in kinds}
    result = {"bench": "fuzz", "limits": {"seconds": SLOW_S, "memory_gib": MEMORY_GIB}, "readers": found}
    result |= {"files": sum(one["files"] for one in found.values()), "machine": machine.describe()}
    result["processes_for_words_lost"] = speaker.n_lost
    result["crashes"] = sum(one["crashes"] for one in found.values())
    print(json.dumps(result, indent=2))
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + "\n")
    raise SystemExit(1 if result["crashes"] else 0)


class Speaker:
    """Reads words of HDF5 as `hdf.spoken` does, by a process that serves one file after the other.

    Files on which it dies or takes too long are counted in `n_lost`; it says nothing of their words then.
    """

    def __init__(self) -> None:
        self.n_lost = 0
        self.child: subprocess.Popen[str] | None = None

    def __call__(self, path: Path, names: list[str]) -> str:
        """A line of JSON for each data set of `path` that could be read."""
        if self.child is None or self.child.poll() is not None:
            command = [sys.executable, "-c", _SERVE]
            self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        child, said = self.child, []
        assert child.stdin is not None and child.stdout is not None
        watch = threading.Timer(hdf.WORDS_S, child.kill)
        watch.start()
        try:
            child.stdin.write(json.dumps([str(path), names]) + "\n")
            child.stdin.flush()
            while (line := child.stdout.readline()) and line != "\n":
                said.append(line)
        except BrokenPipeError:
            line = ""
        finally:
            watch.cancel()
        if not line:
            self.n_lost += 1
            child.kill()
            child.wait()
        return "".join(said)


_SERVE = """
import json, sys, h5py
for line in sys.stdin:
    path, names = json.loads(line)
    try:
        with h5py.File(path, "r") as file:
            for name in names:
                words = file[name][()].ravel().tolist()
                words = [word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word) for word in words]
                print(json.dumps([name, words]), flush=True)
    except Exception:
        pass
    print(flush=True)
"""


def limit_memory() -> None:
    """Let this process take no more than so much beyond what it has: a reader that wants more fails here."""
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY_GIB * 2**30, resource.getrlimit(resource.RLIMIT_AS)[1]))


def attack(kind: str, n_files: int, *, first: int = 0) -> dict[str, Any]:
    """Read damaged files of a kind: how many became data sets, how many were refused and why, how many crashed."""
    ending, valid = KINDS[kind][0], sound_files(kind)
    reasons: Counter[str] = Counter()
    crashes: list[str] = []
    read, slowest = 0, 0.0
    with tempfile.TemporaryDirectory(prefix="mmclust-fuzz-") as folder:
        for number in range(first, first + n_files):
            path = Path(folder) / f"file{number}{ending}"
            path.write_bytes(damaged(valid[number % len(valid)], valid, np.random.default_rng(number)))
            if (
                kind in ("npz", "zip", "parts", "pictures-beside", "workbooks") and number % 2
            ):  # else checksums would catch nearly all
                path.write_bytes(damaged_inside(valid[number % len(valid)], np.random.default_rng(number)))
            began = time.process_time()
            try:
                outcome = _outcome(path)
            except Exception:
                crashes.append(f"{kind} {number}: {traceback.format_exc(limit=-3)}")
            else:
                reasons.update([outcome] if outcome else [])
                read += not outcome
            took = time.process_time() - began
            slowest = max(slowest, took)
            if took > SLOW_S:
                crashes.append(f"{kind} {number}: took {took:.1f} s")
            readers.forget(path)
            path.unlink()
    return {
        "files": n_files,
        "read": read,
        "refused": sum(reasons.values()),
        "crashes": len(crashes),
        "slowest_s": round(slowest, 2),
        "reasons": dict(reasons.most_common()),
        **({"first_crashes": crashes[:SHOWN_CRASHES]} if crashes else {}),
    }


def _outcome(path: Path) -> str:
    """Empty for a data set, else the refusal with its numbers and names taken out.

    Raises:
        AssertionError: a refusal that is no sentence for a user.
    """
    reading = Reading()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = readers.read(path, reading)
    except ValueError as error:
        text = str(error)
        assert 0 < len(text) < 600 and "\n" not in text, f"no sentence: {text!r}"
        assert is_for_the_user(error), f"not raised for a user: {text!r}"
        return _pattern(text, path.name)
    assert understood(dataset, reading)
    assert all(len(view) == dataset.n_samples > 0 for view in dataset.views)
    return ""


def _pattern(text: str, name: str) -> str:
    """A sentence without what differs from file to file."""
    text = text.replace(name, "FILE").replace(name.split(".")[0], "FILE")
    text = re.sub(r"\([^()]*(\([^()]*\)[^()]*)*\)", "(...)", text)
    text = re.sub(r"-?\d[\d,.]*", "0", text)
    return re.sub(r"^.*? (?=in FILE|holds|has|have|is |are )", "... ", text)[:120]


def damaged(content: bytes, others: list[bytes], random: np.random.Generator) -> bytes:
    """A file with one to four wounds."""
    wounds = (_flip, _flip, _extreme, _extreme, _cut, _double, _swap, _graft, _end)
    for _ in range(int(random.integers(1, 5))):
        if content:
            content = wounds[random.integers(len(wounds))](content, others, random)
    return content


def damaged_inside(content: bytes, random: np.random.Generator) -> bytes:
    """A zip whose archive is sound, and one member of it, or its name, damaged."""
    source = zipfile.ZipFile(io.BytesIO(content))
    members = {info.filename: source.read(info) for info in source.infolist()}
    names = list(members)
    wounded = names[random.integers(len(names))]
    data = members.pop(wounded)
    if random.random() < 0.2:
        wounded = (f"../{wounded}", wounded[::-1], ".", f"/{wounded}", wounded.upper())[random.integers(5)]
    else:
        data = damaged(data, list(members.values()) or [data], random)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, one in (members | {wounded: data}).items():
            archive.writestr(name, one)
    return file.getvalue()


def _flip(content: bytes, others: list[bytes], random: np.random.Generator) -> bytes:
    found = bytearray(content)
    for place in random.integers(0, len(found), int(random.integers(1, 9))):
        found[place] ^= 1 << int(random.integers(8))
    return bytes(found)


def _extreme(content: bytes, others: list[bytes], random: np.random.Generator) -> bytes:
    """Four bytes, more often near the beginning, where headers are."""
    place = int(len(content) * random.random() ** 3)
    value = EXTREMES[random.integers(len(EXTREMES))]
    if random.random() < 0.3:
        value = struct.pack("<i", int(random.integers(-(2**31), 2**31)))
    return content[:place] + value + content[place + 4 :]


def _piece(content: bytes, random: np.random.Generator) -> tuple[int, int]:
    start = int(random.integers(len(content)))
    return start, start + int(random.integers(1, 1 + max(1, (len(content) - start) // 2)))


def _cut(content: bytes, others: list[bytes], random: np.random.Generator) -> bytes:
    start, stop = _piece(content, random)
    return content[:start] + content[stop:]


def _double(content: bytes, others: list[bytes], random: np.random.Generator) -> bytes:
    start, stop = _piece(content, random)
    return content[:stop] + content[start:stop] + content[stop:]


def _swap(content: bytes, others: list[bytes], random: np.random.Generator) -> bytes:
    middle = int(random.integers(len(content)))
    start, stop = _piece(content, random)
    return content[:start] + content[middle : middle + stop - start] + content[stop:]


def _graft(content: bytes, others: list[bytes], random: np.random.Generator) -> bytes:
    other = others[random.integers(len(others))]
    start, stop = _piece(other, random)
    place = int(random.integers(len(content)))
    return content[:place] + other[start:stop] + content[place + stop - start :]


def _end(content: bytes, others: list[bytes], random: np.random.Generator) -> bytes:
    return content[: int(random.integers(len(content)))]


if __name__ == "__main__":
    main()
