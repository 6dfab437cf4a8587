"""Data sets of users: kept as plain arrays in a folder of their owner, and listed for that owner alone.

A file that arrives is put into a draft first and looked at there (`mmclust.data.drafts`); what is kept of it are the
arrays that a reader made, never the file. A folder appears under its name when it is complete.

Names have the form `own/OWNER/SLUG` everywhere: in run specs, in addresses, on the command line.
"""

import hashlib
import itertools
import json
import re
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mmclust import audit, disk, settings
from mmclust.data import checksums, drafts
from mmclust.data.dataset import DataSpec, MultiViewDataset, PartialSamples, ViewSpec, WordSpace
from mmclust.data.entry import Entry
from mmclust.data.progress import Progress
from mmclust.data.readers import looked_up

LOCAL = drafts.LOCAL
MAX_TEXT = 2000
"""Letters in a field that a user fills in."""
_ABOUT, _UNDERSTOOD, _GONE = "dataset.json", "understanding.json", ".gone"
_PARTIAL, _WORDS = "partial.npz", "words.npy"
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


@dataclass(frozen=True, kw_only=True)
class About:
    """What a user says of a data set."""

    title: str
    about: str = ""
    source: str = ""
    licence: str = ""
    citation: str = ""


def owner_of(subject: str) -> str:
    """The owner's key for a signed-in person's identifier, from which it cannot be guessed."""
    return hashlib.sha256(subject.encode()).hexdigest()[:16]


def keep(
    dataset: MultiViewDataset, about: About, owner: str = LOCAL, *, understood: Mapping[str, Any] | None = None
) -> str:
    """Keep a data set under its title, and give the name it is known by.

    Args:
        dataset: what was read.
        about: what its owner says of it.
        owner: whose it is.
        understood: what was understood of the file it comes from, what was asked and left out.

    Raises:
        ValueError: no title, a title that is taken, no room, or nothing to cluster.
    """
    about = _checked(about)
    if dataset.n_samples < 2:
        raise ValueError(f"{about.title} holds {dataset.n_samples} sample; at least 2 are needed to cluster")
    slug = re.sub(r"[^a-z0-9]+", "-", about.title.lower()).strip("-")[:60].strip("-") or "data"
    own = drafts.folder_of(owner)
    if (own / slug).exists():
        raise ValueError(f"you have a data set called {about.title} already; choose another title or delete that one")
    # A name is never given twice: runs of a deleted data set must not find another one under it.
    slug = next(name for name in _numbered(slug) if not any((own / place / name).exists() for place in ("", _GONE)))
    folder = own / slug
    room = settings.limit("UPLOADS_GIB") * 2**30 - drafts.n_bytes(own)
    pictures = 0 if dataset.pictures is None else dataset.pictures.nbytes
    if (needed := sum(view.nbytes for view in dataset.views) + pictures) > room:
        raise ValueError(
            f"{about.title} takes {needed / 2**20:,.0f} MiB, and {max(0, room) / 2**20:,.0f} MiB are left to you; "
            "delete a data set, or raise MMCLUST_MAX_UPLOADS_GIB"
        )
    try:
        disk.require(about.title, settings.home(), needed)
        with disk.room_for(about.title, settings.home()), drafts.draft(owner) as place:
            _write(place / slug, dataset, about)
            checksums.write(place / slug, leave_out=(_ABOUT,))
            if understood is not None:
                (place / slug / _UNDERSTOOD).write_text(json.dumps(understood, indent=2))
            (place / slug).rename(folder)
    except disk.DiskFull as full:
        raise ValueError(str(full)) from None
    audit.note(settings.home(), "add", f"own/{owner}/{slug}")
    return f"own/{owner}/{slug}"


def _numbered(slug: str) -> Iterator[str]:
    """slug, slug-2, slug-3 ..."""
    yield slug
    yield from (f"{slug[:56]}-{number}" for number in itertools.count(2))


def _checked(about: About) -> About:
    """The fields without spaces around them.

    Raises:
        ValueError: no title, or a field that is too long.
    """
    cut = About(**{name: " ".join(str(text).split()) for name, text in asdict(about).items()})
    if not cut.title:
        raise ValueError("the data set has no title; give it one to find it by")
    for name, text in asdict(cut).items():
        longest = 80 if name == "title" else MAX_TEXT
        if len(text) > longest:
            raise ValueError(f"the {name} has {len(text):,} letters; at most {longest:,} are kept")
    return cut


