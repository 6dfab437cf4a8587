"""A folder, tar or zip of image files: a class per sub-folder or flat, parts such as `train/class` and `test/class`.

Captions and classes may stand beside the pictures (see `beside`), and other views of them in folders of their own (see
`layout`). Pictures are decoded once into bytes (N, C, H, W) in the cache and memory-mapped afterwards.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmclust.data.dataset import DataSpec, MultiViewDataset
from mmclust.data.progress import Progress
from mmclust.data.readers import archives, cache, layout, leftovers, tree_decoding, tree_plan
from mmclust.data.readers.archives import Listing
from mmclust.data.readers.reading import Reading, document, outline

_NOTES = "notes.json"
_VERSION = 7  # of what is cached: raise it when decoding changes


def is_tree(path: Path) -> bool:
    """Whether the path is a folder or ends like an archive."""
    return path.is_dir() or path.name.lower().endswith(archives.ARCHIVES)


def read(
    path: Path,
    reading: Reading | None = None,
    *,
    only: Sequence[str] = (),
    px: int | None = None,
    stretch: bool = False,
    listed: Path | None = None,
    progress: Progress | None = None,
) -> MultiViewDataset:
    """Read the pictures of a folder or archive.

    Args:
        path: folder or archive.
        reading: answers what names leave open, and takes down what was left out.
        only: take what is in folders of these names alone; of a folder on disk, the top ones.
        px: resize to squares of this side; None finds a size (see `pictures.Sizes.form`).
        stretch: resize whole pictures, whatever their shape, instead of the square in their middle.
        listed: a table in the folder that names the pictures to take; None takes all.
        progress: called with a fraction 0..1 and what is being done.

    Raises:
        ValueError: what is wrong with the pictures, in one sentence.
    """
    reading = reading or Reading()
    own = reading.part()

    def fill(place: Path) -> None:
        plan = tree_plan.look(path, names, only, px, _scaled(progress, 0.0, 0.35), listed, own)
        if stretch:
            plan = replace(plan, forms=tuple(form.stretched() for form in plan.forms))
        tree_decoding.decode(path, only, plan, place, _scaled(progress, 0.35, 1.0), own)
        (place / _NOTES).write_text(json.dumps(own.dump()))

    with archives.readable(path):
        names = archives.listing(path, only)
        key = _key(path, names, only, px, listed, reading)
        entry = cache.entry(f"{key}-stretched" if stretch else key, fill)
    reading.restore(json.loads((entry / _NOTES).read_text()))
    return cache.open_dataset(entry, listed.stem if listed else name_of(path))


def describe(path: Path, reading: Reading | None = None) -> tuple[DataSpec, int]:
    """What a folder or archive of pictures holds, and how many, from names and headers alone.

    Raises:
        ValueError: what is wrong with the pictures, in one sentence.
    """
    reading = reading or Reading()
    with archives.readable(path):
        names = archives.listing(path, ())
        if entry := cache.find(_key(path, names, (), None, None, reading)):
            found = cache.open_dataset(entry, name_of(path))
            return found.spec, found.n_samples
        plan = tree_plan.look(path, names, (), None, None, None, reading)
        return replace(plan.spec, name=name_of(path)), len(plan.layout.samples)


def look(path: Path, reading: Reading) -> dict[str, Any]:
    """What is understood of a folder or archive of pictures, as a document; of very many from names and some headers.

    Raises:
        ValueError: what is wrong with the pictures, in one sentence.
    """
    with archives.readable(path):
        names = archives.listing(path, ())
        is_read = cache.find(_key(path, names, (), None, None, reading)) is not None
        if is_read or not archives.is_random_access(path) or len(names.of(path)) <= tree_plan.MANY:
            return document(read(path, reading), reading)
        plan = tree_plan.look(path, names, (), None, None, None, reading)
    for form in plan.forms:
        for note in form.notes:
            reading.tell(note)
    n_samples = len(plan.layout.samples)
    if (n_looked := len(plan.sizes.of)) < n_samples:
        reading.tell(f"sizes of {n_looked:,} pictures were looked at, the others are when they are read")
    texts = plan.beside.captions([sample.names[0] for sample in plan.layout.samples], reading)
    return outline(plan.spec, n_samples, reading, labels=plan.labels, split=plan.split, texts=texts)


def forget(path: Path, reading: Reading) -> None:
    """Remove the decoded pictures of a folder or archive, as such answers have it, from the cache."""
    names = archives.listing(path, ())
    if entry := cache.find(_key(path, names, (), None, None, reading)):
        shutil.rmtree(entry, ignore_errors=True)


def _key(path: Path, names: Listing, only: Sequence[str], px: int | None, listed: Path | None, reading: Reading) -> str:
    """What the content is recognised by: for a folder, the stamps of all its files, for an archive its own."""
    content = [path.resolve(), names.digest] if path.is_dir() else list(cache.stamp(path))
    answers = sorted(reading.answers.items())
    return cache.key("tree", _VERSION, only, px, *([listed.name] if listed else []), *answers, *content)


def content_key(path: Path, *, only: Sequence[str]) -> str:
    """What the pictures in folders of certain names are recognised by."""
    return _key(path, archives.listing(path, only), only, None, None, Reading())


def order(path: Path, *, only: Sequence[str]) -> list[str]:
    """Names of the pictures in folders of certain names, as `read` has them: by part, class and name.

    Raises:
        ValueError: there are none.
    """
    with archives.readable(path):
        names = archives.listing(path, only)
        found = [name for name in names.of(path) if archives.is_picture(name) and tree_plan.under(name, only)]
    if not found:
        raise ValueError(leftovers.of_nothing(path, names.of(path)))
    return [sample.names[0] for sample in layout.arrange(found, path.name, Reading()).samples]


def text(path: Path, name: str) -> str:
    """A small text file of that name, or path, beside the pictures; empty where there is none."""
    with archives.readable(path):
        if path.is_dir():
            return (path / name).read_text() if (path / name).is_file() else ""
        for _, data in archives.each(path, lambda found: f"/{found}".endswith(f"/{name}"), None):
            return data.decode(errors="replace")
    return ""


def name_of(path: Path) -> str:
    """What a folder or archive is called, without its ending."""
    name = path.resolve().name
    endings = [end for end in archives.ARCHIVES if name.lower().endswith(end) and not path.is_dir()]
    return name[: -len(endings[0])] if endings else name


def _scaled(progress: Progress | None, low: float, high: float) -> Progress | None:
    return progress and (lambda fraction, message: progress(low + (high - low) * fraction, message))
