"""The name of a file together with the answers to what it leaves open: `/data/set.csv?classes=species`.

Runs, pages and caches know their data by such a name, so that a run that is repeated reads the file the same way.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

HUB = "hf:"
"""What stands before names of `mmclust.data.hub`, which are no paths."""


def split(name: str) -> tuple[str, dict[str, str]]:
    """The path in a name, and the answers; a file whose own name has a question mark is that file."""
    path, mark, query = name.partition("?")
    if not mark or os.path.lexists(os.path.expanduser(name)):
        return name, {}
    return path, dict(parse_qsl(query))


def joined(path: str | Path, answers: Mapping[str, str]) -> str:
    """The name of a path read with such answers."""
    return f"{path}?{urlencode(sorted(answers.items()))}" if answers else str(path)


def resolved(name: str) -> str:
    """The name with its path made absolute."""
    if name.startswith(HUB):
        place, mark, label = name.removeprefix(HUB).partition("@")
        folder = os.path.expanduser(place)
        return f"{HUB}{os.path.realpath(folder) if os.path.isdir(folder) else place}{mark}{label}"
    path, answers = split(name)
    return joined(Path(path).expanduser().resolve(), answers)
