"""Lists of lines beside pictures: each line begins with the name of one, and says its class, its part or a caption.

Names come with or without their ending, after the folders they lie in or not, or as numbers that another list gives.
"""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from mmclust.data.readers import delimited, labels, parts, words

MAX_LIST_BYTES = 2**24
MOST_LINES = 0.9
"""Share of lines that have to name a picture for a text to be a list of them."""
_LINE = re.compile(
    r"\s*[\"']?(?P<name>[^\t,;|\"']*?\.(?:png|jpe?g|jpe|jfif|bmp|gif|webp|avif|jp2|p[pgb]m|tiff?))[\"']?"
    r"(?:#(?P<number>\d+))?(?:$|(?:\s*[\t,;|]\s*|\s+)(?P<rest>.*))",
    re.IGNORECASE,
)
_BARE_LINE = re.compile(r"\s*(?P<name>[^\s,;|#]+)(?:$|[\s,;|]+(?P<rest>.*))")
"""A line that begins with the name of a picture without its ending."""


@dataclass
class Said:
    """What files say of pictures, by their names."""

    labels: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    split: dict[str, int] = field(default_factory=dict)
    columns: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What other columns say of pictures."""
    class_names: dict[int, str] = field(default_factory=dict)
    """What numbers of classes stand for."""
    ordered: dict[str, np.ndarray] = field(default_factory=dict)
    """Labels (N,) by the file that holds them, which names none of the N pictures."""
    named: set[str] = field(default_factory=set)
    """Pictures that some table names."""


class Names:
    """Pictures by every spelling that a table may use: path, file name, name without ending, without zeros."""

    def __init__(self, names: Iterable[str]) -> None:
        self.known: dict[str, str] = {}
        self.numbered: dict[str, str] = {}
        """Those that a list numbers, by these numbers."""
        self.stems: Counter[str] = Counter()
        for name in names:
            last = name.rsplit("/", 1)[-1]
            stem = os.path.splitext(last)[0]
            self.stems[stem] += 1
            number = str(int(stem)) if stem.isdecimal() else stem  # tables drop the zeros of 007
            for spelling in (number, stem, last, name):
                self.known[spelling] = name

    def number(self, text: str) -> bool:
        """Take over a list that numbers the pictures, such as `7 cats/7.jpg`; whether it is one."""
        rows = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
        found = {row[0]: self.find(row[1]) for row in rows if len(row) == 2 and row[0].isdecimal()}
        if len(found) < max(2, MOST_LINES * len(rows)) or None in found.values():
            return False
        if any(self.find(number) for number in found):
            return False  # pictures have numbers for names
        self.numbered |= {number: name for number, name in found.items() if name is not None}
        self.known |= self.numbered
        return True

    @property
    def count(self) -> int:
        """How many pictures there are."""
        return len(set(self.known.values()))

    def find(self, value: str) -> str | None:
        """The picture that is meant; None for none."""
        value = value.strip().replace("\\", "/").removeprefix("./")
        if value in self.known:
            return self.known[value]
        pieces = value.split("/")
        for start in range(1, len(pieces)):
            if (end := "/".join(pieces[start:])) in self.known:
                return self.known[end]
        return self.known.get(os.path.splitext(pieces[-1])[0])


def take(text: str, name: str, found: Said, known: Names) -> str | None:
    """Take over a list of lines with the name of a picture and what is said of it.

    Returns:
        Why it is left out, empty where it is not; None where it is no such list.
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    for pattern in (_LINE, _BARE_LINE):
        matches = [match for line in lines if (match := pattern.fullmatch(line)) and known.find(match["name"])]
        by_number = sum(match["name"] in known.numbered for match in matches)
        if by_number and 2 * by_number < known.count:
            continue  # numbers of something else, such as classes
        if len(matches) >= max(1, MOST_LINES * (len(lines) - 2)) and len(matches) > 1:
            break
    else:
        values = _as_values([line.strip().strip("\"'") for line in lines])
        if len(values) != known.count or not labels.few(values) or any("\t" in line or "," in line for line in lines):
            return None
        found.ordered[name] = values
        return ""
    said: dict[str, list[str]] = {}
    for match in matches:
        said.setdefault(str(known.find(match["name"])), []).append((match["rest"] or "").strip().strip("\"'"))
    if (is_test := part_of_name(name)) is not None:
        found.split |= dict.fromkeys(said, is_test)
    if not any(map(any, said.values())):
        return "" if is_test is not None else "names pictures and says nothing of them"
    return _take_said(said, name, found)


