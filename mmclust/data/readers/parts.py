"""Parts of one set: files and arrays that hold some of its samples each, such as `X_train` and `X_test` or shards.

Parts are rows, never views. A name is taken apart into what is held (`X`) and which part of it (`train`, the second
shard); things of one base are joined along their samples, and which of them were to train on and which to test is kept.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmclust.data.readers import words

TRAIN = frozenset(
    ("train", "training", "trn", "gallery", "database", "retrieval", "labeled", "labelled", "unlabeled", "unlabelled")
)
TEST = frozenset(
    ("test", "testing", "tst", "val", "valid", "validation", "dev", "eval", "evaluation", "query", "holdout")
)
SHORT = {"tr": 0, "te": 1, "ts": 1, "db": 0, "q": 1, "va": 1, "vl": 1}
"""Short for a part, where another part of the same thing stands beside it."""
SHARDS = frozenset(("batch", "part", "shard", "fold", "chunk", "piece"))
"""With a number, some of the samples."""
ORDER = (
    "train",
    "training",
    "trn",
    "tr",
    "gallery",
    "database",
    "retrieval",
    "db",
    "val",
    "valid",
    "validation",
    "dev",
    "va",
)
ROWS = frozenset(("idx", "index", "indices", "indexes", "ind", "inds", "ids", "id", "rows", "perm"))
"""Bases of what says which rows are of a part."""
GENERAL = frozenset(("", "data", "set", "dataset", "samples", "file", "table", "all", "input"))
"""Bases that say nothing: `data_batch_1` and `test_batch` are parts of one thing."""
_STUCK = re.compile(r"([a-z]{1,6}?)(train|test|valid|val)|(train|test|valid)([a-z]{1,6})", re.IGNORECASE)
_STUCK_SHORT = re.compile(r"([A-Z]|[xyl])(tr|te|ts|va)")
"""Xtr and Xte: one letter alone, since many words end so."""
_NO_PARTS = frozenset(
    ("latest", "interval", "trains", "tests", "greatest", "fastest", "retest", "trainer", "tester", "contest")
)
_OF = re.compile(r"(\d{2,})[-_]of[-_](\d{2,})")


@dataclass(frozen=True, order=True)
class Part:
    """Which part of a set; they sort in the order in which parts are joined."""

    rank: int
    word: str
    shard: int = 0

    @property
    def is_test(self) -> bool:
        """Whether it is there to test, not to train on."""
        return SHORT.get(self.word, int(self.word in TEST)) == 1

    @property
    def is_split(self) -> bool:
        """Whether it says what it is for; shards do not."""
        return bool(self.word)


def taken_apart(name: str) -> tuple[str, Part | None]:
    """What a name says is held, and which part of it; None where it names no part."""
    word, shard, is_part = "", 0, False
    kept = name = re.sub(r"(?<![A-Za-z])t10k(?![A-Za-z])", "test", name)  # MNIST's own name of its test part
    if found := _OF.search(name):
        kept, shard, is_part = name.replace(found[0], "_" * len(found[0])), int(found[1]), True
    rest: list[str] = []
    before = ""
    pieces = list(_pieces(kept))
    for place, (piece, gap) in enumerate(pieces):
        token = piece.lower()
        after = pieces[place + 1][0] if place + 1 < len(pieces) else ""
        if not word and (token in TRAIN or token in TEST or token in SHORT):
            word, is_part = token, True
        elif token in SHARDS and (after.isdigit() or word):
            is_part = True
        elif word and token == word:
            pass  # train/X_train says it twice
        elif token.isdigit() and (before in SHARDS or (before and before == word)):
            shard = int(token)
        else:
            rest.append((gap if rest else "") + piece)
        before = token
    if not is_part:
        return name, None
    rank = ORDER.index(word) if word in ORDER else len(ORDER)
    return "".join(rest), Part(rank if word else -1, word, shard)


def _pieces(name: str) -> Iterator[tuple[str, str]]:
    """The words and numbers of a name as they are spelled, each with the mark before it."""
    end = 0
    for found in words.PIECE.finditer(name):
        gap = name[end : found.start()][:1]
        end = found.end()
        for piece in _unstuck(found[0]):
            yield piece, gap
            gap = ""


def _unstuck(piece: str) -> list[str]:
    """A word with a part stuck to it, such as xtrain, taken apart."""
    if piece.lower() in TRAIN or piece.lower() in TEST or piece.lower() in _NO_PARTS:
        return [piece]
    stuck = _STUCK.fullmatch(piece) or _STUCK_SHORT.fullmatch(piece)
    return [one for one in stuck.groups() if one] if stuck else [piece]


def groups(names: Iterable[str]) -> dict[str, dict[Part, str]]:
    """Names by what they hold, then by part; only what comes in two parts or more."""
    found: dict[str, dict[Part, str]] = {}
    spelled: dict[str, str] = {}
    spelled_alone: list[str] = []
    for name in names:
        base, part = taken_apart(name)
        if part is None:
            spelled_alone.append(name)
        else:  # x_train and X_test are parts of one thing
            found.setdefault(spelled.setdefault(words.plain(base), base), {}).setdefault(part, name)
    plain = {words.plain(name): name for name in spelled_alone}
    for base, members in found.items():
        if len(members) == 1 and all(part.is_test and part.is_split for part in members) and base:
            name = plain.get(words.plain(base))
            if name is not None:  # adult beside adult_test is there to train on
                members[Part(ORDER.index("train"), "train")] = name
    found = {base: dict(sorted(parts.items())) for base, parts in found.items()}
    if len(found) > 1 and {base.lower() for base in found} <= GENERAL:
        merged: dict[Part, str] = {}
        for parts in found.values():
            if merged.keys() & parts.keys():
                break
            merged |= parts
        else:
            found = {next(iter(found)): dict(sorted(merged.items()))}
    return {base: parts for base, parts in found.items() if len(parts) > 1}


def is_of_rows(base: str) -> bool:
    """Whether arrays of such a base, as `trainIdx` and `test_indices` have it, hold numbers of rows."""
    found = words.tokens(base)
    return bool(found) and set(found) <= ROWS


def is_mask(base: str) -> bool:
    """Whether arrays of such a base, as `train_mask` has it, may say of each sample whether it is of the part."""
    return words.tokens(base) in (["mask"], ["masks"])


def split_of(parts: Iterable[Part], lengths: Iterable[int]) -> np.ndarray | None:
    """0 (train) or 1 (test) for each sample (N,) of joined parts; None for mere shards, or parts of one purpose."""
    found = list(parts)
    if not any(part.is_split for part in found) or len({part.is_test for part in found}) < 2:
        return None
    return np.repeat(np.array([part.is_test for part in found], np.uint8), list(lengths))


def told(parts: Mapping[Part, Any], lengths: Iterable[int]) -> str:
    """What was joined, for the sentence."""
    shown = [
        f"{part.word or 'part'}{f' {part.shard}' if part.shard or not part.word else ''} {n:,}"
        for part, n in zip(parts, lengths, strict=True)
    ]
    return f"parts joined as rows: {', '.join(shown[:4])}{f' and {len(shown) - 4} more' if len(shown) > 4 else ''}"


PARTS_OF_WORDS = {word: 1 for word in TEST} | {word: 0 for word in TRAIN}


def purpose(word: str) -> int | None:
    """0 for what trains, 1 for what tests, None for another word; for the cells of a column such as `split`."""
    found = words.tokens(word)
    known = [PARTS_OF_WORDS.get(token, SHORT.get(token)) for token in found]
    return next((value for value in known if value is not None), None)
