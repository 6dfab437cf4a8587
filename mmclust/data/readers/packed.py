"""Zips and tars of files of numbers: unpacked once into the cache, under names that stay in it."""

import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from mmclust.data.dataset import MultiViewDataset
from mmclust.data.readers import archives, cache, file_names, folder, tree
from mmclust.data.readers.reading import Reading

PEEKED = 400
"""Names of an archive that tell what is in it."""


def holds_data(path: Path) -> bool:
    """Whether an archive holds files of numbers and no pictures."""
    found = False
    for name in _peeked(path):
        if archives.is_picture(name):
            return False
        found = found or file_names.is_data(name)
    return found


def _peeked(path: Path) -> Iterator[str]:
    """Names in a zip, or the first ones in a tar, which has no list of them."""
    try:
        if path.name.lower().endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                yield from (archives.plain(info.filename) for info in archive.infolist() if not info.is_dir())
        else:
            with tarfile.open(path, "r|*") as archive:
                for count, info in enumerate(archive):
                    if info.isreg():
                        yield archives.plain(info.name)
                    if count > PEEKED:
                        return
    except (zipfile.BadZipFile, tarfile.TarError, OSError, ValueError, NotImplementedError, EOFError, zlib.error):
        return
    except Exception:  # lzma's own error, and what tarfile makes of damaged headers
        return


def read(path: Path, reading: Reading | None = None) -> MultiViewDataset:
    """Read the files of numbers in a zip or tar, unpacked once into the cache.

    Raises:
        ValueError: what is wrong with the archive or a file in it, in one sentence.
    """
    reading = reading or Reading()
    try:
        with archives.readable(path):
            entry = cache.entry(cache.key("views", 3, *cache.stamp(path)), lambda into: _unpack(path, into / _UNPACKED))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise ValueError(f"{path.name} is damaged or cannot be unpacked ({error}); copy it again") from None
    name, unpacked = tree.name_of(path), entry / _UNPACKED
    try:
        found = folder.read(unpacked, reading, name)
    except ValueError as error:
        raise ValueError(str(error).replace(unpacked.name, path.name)) from None
    return replace(found, spec=replace(found.spec, name=name))


_UNPACKED = "unpacked files"
"""Folder of an entry of the cache; beside it lies what the cache notes."""


def _unpack(path: Path, into: Path) -> None:
    """Put the files of an archive below a new folder, under names that stay in it."""
    into.mkdir()
    if path.name.lower().endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if info.filename and not info.is_dir()]
            archives.check_count(path, len(infos))
            archives.check_unpacked(path, sum(info.file_size for info in infos), path.stat().st_size)
            for info in infos:
                if target := _target(path, into, info.filename, is_link=stat.S_ISLNK(info.external_attr >> 16)):
                    with archive.open(info) as source, open(target, "xb") as file:
                        shutil.copyfileobj(source, file, 1 << 20)
        return
    unpacked = 0
    with tarfile.open(path, "r|*") as archive:
        for count, member in enumerate(archive):
            archives.check_count(path, count)
            unpacked += member.size
            archives.check_unpacked(path, unpacked, path.stat().st_size)
            if member.isreg() and (target := _target(path, into, member.name, is_link=False)):
                content = archive.extractfile(member)
                assert content is not None
                with content, open(target, "xb") as file:
                    shutil.copyfileobj(content, file, 1 << 20)


def _target(path: Path, into: Path, name: str, *, is_link: bool) -> Path | None:
    """Where a member of an archive is put; None for what is not wanted."""
    archives.check_depth(path, name)
    pieces = [piece for piece in PurePosixPath(name.replace("\\", "/")).parts if piece not in ("/", "..", ".")]
    if is_link or not pieces or archives.is_junk("/".join(pieces)) or any(len(piece) > 200 for piece in pieces):
        return None
    pieces = ["".join(c if c.isprintable() and c not in ":\0" else "_" for c in piece) for piece in pieces]
    target = into.joinpath(*pieces)
    if target.exists():
        raise ValueError(f"{path.name} holds two files called {archives.shown(target.name)}; rename one")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target
