"""The classes of pictures by their folders, and by their names where there are no folders.

Folders in each other leave open which of them are classes: domains of the same classes, or classes and their kinds.
"""

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mmclust.data.readers import archives, parts, words
from mmclust.data.readers.reading import Reading, listed

OUTER, INNER = "outer folders", "inner folders"
BY_NAME, NO_CLASSES = "classes", "no classes"
ALIKE = 0.9
MOST_CLASSES = 1000
_GENERAL = frozenset(("images", "image", "img", "imgs", "jpg", "jpeg", "jpegs", "png", "jpegimages", "pictures"))
"""Folders that say no more than that pictures lie in them."""
_COUNTED = re.compile(r"(.*?[A-Za-z].*?)[-_. (]*\d+\)?")
"""A name that ends in a number; what stands before it may be a class."""


@dataclass
class Place:
    """A picture on the way: its name, the folders that have not been understood yet, its name without ending."""

    name: str
    folders: tuple[str, ...]
    stem: str
    part: int = 0
    group: str = ""
    """The folder of its part."""
    view: str = ""


def classed(
    places: list[Place], where: str, reading: Reading, *, known: bool
) -> tuple[list[tuple[Place, int]], tuple[str, ...]]:
    """The class of each picture, -1 for none, and the names of the classes.

    Args:
        places: the pictures, without folders of parts and views.
        where: what messages call the set.
        reading: answers which folders are classes, and whether names are.
        known: whether a file beside the pictures says their classes.

    Raises:
        ValueError: some of the pictures are in a class folder and some beside these.
    """
    _cut_of_views(places)
    _cut_general(places)
    _choose_level(places, reading)
    if not known and not any(place.folders for place in places):
        _take_names(places, reading)
    tops = _tops(places, where)
    named = {top: archives.shown(top) for top in tops if not (words.is_unlabelled(top) and len(tops) > 1)}
    classes = tuple(sorted(set(named.values())))
    if len(named) < len(tops):
        reading.tell(f"pictures in {listed(sorted(tops - named.keys()))} have no class")
    ids = {name: label for label, name in enumerate(classes)}
    return [(p, ids[named[p.folders[0]]] if p.folders and p.folders[0] in named else -1) for p in places], classes


def _cut_of_views(places: list[Place]) -> None:
    """Drop a folder that each view has around all of its own."""
    for view in {place.view for place in places if place.view}:
        own = [place for place in places if place.view == view]
        if len(os.path.commonprefix([place.folders for place in own])) and all(len(p.folders) == 1 for p in own):
            for place in own:
                place.folders = ()


def _cut_general(places: list[Place]) -> None:
    """Drop folders such as `images`, where that leaves all pictures of a part in class folders, or none."""
    kept = [tuple(folder for folder in place.folders if words.plain(folder) not in _GENERAL) for place in places]
    bare: dict[str, set[bool]] = {}
    for place, folders in zip(places, kept, strict=True):
        bare.setdefault(place.group, set()).add(bool(folders))
    if all(len(found) == 1 for found in bare.values()):
        for place, folders in zip(places, kept, strict=True):
            place.folders = folders


def _choose_level(places: list[Place], reading: Reading) -> None:
    """Take the outer folders away where the inner ones are the classes, which is asked."""
    deep = [place.folders[:2] for place in places if len(place.folders) > 1]
    if len(deep) < ALIKE * len(places):
        return
    inside: dict[str, set[str]] = {}
    for outer, inner in deep:
        inside.setdefault(outer, set()).add(inner)
    inner = set().union(*inside.values())
    if len(inside) < 2 or max(map(len, inside.values())) < 2 or len(inner) > min(MOST_CLASSES, len(places) // 2):
        return
    shared = set.intersection(*inside.values())
    is_domain = len(shared) > 1 and 2 * len(shared) >= len(inner)
    guess = INNER if is_domain or all(len(outer) == 1 and outer.isalpha() for outer in inside) else OUTER
    text = (
        f"Class folders may be the outer ones ({len(inside)}: {listed(sorted(inside))}) or those in them "
        f"({len(inner)}: {listed(sorted(inner))})."
    )
    if reading.ask("class folders", text, (OUTER, INNER), guess) == INNER:
        for place in places:
            place.folders = place.folders[1:]


def _take_names(places: list[Place], reading: Reading) -> None:
    """Take what stands before the number in the names of pictures for their class, where that is so."""
    found = [match[1] if (match := _COUNTED.fullmatch(place.stem)) else "" for place in places]
    counts = Counter(found)
    names = [name for name in counts if name]
    named = {place.group for place, name in zip(places, found, strict=True) if name}
    n_places = sum(place.group in named for place in places)  # parts whose classes are not told have none
    n_without = counts[""] - (len(places) - n_places)
    if not 2 <= len(names) <= min(MOST_CLASSES, n_places // 3) or n_without > (1 - ALIKE) * n_places:
        return
    if sum(counts[name] for name in names if counts[name] > 1) < ALIKE * n_places or _says_nothing(names):
        return
    text = f"Names of pictures begin with {listed(sorted(names))} before a number: these may be their classes."
    if reading.ask("names", text, (BY_NAME, NO_CLASSES), BY_NAME) == BY_NAME:
        for place, name in zip(places, found, strict=True):
            place.folders = (name or "unlabeled",)


def _says_nothing(names: Iterable[str]) -> bool:
    """Whether names are those of parts, or of what every camera calls its pictures."""
    camera = (*words.IMAGES, "dsc", "dscn", "dscf", "pxl", "mvi", "scan", "screenshot")
    return all(parts.taken_apart(name)[1] is not None or words.plain(name) in camera for name in names)


def _tops(places: Sequence[Place], where: str) -> set[str]:
    """The folders that are classes.

    Raises:
        ValueError: some of the pictures are in one and some are not.
    """
    without = {
        group: [p for p in places if p.group == group and not p.folders] for group in {place.group for place in places}
    }
    beside = [place for own in without.values() for place in own]
    for group, own in without.items():
        if own and len(own) < sum(place.group == group for place in places):
            raise ValueError(
                f"{len(beside)} of {len(places)} pictures in {where} are in no class folder, such as "
                f"{archives.shown(own[0].name)}; put every picture into a class folder, or none"
            )
    tops = {place.folders[0] for place in places if place.folders}
    if len(tops) == 1 and beside:  # a part in a folder, such as test/test, is no class
        top = next(iter(tops))
        if (
            parts.taken_apart(top)[1] is not None
            or words.plain(top) in parts.GENERAL
            or words.plain(top) in words.IMAGES
        ):
            return set()
    return tops