def _write(folder: Path, dataset: MultiViewDataset, about: About) -> None:
    folder.mkdir()
    for number, view in enumerate(dataset.views):
        np.save(folder / f"view-{number}.npy", view)
    for name, values in (("labels", dataset.labels), ("split", dataset.split)):
        if values is not None:
            np.save(folder / f"{name}.npy", values)
    if dataset.pictures is not None:
        np.save(folder / "pictures.npy", dataset.pictures)
    if dataset.partial is not None:
        lacking = dataset.partial
        known = {} if lacking.labels is None else {"labels": lacking.labels}
        views = {f"view-{number}": view for number, view in enumerate(lacking.views)}
        np.savez(folder / _PARTIAL, allow_pickle=False, present=lacking.present, rows=lacking.rows, **known, **views)
    if dataset.texts is not None:
        (folder / "texts.json").write_text(json.dumps(dataset.texts.tolist()))
    if dataset.columns:
        looked_up.save(folder, dataset.columns)
    words = dataset.word_space
    if words is not None:
        np.save(folder / _WORDS, words.codes)
    known = {
        "about": asdict(about),
        "added": time.time(),
        "n_samples": dataset.n_samples,
        "views": [asdict(view) for view in dataset.spec.views],
        "classes": dataset.spec.classes,
        "n_clusters": dataset.spec.n_clusters,
        "captioned": dataset.texts is not None,
        "words": None if words is None else {"extractor": words.extractor, "weights": words.weights},
    }
    (folder / _ABOUT).write_text(json.dumps(known, indent=2))


def entries(owner: str = LOCAL) -> list[Entry]:
    """The data sets of an owner, by title."""
    found = [_entry(folder) for folder in _folders(owner)]
    return sorted((entry for entry in found if entry), key=lambda entry: entry.title.lower())


def find(name: str) -> Entry | None:
    """The data set of that name, `own/OWNER/SLUG` or the slug of one without an owner; None where there is none."""
    parts = name.strip().split("/")
    owner, slug = (parts[1], parts[2]) if len(parts) == 3 and parts[0] == "own" else (LOCAL, name.strip().lower())
    if not (drafts.is_owner(owner) and _SLUG.fullmatch(slug)):
        return None
    return _entry(drafts.folder_of(owner) / slug)


def owner_in(name: str) -> str:
    """The owner that the name of a data set, `own/OWNER/SLUG`, tells; empty for data of nobody."""
    parts = name.strip().split("/")  # as `find` takes it
    return parts[1] if len(parts) == 3 and parts[0] == "own" else ""


def _entry(folder: Path) -> Entry | None:
    try:
        return _read_entry(folder, (folder / _ABOUT).stat().st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError):
        return None


@lru_cache(maxsize=256)
def _read_entry(folder: Path, changed: int) -> Entry:
    # `changed` is part of the key: a renamed data set is read anew.
    known = json.loads((folder / _ABOUT).read_text())
    about = About(**known["about"])
    views = tuple(_view(view) for view in known["views"])
    single = len(views) == 1 and views[0].kind == "image"
    return Entry(
        name=f"own/{folder.parent.name}/{folder.name}",
        title=about.title,
        about=about.about,
        shape=views[0].shape if single else (),
        several=() if single else views,
        pixels=(views[0].low, views[0].high),
        n_samples=known["n_samples"],
        n_clusters=known["n_clusters"],
        classes=tuple(known["classes"]),
        source=about.source or "a file of yours",
        licence=about.licence or "not stated",
        citation=about.citation,
        captioned=known["captioned"],
        place=folder,
        loader="mmclust.data.uploads:load",
    )


def _view(known: dict[str, Any]) -> ViewSpec:
    shapes: dict[str, Any] = {name: known[name] and tuple(known[name]) for name in ("shape", "image_shape")}
    return ViewSpec(**{field.name: known[field.name] for field in fields(ViewSpec)} | shapes)


