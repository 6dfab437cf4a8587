"""A folder, tar or zip of image files: a class per sub-folder or flat, parts such as `train/class` and `test/class`.

Captions and classes may stand beside the pictures (see `beside`), and other views of them in folders of their own (see
`layout`). Pictures are decoded once into bytes (N, C, H, W) in the cache and memory-mapped afterwards.
"""

import json
import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.data.progress import Progress
from mmclust.data.readers import (
    archives,
    beside,
    cache,
    layout,
    leftovers,
    looked_up,
    picture_files,
    picture_orders,
    pictures,
    table,
)
from mmclust.data.readers.archives import Listing
from mmclust.data.readers.layout import Layout
from mmclust.data.readers.pictures import Form, Sizes
from mmclust.data.readers.reading import Reading, document, outline

MANY = 20_000
"""Above so many pictures the headers of some are read before all are decoded."""
LOOKED_AT = 2_000
_NOTES = "notes.json"
_VERSION = 7  # of what is cached: raise it when decoding changes


@dataclass(frozen=True)
class _Plan:
    """What a look at names and headers told."""

    layout: Layout
    forms: tuple[Form, ...]
    """Of each view."""
    sizes: Sizes
    beside: beside.Beside
    labels: np.ndarray | None
    classes: tuple[str, ...]
    split: np.ndarray | None

    @property
    def spec(self) -> DataSpec:
        views = tuple(
            ViewSpec(name=name, kind="image", shape=form.shape)
            for name, form in zip(self.layout.views, self.forms, strict=True)
        )
        return DataSpec(name="", views=views, n_clusters=len(self.classes), classes=self.classes)


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
        px: resize to squares of this side; None finds a size (see `NATIVE_PX`, `SQUARES_PX`).
        stretch: resize whole pictures, whatever their shape, instead of the square in their middle.
        listed: a table in the folder that names the pictures to take; None takes all.
        progress: called with a fraction 0..1 and what is being done.

    Raises:
        ValueError: what is wrong with the pictures, in one sentence.
    """
    reading = reading or Reading()
    own = reading.part()

    def fill(place: Path) -> None:
        plan = _look(path, names, only, px, _scaled(progress, 0.0, 0.35), listed, own)
        if stretch:
            plan = replace(plan, forms=tuple(form.stretched() for form in plan.forms))
        _decode(path, names, only, plan, place, _scaled(progress, 0.35, 1.0), own, px)
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
        plan = _look(path, names, (), None, None, None, reading)
        return replace(plan.spec, name=name_of(path)), len(plan.layout.samples)


def look(path: Path, reading: Reading) -> dict[str, Any]:
    """What is understood of a folder or archive of pictures, as a document; of very many from names and some headers.

    Raises:
        ValueError: what is wrong with the pictures, in one sentence.
    """
    with archives.readable(path):
        names = archives.listing(path, ())
        is_read = cache.find(_key(path, names, (), None, None, reading)) is not None
        if is_read or not archives.is_random_access(path) or len(names.of(path)) <= MANY:
            return document(read(path, reading), reading)
        plan = _look(path, names, (), None, None, None, reading)
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
        found = [name for name in names.of(path) if archives.is_picture(name) and _under(name, only)]
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


def _look(
    path: Path,
    names: Listing,
    only: Sequence[str],
    px: int | None,
    progress: Progress | None,
    listed: Path | None,
    reading: Reading,
) -> _Plan:
    """Understand the names of all pictures and read their headers: classes, order, size and colour."""
    every = names.of(path)
    found = [name for name in every if archives.is_picture(name)]
    others = [] if len(found) == len(every) else sorted(set(every) - set(found))
    found = [name for name in found if _under(name, only)] if only else found
    if not found and not listed:
        leftovers.refuse_pickles(path, names.of(path), only)
        raise ValueError(leftovers.of_nothing(path, names.of(path)))
    said = beside.Beside()
    if listed:
        said = beside.of_table(table.read(listed, reading), found, reading)
        found = [name for name in found if name in said.named]
        if not found:
            raise ValueError(f"the pictures that {listed.name} names are not beside it; put them into the same folder")
    elif not only:
        if any(map(archives.is_text, others)):
            said = beside.read(archives.each(path, archives.is_text, None), found, reading)
        said.ordered |= picture_orders.read(path, others, len(found))
        rest = [name for name in others if not archives.is_text(name) and name not in said.ordered]
        leftovers.tell([name for name in rest if not archives.is_junk(name)], reading)
    arranged = layout.arrange(found, path.name, reading, known=bool(said.labels or said.ordered))
    if arranged.classes or said.labels:
        for name in said.ordered:
            reading.leave_out(archives.shown(name), "the classes are known from elsewhere")
    elif said.ordered and len(arranged.samples) == len(found):
        said.labels |= picture_orders.take(said.ordered, found, reading)
    sizes = _sizes(path, [name for sample in arranged.samples for name in sample.names], only, progress)
    arranged = _without_broken(arranged, sizes.broken, path.name, reading)
    forms = tuple(
        _of_view(sizes, arranged, view).form(path.name, px, len(arranged.samples))
        for view in range(len(arranged.views))
    )
    labels, classes, split = _known(arranged, said, reading)
    return _Plan(arranged, forms, sizes, said, labels, classes, split)


def _under(name: str, only: Sequence[str]) -> bool:
    return not only or any(part in only for part in PurePosixPath(name).parts[:-1])


def _sizes(path: Path, names: list[str], only: Sequence[str], progress: Progress | None) -> Sizes:
    """The headers of all pictures, or of some that stand far apart where there are many."""
    sizes = Sizes()
    chosen = names if len(names) <= MANY or not archives.is_random_access(path) else names[:: len(names) // LOOKED_AT]
    wanted = set(chosen)
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        for name, data in archives.heads(path, chosen, wanted.__contains__, progress, only):
            sizes.meet(name, data)
            if name in sizes.broken and len(data) == archives.HEAD_BYTES:  # the header may be longer
                sizes.meet(name, archives.whole(path, name))
    return sizes


def _of_view(sizes: Sizes, arranged: Layout, view: int) -> Sizes:
    """The sizes of the pictures of one view."""
    if len(arranged.views) == 1 and not sizes.broken:
        return sizes
    own = {sample.names[view] for sample in arranged.samples}
    found = Sizes()
    found.of = {name: size for name, size in sizes.of.items() if name in own}
    found.gray = not (sizes.coloured & own)
    return found


def _without_broken(arranged: Layout, broken: dict[str, str], where: str, reading: Reading) -> Layout:
    """The samples whose pictures can be read, where the others are to be left out.

    Raises:
        ValueError: most cannot be read, or nothing is to be left out.
    """
    bad = {name: broken[name] for sample in arranged.samples for name in sample.names if name in broken}
    if not bad:
        return arranged
    kept = [sample for sample in arranged.samples if not any(name in broken for name in sample.names)]
    pictures.leave_out_broken(bad, len(kept), len(arranged.samples), where, reading)
    return replace(arranged, samples=kept)


def _known(
    arranged: Layout, said: beside.Beside, reading: Reading
) -> tuple[np.ndarray | None, tuple[str, ...], np.ndarray | None]:
    """Ids (N,) of the classes, their names, and parts (N,): by the folders, else by what is said of the pictures."""
    names = [sample.names[0] for sample in arranged.samples]
    split = (
        np.array([sample.part for sample in arranged.samples], np.uint8) if arranged.has_parts else said.parts(names)
    )
    if arranged.classes:
        ids = [sample.label for sample in arranged.samples]
        if any(label < 0 for label in ids):  # a part in no class folders, whose classes a file says
            places = {name: label for label, name in enumerate(arranged.classes)}
            told = [places.get(beside.spelled(said.labels.get(name)), -1) for name in names]
            ids = [other if label < 0 else label for label, other in zip(ids, told, strict=True)]
        return np.array(ids, np.int64), arranged.classes, split
    labels, classes = said.class_labels(names, reading)
    return labels, classes, split


def _decode(
    path: Path,
    names: Listing,
    only: Sequence[str],
    plan: _Plan,
    place: Path,
    progress: Progress | None,
    reading: Reading,
    px: int | None,
) -> None:
    """Fill a cache entry with the pictures, row by row as the source gives them."""
    met = pictures.Decoded()
    forms = []
    for view in range(len(plan.layout.views)):
        rows = {sample.names[view]: row for row, sample in enumerate(plan.layout.samples)}
        try:
            forms.append(_decode_view(path, only, rows, plan, view, place, progress, met))
        except picture_files.NotGray:  # a picture that was not looked at has colour
            coloured = replace(plan.forms[view], shape=(3, *plan.forms[view].shape[1:]))
            coloured_plan = replace(plan, forms=(*plan.forms[:view], coloured, *plan.forms[view + 1 :]))
            forms.append(_decode_view(path, only, rows, coloured_plan, view, place, progress, met))
    for form in forms:
        for note in form.notes:
            reading.tell(note)
    _tell_frames(met, reading)
    kept = _drop_broken(plan, met.broken, place, path.name, reading)
    _check_alike(place, len(plan.layout.views), path.name)
    samples = [plan.layout.samples[row] for row in kept]
    labels, split = (None if one is None else one[kept] for one in (plan.labels, plan.split))
    texts = plan.beside.captions([sample.names[0] for sample in samples], reading)
    files = [sample.names[0] for sample in samples]
    columns = {"file": np.array(files, object)} | looked_up.of_samples(plan.beside.columns, files)
    cache.save_dataset(
        place,
        labels=labels,
        split=split,
        classes=plan.classes,
        texts=texts,
        views=plan.layout.views,
        columns=columns,
    )


def _file(place: Path, view: int) -> Path:
    return place / cache.images_name(view)


def _decode_view(
    path: Path,
    only: Sequence[str],
    rows: dict[str, int],
    plan: _Plan,
    view: int,
    place: Path,
    progress: Progress | None,
    met: pictures.Decoded,
) -> Form:
    """Decode the pictures of one view into a file of the entry; the form they got."""
    form = _measured(path, only, rows, plan, view)
    shape = (len(rows), *form.shape)
    images = np.lib.format.open_memmap(_file(place, view), mode="w+", dtype=np.uint8, shape=shape)
    items = archives.each(path, rows.__contains__, progress, only)
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        pictures.decode(items, images, rows.__getitem__, form, met)
    images.flush()
    return form


def _measured(path: Path, only: Sequence[str], rows: dict[str, int], plan: _Plan, view: int) -> Form:
    """The form of a view with its scale and its ground, which deep and transparent pictures tell."""
    deep = plan.sizes.deep & rows.keys()
    transparent = sorted(plan.sizes.transparent & rows.keys())
    transparent = transparent[:: max(1, len(transparent) // 256)]
    if not deep and not transparent:
        return plan.forms[view]
    if len(plan.layout.samples) > MANY and deep:  # others that were not looked at may be deep, too
        deep = set(rows)
    measured, wanted = pictures.Measured(), deep | set(transparent)
    for name, data in archives.each(path, wanted.__contains__, None, only):
        measured.meet(name, data, deep=name in deep)
    return measured.of(plan.forms[view])


def _tell_frames(met: pictures.Decoded, reading: Reading) -> None:
    """Say that files of several frames give one picture, and which."""
    if n_several := len(met.several_frames):
        which = "the first" if not met.later_frame else "the first that is not blank"
        files = "1 file" if n_several == 1 else f"{n_several:,} files"
        reading.leave_out(f"further frames of {files}", f"{which} is the picture")


def _drop_broken(plan: _Plan, broken: dict[str, str], place: Path, where: str, reading: Reading) -> np.ndarray:
    """Take samples out again whose pictures could not be decoded; the rows (n,) that are kept."""
    samples = plan.layout.samples
    left = set(_without_broken(plan.layout, broken, where, reading).samples) if broken else set(samples)
    kept = np.array([row for row, sample in enumerate(samples) if sample in left], np.int64)
    if len(kept) < len(samples):
        for view in range(len(plan.layout.views)):
            images = np.load(_file(place, view), mmap_mode="r")
            smaller = np.lib.format.open_memmap(
                place / "kept.npy", mode="w+", dtype=np.uint8, shape=(len(kept), *images.shape[1:])
            )
            for row, source in enumerate(kept):
                smaller[row] = images[source]
            smaller.flush()
            (place / "kept.npy").replace(_file(place, view))
    return kept


def _check_alike(place: Path, n_views: int, where: str) -> None:
    """Refuse pictures that are all the same.

    Raises:
        ValueError: nothing tells samples apart.
    """
    for view in range(n_views):
        images = np.load(_file(place, view), mmap_mode="r")
        if len(images) < 2 or any((image != images[0]).any() for image in images):
            continue
        if images[0].min() == images[0].max():
            told = f"all pixels of the images in {where} are {images[0].flat[0]}"
        else:
            told = f"all {len(images):,} images in {where} are the same"
        raise ValueError(f"{told}; there is nothing to tell them apart")
