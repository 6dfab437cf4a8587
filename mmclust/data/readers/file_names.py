"""What the files of a folder of numbers are called, and which of them say the same."""

import hashlib
import re
from pathlib import Path, PurePosixPath

from mmclust.data.readers import frames, hdf, idx, market, words
from mmclust.data.readers.reading import Reading


def is_data(name: str) -> bool:
    """Whether a file holds numbers, by its name."""
    last = PurePosixPath(name).name.lower()
    if last.startswith(".") or name.startswith("__MACOSX"):
        return False
    return (
        last.endswith((".mat", ".npy", ".npz", *hdf.ENDINGS, *market.ENDINGS))
        or frames.is_table(last)
        or idx.is_idx(last)
    )


def of(path: Path, found: list[Path]) -> dict[Path, str]:
    """The name of each file without its ending, with the folders in which they differ."""
    spelled = {file: file.relative_to(path).as_posix() for file in found}
    folders = [PurePosixPath(name).parts[:-1] for name in spelled.values()]
    depth = 0
    while all(len(parts_) > depth for parts_ in folders) and len({parts_[depth] for parts_ in folders}) == 1:
        depth += 1
    names = {}
    for file, name in spelled.items():
        pure = PurePosixPath(name)
        names[file] = "/".join((*pure.parts[depth:-1], stem(pure.name)))
    names = _with_shards(names)
    if len(set(names.values())) < len(names):  # the same name with two endings
        names = {file: f"{name}{file.suffix}" for file, name in names.items()}
    return names


def _with_shards(names: dict[Path, str]) -> dict[Path, str]:
    """The names, with files that bear the name of their folder and a number as its parts: `emb/emb_0`, `emb/emb_1`."""
    inside: dict[str, list[Path]] = {}
    for file, name in names.items():
        inside.setdefault(name.rpartition("/")[0], []).append(file)
    found = dict(names)
    for folder, members in inside.items():
        own = re.escape(folder.rpartition("/")[2])
        numbers = [re.fullmatch(rf"{own}[-_. ]?(\d+)", names[file].rpartition("/")[2]) for file in members]
        if folder and len(members) > 1 and all(numbers):
            found |= {f: f"{folder}/part_{int(n[1])}" for f, n in zip(members, numbers, strict=True) if n}
    return found


def stem(name: str) -> str:
    """The name of a file without its ending; where that says which part of a set it is, with a word for it."""
    if frames.is_table(name) or not is_data(name):
        bare = re.sub(r"\.t$", "_test", frames.stem(name))
        return _PART_ENDINGS.get(PurePosixPath(name).suffix.lower(), "{}").format(bare)
    name = re.sub(r"\.mtx\.gz$", ".mtx", name, flags=re.IGNORECASE)
    return idx.stem(name) if idx.is_idx(name) else name[: name.rindex(".")]


_PART_ENDINGS = {
    **dict.fromkeys((".tra", ".trn", ".train"), "{}_train"),
    **dict.fromkeys((".tes", ".tst", ".test", ".t"), "{}_test"),
    ".labels": "{}_labels",
}
"""Endings that say which part of a set a file is, or what it holds."""


def columns_of_folders(name: str) -> tuple[dict[str, str], str]:
    """What folders such as `label=cat` say of all rows below them, as Spark and Hive part tables.

    Returns:
        Column -> value, and the part that the rows are of: `split=train` says this, too.
    """
    pairs = [folder.partition("=") for folder in PurePosixPath(name).parts[:-1]]
    found = {column: value for column, equals, value in pairs if column and equals and value}
    part = next((value for column, value in found.items() if words.plain(column) in words.SPLITS), "part")
    return {column: value for column, value in found.items() if words.plain(column) not in words.SPLITS}, part


def each_once(path: Path, found: list[Path], reading: Reading) -> list[Path]:
    """The files without copies, under the same name, of others: those would be views that say the same."""
    by_size: dict[int, list[Path]] = {}
    for file in found:
        by_size.setdefault(file.stat().st_size, []).append(file)
    copies: dict[Path, Path] = {}
    for several in by_size.values():
        first: dict[str, Path] = {}
        for file in several if len(several) > 1 else ():
            with open(file, "rb") as content:
                digest = hashlib.file_digest(content, "blake2b").hexdigest()
            key = f"{file.name}/{digest}"
            if key in first:
                copies[file] = first[key]
            first.setdefault(key, file)
    for file, other in copies.items():
        reading.leave_out(str(file.relative_to(path)), f"the same as {other.relative_to(path)}")
    return [file for file in found if file not in copies]
