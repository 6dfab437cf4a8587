"""What names and headers tell of a folder or archive of pictures: classes, order, size and colour."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from mmclust.data.dataset import DataSpec, ViewSpec
from mmclust.data.progress import Progress
from mmclust.data.readers import archives, beside, layout, leftovers, picture_orders, pictures, table
from mmclust.data.readers.archives import Listing
from mmclust.data.readers.layout import Layout
from mmclust.data.readers.pictures import Form, Sizes
from mmclust.data.readers.reading import Reading

MANY = 20_000
"""Above so many pictures the headers of some are read before all are decoded."""
LOOKED_AT = 2_000


@dataclass(frozen=True)
class Plan:
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
        """Views and classes of the data set that the pictures make, without its name."""
        views = tuple(
            ViewSpec(name=name, kind="image", shape=form.shape)
            for name, form in zip(self.layout.views, self.forms, strict=True)
        )
        return DataSpec(name="", views=views, n_clusters=len(self.classes), classes=self.classes)


def look(
    path: Path,
    names: Listing,
    only: Sequence[str],
    px: int | None,
    progress: Progress | None,
    listed: Path | None,
    reading: Reading,
) -> Plan:
    """Understand the names of all pictures and read their headers: classes, order, size and colour.

    Args:
        path: folder or archive.
        names: of everything in it.
        only: as `tree.read` takes it, like `px` and `listed`.
        px: side of the squares asked for.
        progress: called with a fraction 0..1 and what is being done.
        listed: a table that names the pictures to take.
        reading: answers what names leave open, and takes down what was left out.

    Raises:
        ValueError: what is wrong with the pictures, in one sentence.
    """
    every = names.of(path)
    found = [name for name in every if archives.is_picture(name)]
    others = [] if len(found) == len(every) else sorted(set(every) - set(found))
    found = [name for name in found if under(name, only)] if only else found
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
    arranged = without_broken(arranged, sizes.broken, path.name, reading)
    forms = tuple(
        _of_view(sizes, arranged, view).form(path.name, px, len(arranged.samples))
        for view in range(len(arranged.views))
    )
    labels, classes, split = _known(arranged, said, reading)
    return Plan(arranged, forms, sizes, said, labels, classes, split)


def under(name: str, only: Sequence[str]) -> bool:
    """Whether a file lies in a folder of one of these names; all do where there is no name."""
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


def without_broken(arranged: Layout, broken: dict[str, str], where: str, reading: Reading) -> Layout:
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
