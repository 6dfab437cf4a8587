"""Pictures of a folder or archive, decoded row by row into a cache entry as a plan of them says."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from mmclust.data.progress import Progress
from mmclust.data.readers import archives, cache, looked_up, picture_files, pictures, tree_plan
from mmclust.data.readers.pictures import Form
from mmclust.data.readers.reading import Reading
from mmclust.data.readers.tree_plan import Plan


def decode(
    path: Path,
    only: Sequence[str],
    plan: Plan,
    place: Path,
    progress: Progress | None,
    reading: Reading,
) -> None:
    """Fill a cache entry with the pictures, row by row as the source gives them.

    Args:
        path: folder or archive.
        only: as `tree.read` takes it.
        plan: of the pictures.
        place: folder of the cache entry.
        progress: called with a fraction 0..1 and what is being done.
        reading: takes down what was left out.

    Raises:
        ValueError: what is wrong with the pictures, in one sentence.
    """
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
    plan: Plan,
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


def _measured(path: Path, only: Sequence[str], rows: dict[str, int], plan: Plan, view: int) -> Form:
    """The form of a view with its scale and its ground, which deep and transparent pictures tell."""
    deep = plan.sizes.deep & rows.keys()
    transparent = sorted(plan.sizes.transparent & rows.keys())
    transparent = transparent[:: max(1, len(transparent) // 256)]
    if not deep and not transparent:
        return plan.forms[view]
    if len(plan.layout.samples) > tree_plan.MANY and deep:  # others that were not looked at may be deep, too
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


def _drop_broken(plan: Plan, broken: dict[str, str], place: Path, where: str, reading: Reading) -> np.ndarray:
    """Take samples out again whose pictures could not be decoded; the rows (n,) that are kept."""
    samples = plan.layout.samples
    left = set(tree_plan.without_broken(plan.layout, broken, where, reading).samples) if broken else set(samples)
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
