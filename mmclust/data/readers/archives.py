"""The files in a folder, zip or tar, one by one: nothing is unpacked to disk, so a name in them is only ever a name."""

import contextlib
import gzip
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mmclust import settings
from mmclust.data.progress import Progress

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
PICTURES = frozenset(
    (
        *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".webp", ".avif", ".jp2", ".ppm", ".pgm", ".pbm"),
        *(".tif", ".tiff"),
    )
)
TEXT_FILES = (
    *(".csv", ".tsv", ".txt", ".cls", ".token", ".json", ".jsonl", ".ndjson", ".csv.gz", ".tsv.gz", ".parquet"),
    *(".xlsx", ".xlsm"),
)
_JUNK = frozenset(("thumbs.db", "desktop.ini", "icon\r", "ds_store"))

MAX_ENTRIES = settings.limit("ENTRIES")
MAX_DEPTH = settings.limit("DEPTH")
MAX_MEMBER_BYTES = 64 * 2**20
MAX_UNPACKED_BYTES = settings.limit("UNPACKED_GIB") * 2**30
MAX_RATIO = settings.limit("RATIO")
"""An archive above 1 GiB unpacked may be at most this many times its packed size."""
TOLD_EVERY = 512
"""Files between two reports of progress."""


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what the archive modules raise into a sentence."""
    broken = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, gzip.BadGzipFile, EOFError)
    broken += (NotImplementedError,)  # a zip of a version to come
    try:
        yield
    except broken as error:
        raise ValueError(f"{path.name} is damaged or not a complete archive ({error}); copy it again") from None
    except (FileNotFoundError, PermissionError) as error:
        raise ValueError(
            f"{error.filename or path} cannot be read ({error.strerror}); check the path and its rights"
        ) from None


def walk(
    path: Path, only: Sequence[str], wanted: Callable[[str], bool] | None = None
) -> Iterator[tuple[str, os.stat_result]]:
    """Names (relative, with /) and stats of the pictures in a folder; folders that links show twice are read once."""
    wanted = wanted or is_picture
    pending = [(path / top, f"{top}/") for top in only if (path / top).is_dir()] if only else [(path, "")]
    seen = {os.path.realpath(folder) for folder, _ in pending}
    n_found = 0
    while pending:
        folder, prefix = pending.pop()
        with os.scandir(folder) as items:
            for item in items:
                if item.is_dir():
                    real = os.path.realpath(item.path)
                    if real not in seen and not item.name.startswith("."):
                        check_depth(path, f"{prefix}{item.name}/")
                        seen.add(real)
                        pending.append((Path(item.path), f"{prefix}{item.name}/"))
                elif wanted(prefix + item.name) and item.is_file():
                    n_found += 1
                    check_count(path, n_found)
                    yield prefix + item.name, item.stat()


def check_count(path: Path, n_entries: int) -> None:
    """Refuse a folder or archive of too many files."""
    if n_entries > MAX_ENTRIES:
        raise ValueError(f"{path.name} has more than {MAX_ENTRIES:,} files; give a part of it")


def check_depth(path: Path, name: str) -> None:
    """Refuse a folder or archive with a name (with /) in too many folders."""
    if (depth := name.count("/")) > MAX_DEPTH:
        raise ValueError(
            f"{path.name} has {depth} folders in each other; move what is in them up, at most {MAX_DEPTH} are read"
        )


def plain(name: str) -> str:
    """The name of a member without the `./` that `tar -c .` puts before each."""
    while name.startswith("./"):
        name = name[2:].lstrip("/")
    return name


def is_picture(name: str) -> bool:
    """Whether a file is a picture by its name; hidden ones and those that macOS adds to archives are not."""
    hidden = "/." in name or name.startswith((".", "__MACOSX")) or "/__MACOSX" in name
    return name[name.rfind(".") :].lower() in PICTURES and not hidden


def is_junk(name: str) -> bool:
    """Whether a file was put there by a system, not by a person: hidden ones, those of macOS and of Windows."""
    small = f"/{name.lower()}"
    return "/." in small or "/__macosx" in small or small[small.rfind("/") + 1 :] in _JUNK


def is_text(name: str) -> bool:
    """Whether a file is a text or a table by its name."""
    return name.lower().endswith(TEXT_FILES) and not name.startswith(".") and "/." not in name


HEAD_BYTES = 2**15
"""As much of a picture is read to look at its header."""


class Listing:
    """The names in a folder or archive, listed once; of a folder also what its content is recognised by."""

    def __init__(self, found: list[tuple[str, int, int]] | None) -> None:
        self.found = found
        self._names: list[str] | None = None if found is None else [name for name, *_ in found]

    @property
    def digest(self) -> str:
        """Of names, sizes and times of change of what counts: pictures and texts."""
        import hashlib

        digest = hashlib.sha256()
        for one in sorted(self.found or ()):
            digest.update(repr(one).encode())
        return digest.hexdigest()[:24]

    def of(self, path: Path) -> list[str]:
        """The names; those of an archive are read when they are asked for."""
        if self._names is None:
            self._names = list(_member_names(path))
        return self._names


def listing(path: Path, only: Sequence[str]) -> Listing:
    """The names in a folder, or those of an archive, to be read when they are asked for."""
    if not path.is_dir():
        return Listing(None)
    found = [(name, info.st_size, info.st_mtime_ns) for name, info in walk(path, only, lambda name: not is_junk(name))]
    return Listing(found)


def _member_names(path: Path) -> Iterator[str]:
    """Names of the files in a zip or tar, each once."""
    seen: set[str] = set()

    def note(name: str) -> bool:
        seen.add(name)
        return False

    if path.name.lower().endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if info.filename and not info.is_dir()]
            check_count(path, len(infos))
            for info in infos:
                check_depth(path, info.filename)
                if not stat.S_ISLNK(info.external_attr >> 16):
                    seen.add(plain(info.filename))
    else:
        for _ in each(path, note, None):
            pass
    return iter(sorted(seen))


def is_random_access(path: Path) -> bool:
    """Whether some files can be read without all before them: a tar is one stream."""
    return path.is_dir() or path.name.lower().endswith(".zip")


def heads(
    path: Path, names: Sequence[str], wanted: Callable[[str], bool], progress: Progress | None, only: Sequence[str]
) -> Iterator[tuple[str, bytes]]:
    """Name and the first bytes of files; of a folder nothing else is read."""
    if not path.is_dir():
        yield from each(path, wanted, progress, only)
        return
    for done, name in enumerate(names):
        size = (path / name).stat().st_size
        _check_size(path, name, size)
        with open(path / name, "rb", buffering=0) as file:
            yield name, file.read(HEAD_BYTES)
        _tell(progress, done, done / len(names))


def whole(path: Path, name: str) -> bytes:
    """The content of one file of a folder."""
    return (path / name).read_bytes()


def each(
    path: Path, wanted: Callable[[str], bool], progress: Progress | None, only: Sequence[str] = ()
) -> Iterator[tuple[str, bytes]]:
    """Name and content of the wanted files, in the order of the folder or archive."""
    if path.is_dir():
        names = [(name, info) for name, info in walk(path, only, wanted) if wanted(name)]
        for done, (name, info) in enumerate(names):
            _check_size(path, name, info.st_size)
            yield name, (path / name).read_bytes()
            _tell(progress, done, done / len(names))
    elif path.name.lower().endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if info.filename and not info.is_dir()]
            check_count(path, len(infos))
            check_unpacked(path, sum(info.file_size for info in infos), path.stat().st_size)
            for done, info in enumerate(infos):
                check_depth(path, info.filename)
                name = plain(info.filename)
                if wanted(name) and not stat.S_ISLNK(info.external_attr >> 16):
                    _check_size(path, name, info.file_size)
                    yield name, _unzipped(path, archive, info)
                    _tell(progress, done, done / len(infos))
    else:
        unpacked, packed_size = 0, path.stat().st_size
        _check_end(path)
        with open(path, "rb") as packed, tarfile.open(fileobj=packed, mode="r|*") as archive:
            for done, info in enumerate(archive):
                check_count(path, done)
                check_depth(path, info.name)
                unpacked += info.size
                check_unpacked(path, unpacked, packed_size)
                name = plain(info.name)
                if info.isreg() and wanted(name):
                    _check_size(path, name, info.size)
                    file = archive.extractfile(info)
                    assert file is not None
                    yield name, file.read()
                    _tell(progress, done, packed.tell() / packed_size)


def _unzipped(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(info)
    except (NotImplementedError, RuntimeError, OSError) as error:  # unknown compression, encrypted, a place beyond it
        raise ValueError(f"{path.name} cannot be unpacked ({error}); pack it as a plain .zip or .tar.gz") from None


def _check_end(path: Path) -> None:
    """A plain tar ends with empty blocks; tarfile takes one that was cut off for a shorter one."""
    with open(path, "rb") as packed:
        if packed.read(512)[257:262] == b"ustar":
            packed.seek(-min(512, path.stat().st_size), os.SEEK_END)
            if any(packed.read()):
                raise tarfile.ReadError("its end is missing")


def _tell(progress: Progress | None, done: int, fraction: float) -> None:
    if progress and done % TOLD_EVERY == 0:
        progress(fraction, f"{done:,} pictures")


def _check_size(path: Path, name: str, size: int) -> None:
    if size > MAX_MEMBER_BYTES:
        raise ValueError(
            f"{shown(name)} in {path.name} has {size >> 20} MiB; a picture may have {MAX_MEMBER_BYTES >> 20} MiB"
        )


def check_unpacked(path: Path, size: int, packed: int) -> None:
    """Refuse an archive that unpacks to too many bytes, for itself or beside its packed size."""
    if size > MAX_UNPACKED_BYTES or size > max(2**30, MAX_RATIO * packed):
        raise ValueError(
            f"{path.name} unpacks to {size / 2**30:.1f} GiB or more from {packed / 2**20:.1f} MiB; that is too much"
        )


def shown(name: str) -> str:
    """A name from a file, fit for a message."""
    return "".join(c if c.isprintable() else "?" for c in name)[-80:]