def load(spec: DataSpec, path: Path | None, progress: Progress | None = None) -> MultiViewDataset:
    """The data set in a folder that `keep` wrote, its views memory-mapped.

    Raises:
        ValueError: its files are not as they were written.
    """
    assert path is not None
    known = json.loads((path / _ABOUT).read_text())
    if damage := checksums.damaged(path):
        raise ValueError(
            f"the files of {known['about']['title']} are damaged ({', '.join(damage)}); delete it, add it again"
        )
    views = tuple(_view(view) for view in known["views"])
    try:
        arrays = [np.load(path / f"view-{number}.npy", mmap_mode="r") for number in range(len(views))]
        labels, split = (
            np.load(file) if (file := path / f"{name}.npy").is_file() else None for name in ("labels", "split")
        )
    except (OSError, ValueError) as error:
        raise ValueError(
            f"the files of {known['about']['title']} are damaged ({error}); delete it, add it again"
        ) from None
    pictures = np.load(path / "pictures.npy", mmap_mode="r") if (path / "pictures.npy").is_file() else None
    texts = np.array(json.loads((path / "texts.json").read_text()), object) if known["captioned"] else None
    found = DataSpec(name=spec.name, views=views, n_clusters=known["n_clusters"], classes=tuple(known["classes"]))
    return MultiViewDataset(
        spec=found,
        views=tuple(array.view(np.ndarray) for array in arrays),
        labels=labels,
        split=split,
        texts=texts,
        columns=looked_up.load(path),
        pictures=None if pictures is None else pictures.view(np.ndarray),
        partial=_partial(path / _PARTIAL, len(views)),
        word_space=_word_space(path / _WORDS, known.get("words")),
    )


def _word_space(file: Path, known: dict[str, str] | None) -> WordSpace | None:
    """Where samples are found by words; None where no network described them so."""
    if known is None or not file.is_file():
        return None
    codes = np.load(file, mmap_mode="r").view(np.ndarray)
    return WordSpace(codes=codes, extractor=known["extractor"], weights=known["weights"])


def damaged() -> dict[str, list[str]]:
    """The data sets of all owners with damaged files, and which."""
    folders = sorted((settings.home() / "uploads").glob("*/[a-z0-9]*"))
    return {f"own/{f.parent.name}/{f.name}": names for f in folders if (names := checksums.damaged(f))}


def _partial(file: Path, n_views: int) -> PartialSamples | None:
    """The samples that lack a view; None where there are none."""
    if not file.is_file():
        return None
    with np.load(file) as arrays:
        return PartialSamples(
            views=tuple(arrays[f"view-{number}"] for number in range(n_views)),
            present=arrays["present"],
            rows=arrays["rows"],
            labels=arrays.get("labels"),
        )


def about(name: str) -> About:
    """What its owner says of a data set.

    Raises:
        ValueError: there is none of that name.
    """
    return About(**json.loads((_existing(name) / _ABOUT).read_text())["about"])


def understanding(name: str) -> dict[str, Any] | None:
    """What was understood of the file that a data set comes from; None where that was not kept."""
    entry = find(name)
    file = entry.place / _UNDERSTOOD if entry and entry.place else None
    if file is None or not file.is_file():
        return None
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return None


def describe(name: str, about: About) -> None:
    """Say something else of a data set: another title, licence ...; its name stays, so that its runs find it.

    Raises:
        ValueError: there is none of that name, or a field does not fit.
    """
    folder = _existing(name)
    known = json.loads((folder / _ABOUT).read_text()) | {"about": asdict(_checked(about))}
    written = folder / f"{_ABOUT}.{uuid.uuid4().hex[:8]}"
    written.write_text(json.dumps(known, indent=2))
    written.replace(folder / _ABOUT)


def delete(name: str) -> None:
    """Delete a data set; its runs keep their figures, but nothing can be shown of their samples.

    Raises:
        ValueError: there is none of that name.
    """
    folder = _existing(name)
    gone = folder.parent / drafts.DRAFTS / uuid.uuid4().hex
    gone.parent.mkdir(exist_ok=True)
    (folder.parent / _GONE).mkdir(exist_ok=True)
    (folder.parent / _GONE / folder.name).touch()
    folder.rename(gone)  # at once, so that nobody meets one that is half gone
    shutil.rmtree(gone, ignore_errors=True)
    audit.note(settings.home(), "delete", name)


def _existing(name: str) -> Path:
    entry = find(name)
    if entry is None or entry.place is None:
        raise ValueError(f"there is no data set {name} of yours any more; choose another")
    return entry.place


def _folders(owner: str) -> list[Path]:
    try:
        return [folder for folder in drafts.folder_of(owner).iterdir() if _SLUG.fullmatch(folder.name)]
    except OSError:
        return []