def part_of_name(name: str) -> int | None:
    """0 or 1 for a file whose name says to which part the pictures belong that it names."""
    part = parts.taken_apart(os.path.splitext(PurePosixPath(name).name)[0])[1]
    return int(part.is_test) if part is not None and part.is_split else None


def _take_said(said: Mapping[str, list[str]], name: str, found: Said) -> str:
    """Take over what a list of lines says of each picture: its part, its class or captions; why not, if so."""
    rows = {picture: [_cells_of(one) for one in values] for picture, values in said.items()}
    widths = {len(row) for values in rows.values() for row in values}
    if widths == {1} and _SPLIT_WORDS & set(words.tokens(PurePosixPath(name).name)):
        train = "1" if "train" in words.tokens(PurePosixPath(name).name) else "0"  # is_training_image, or a number
        found.split |= {picture: int(values[0][0] not in (train, "train")) for picture, values in rows.items()}
        return ""
    firsts = {picture: values[0][0] for picture, values in rows.items()}
    others = [cell for values in rows.values() for row in values for cell in row[1:]]
    if len(widths) == 1 and all(map(delimited.is_number, others)):
        if all(map(delimited.is_number, firsts.values())) and others:
            found.named |= said.keys()
            return "several numbers for each picture"
        is_single = all(len(values) == 1 for values in rows.values())
        values_ = _as_values(list(firsts.values()))
        are_short = not any(" " in value for value in firsts.values())  # no captions, however few lines there are
        is_known = {number_or_word(value) for value in firsts.values()} <= set(found.labels.values())
        if is_single and (labels.few(values_) or (are_short and (labels.repeats(values_) or is_known))):
            found.named |= said.keys()
            found.labels |= {picture: number_or_word(value) for picture, value in firsts.items()}
            return ""
        if is_single and all(map(delimited.is_number, firsts.values())):
            return "a number for each picture"
    found.named |= said.keys()
    found.texts |= {picture: joined(values) for picture, values in said.items()}
    return ""


_SPLIT_WORDS = frozenset((*words.SPLITS, "partition", "eval"))


def _cells_of(text: str) -> list[str]:
    """What stands in one line beside a name: cells by tabs, commas or semicolons, numbers also by spaces."""
    cells_ = [cell.strip() for cell in re.split(r"\t|[,;] ?(?=\S)", text) if cell.strip()]
    spaced = text.split()
    if len(cells_) < 2 and len(spaced) > 1 and all(map(delimited.is_number, spaced)):
        return spaced
    if len(cells_) > 1 and any(" " in cell for cell in cells_):
        return [text]  # a sentence with commas
    return cells_ or [""]


def _as_values(found: list[str]) -> np.ndarray:
    numbers = all(one.lstrip("-").isdecimal() for one in found)
    return np.array(found, np.int64) if numbers else np.array(found, object)


def number_or_word(value: str) -> int | str:
    """A class as a list of lines has it: a number where it is one."""
    return int(value) if value.lstrip("-").isdecimal() else value


def joined(texts: Iterable[str]) -> str:
    """Several captions of one picture as one text."""
    return " ".join(dict.fromkeys(text.strip() for text in texts if text.strip()))


def numbered_first(files: Iterable[tuple[str, bytes]], known: Names) -> Iterator[tuple[str, bytes]]:
    """The files, lists of lines last: by then it is known which of them numbers the pictures."""
    lists = []
    for name, data in files:
        if not name.lower().endswith(".txt") or len(data) > MAX_LIST_BYTES:
            yield name, data
        elif not known.number(data.decode(errors="replace")):
            lists.append((name, data))
    yield from lists
