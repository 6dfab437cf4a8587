"""What the names of pictures and of their folders say: classes, parts to train on and to test, views, masks.

Only names are looked at, so that a hundred thousand pictures are understood at once.
"""

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from mmclust.data.readers import archives, parts, words
from mmclust.data.readers.reading import Reading, listed

MASKS_OUT, MASKS_VIEW, MASKS_SAMPLES = "leave them out", "a view of their own", "samples like the others"
VIEWS, CLASSES = "views of the same samples", "classes"
ALIKE = 0.9
"""Share of names that folders have in common where their pictures are views of the same samples."""
MOST_VIEWS = 8


@dataclass(frozen=True, order=True)
class Sample:
    """A sample by its pictures, one for each view; the order of the fields is that of the rows."""

    part: int
    label: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """The samples of a folder, sorted, and what their folders say."""

    samples: list[Sample]
    views: tuple[str, ...] = ("image",)
    classes: tuple[str, ...] = ()
    has_parts: bool = False
    left_out: list[str] = field(default_factory=list)


@dataclass
class _Place:
    """A picture on the way: its name, the folders that have not been understood yet, its name without ending."""

    name: str
    folders: tuple[str, ...]
    stem: str
    part: int = 0
    view: str = ""


def arrange(names: Sequence[str], where: str, reading: Reading) -> Layout:
    """Part, class and view of every picture, by its folders and its name.

    Raises:
        ValueError: some of the pictures are in a class folder and some beside these.
    """
    places = [_place(name) for name in names]
    _cut_common(places)
    places = _without_masks(places, reading)
    has_parts = _take_parts(places, reading)
    one_kind = any(question.answer == MASKS_SAMPLES for question in reading.questions if question.name == "masks")
    views = () if one_kind else _take_views(places, reading) or _take_views_by_name(places, reading)
    samples, classes = _classed(places, where, reading)
    if not views:
        rows = sorted((p.part, label, (p.name,)) for p, label in samples)  # of tuples: that is five times as fast
        return Layout([Sample(*row) for row in rows], ("image",), classes, has_parts)
    return _complete(samples, views, classes, has_parts, reading)


def _place(name: str) -> _Place:
    *folders, last = name.split("/")
    return _Place(name, tuple(folders), os.path.splitext(last)[0])


def _cut_common(places: list[_Place]) -> None:
    """Drop the folders around everything."""
    depth = len(os.path.commonprefix([place.folders for place in places]))
    if depth:
        for place in places:
            place.folders = place.folders[depth:]


def _without_masks(places: list[_Place], reading: Reading) -> list[_Place]:
    """Pictures without those that mark something in another: `cat_mask.png` beside `cat.png`, `masks/`."""
    found = _masks_by_name(places) or _masks_by_folder(places)
    if not found:
        return places
    example = archives.shown(next(place.name for place in places if id(place) in found))
    text = f"{len(found):,} pictures, such as {example}, are called like masks of the others."
    answer = reading.ask("masks", text, (MASKS_OUT, MASKS_VIEW, MASKS_SAMPLES), MASKS_OUT)
    if answer == MASKS_OUT:
        reading.leave_out(f"{len(found):,} pictures such as {example}", "masks of the others")
        rest = [place for place in places if id(place) not in found]
        _cut_common(rest)
        return rest
    if answer == MASKS_VIEW:
        for place in places:
            mask = found.get(id(place))
            place.view = "mask" if mask else "image"
            if mask:
                place.folders, place.stem = mask.folders, mask.stem
        _cut_common(places)
    return places


def _masks_by_name(places: list[_Place]) -> dict[int, _Place]:
    """Pictures whose name is that of another and a word for a mask, with that other."""
    by_name = {(place.folders, place.stem): place for place in places}
    found = {}
    for place in places:
        match = re.fullmatch(r"(.+?)[-_. ]?([A-Za-z]+)\d*", place.stem)
        if match and match[2].lower() in words.MASK_WORDS and (twin := by_name.get((place.folders, match[1]))):
            found[id(place)] = twin
    return found if 2 * len(found) >= len(places) * ALIKE / 2 else {}


def _masks_by_folder(places: list[_Place]) -> dict[int, _Place]:
    """Pictures in a folder `masks` beside one of the same names, with their twins there."""
    tops = {place.folders[0] for place in places if place.folders}
    marked = {
        top
        for top in tops
        if words.plain(top) in ("mask", "masks", "segmentation", "segmentations", "annotations", "groundtruth")
    }
    if not marked or len(marked) == len(tops) or any(not place.folders for place in places):
        return {}
    others = {(place.folders[1:], _bare(place.stem)): place for place in places if place.folders[0] not in marked}
    found = {
        id(place): twin
        for place in places
        if place.folders[0] in marked and (twin := others.get((place.folders[1:], _bare(place.stem))))
    }
    n_marked = sum(place.folders[0] in marked for place in places)
    return found if len(found) >= ALIKE * n_marked else {}


def _bare(stem: str) -> str:
    """A name without a word for a mask at its end."""
    match = re.fullmatch(r"(.+?)[-_. ]([A-Za-z]+)\d*", stem)
    return match[1] if match and match[2].lower() in words.MASK_WORDS else stem


def _take_parts(places: list[_Place], reading: Reading) -> bool:
    """Take the folders that name parts away and remember which; whether there are parts to train on and to test."""
    for depth in (0, 1):
        tops = Counter(place.folders[depth] for place in places if len(place.folders) > depth)
        taken = {top: parts.taken_apart(top) for top in tops}
        known = {top: part for top, (_, part) in taken.items() if part is not None}
        strays = sum(len(place.folders) <= depth for place in places)
        if len(known) < 2 or len(known) < len(tops) or strays or len({base for base, _ in taken.values()}) > 1:
            continue
        for place in places:
            part = known[place.folders[depth]]
            place.part = int(part.is_test)
            place.folders = place.folders[:depth] + place.folders[depth + 1 :]
        _cut_common_of_parts(places)
        lengths = {part: tops[top] for top, part in sorted(known.items(), key=lambda item: item[1])}
        if any(word not in _USUAL for word in (top.lower() for top in known)):
            reading.tell(parts.told(lengths, lengths.values()))
        return len({part.is_test for part in known.values()}) > 1
    return False


_USUAL = ("train", "training", "test", "testing", "val", "valid", "validation")


def _cut_common_of_parts(places: list[_Place]) -> None:
    """Drop a folder that each part has around all of its own: `seg_train/seg_train`."""
    for part in {place.part for place in places}:
        own = [place for place in places if place.part == part]
        tops = {place.folders[0] if place.folders else "" for place in own}
        if len(tops) <= 2 and all(top and parts.taken_apart(top)[1] is not None for top in tops):
            for place in own:
                place.folders = place.folders[1:]


def _take_views(places: list[_Place], reading: Reading) -> tuple[str, ...]:
    """Take the folders away that hold views of the same samples; their names, empty where there are none."""
    if any(place.view for place in places):
        return tuple(dict.fromkeys(sorted((place.view for place in places), key=("image", "mask").index)))
    for depth in (0, 1):
        if any(len(place.folders) <= depth for place in places):
            continue
        inside: dict[str, set[tuple[object, ...]]] = {}
        for place in places:
            rest = (place.part, *place.folders[:depth], *place.folders[depth + 1 :], place.stem)
            inside.setdefault(place.folders[depth], set()).add(rest)
        if not 2 <= len(inside) <= MOST_VIEWS or not _alike(list(inside.values())):
            continue
        named = all(
            set(words.tokens(top)) & words.MODALITIES
            or re.fullmatch(r"(view|cam|camera|modality)[-_ ]?\d+", top.lower())
            for top in inside
        )
        has_classes = depth == 1 or len({place.folders[1] for place in places if len(place.folders) > 1}) > 1
        counted = sum(
            place.stem.isdecimal() or bool(re.fullmatch(r"[A-Za-z]{0,8}[-_ ]?\d+", place.stem)) for place in places
        ) > 0.5 * len(places)
        if not (named or has_classes) and (counted or depth == 1):
            continue  # classes whose pictures are counted alike
        if depth == 1 and not named:
            continue
        guess = VIEWS if named or has_classes else CLASSES
        text = (
            f"The folders {listed(sorted(inside))} hold pictures of the same names: they may be views of the same "
            "samples, or classes."
        )
        if reading.ask("folders", text, (VIEWS, CLASSES), guess) == CLASSES:
            continue
        for place in places:
            place.view = place.folders[depth]
            place.folders = place.folders[:depth] + place.folders[depth + 1 :]
        order = {
            word: number
            for number, word in enumerate(
                ("rgb", "image", "images", "img", "photo", "color", "colour", "left", "visible")
            )
        }
        return tuple(sorted(inside, key=lambda top: (order.get(top.lower(), len(order)), top)))
    return ()


def _alike(inside: list[set[tuple[object, ...]]]) -> bool:
    common = set.intersection(*inside)
    return len(common) >= ALIKE * max(map(len, inside))


def _take_views_by_name(places: list[_Place], reading: Reading) -> tuple[str, ...]:
    """Views by the ends of names: `001_rgb.png` beside `001_depth.png`."""
    ends: dict[int, tuple[str, str]] = {}
    for place in places:
        match = re.fullmatch(r"(.+)[-_. ]([A-Za-z]+\d*)", place.stem)
        if not match or not (match[2].lower() in words.MODALITIES and len(match[2]) > 1):
            return ()
        ends[id(place)] = (match[1], match[2].lower())
    found: dict[str, set[tuple[object, ...]]] = {}
    for place in places:
        base, end = ends[id(place)]
        found.setdefault(end, set()).add((place.part, *place.folders, base))
    if not 2 <= len(found) <= MOST_VIEWS or not _alike(list(found.values())):
        return ()
    text = (
        f"Pictures come in {listed(sorted(found))} by the ends of their names: they may be views of the same samples."
    )
    if reading.ask("names", text, (VIEWS, "samples of their own"), VIEWS) != VIEWS:
        return ()
    for place in places:
        place.stem, place.view = ends[id(place)]
    return tuple(found)


def _classed(places: list[_Place], where: str, reading: Reading) -> tuple[list[tuple[_Place, int]], tuple[str, ...]]:
    """The class of each picture by its first folder, -1 for none, and the names of the classes."""
    for view in {place.view for place in places}:
        own = [place for place in places if place.view == view]
        if (
            view
            and len(os.path.commonprefix([place.folders for place in own]))
            and all(len(p.folders) == 1 for p in own)
        ):
            for place in own:
                place.folders = ()
    without = {
        part: [p for p in places if p.part == part and not p.folders] for part in {place.part for place in places}
    }
    beside = [place for own in without.values() for place in own]
    for part, own in without.items():
        if own and len(own) < sum(place.part == part for place in places):
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
            tops = set()
    named = {top: archives.shown(top) for top in tops if not (words.is_unlabelled(top) and len(tops) > 1)}
    classes = tuple(sorted(set(named.values())))
    if len(named) < len(tops):
        reading.tell(f"pictures in {listed(sorted(tops - named.keys()))} have no class")
    ids = {name: label for label, name in enumerate(classes)}
    return [(p, ids[named[p.folders[0]]] if p.folders and p.folders[0] in named else -1) for p in places], classes


def _complete(
    samples: list[tuple[_Place, int]],
    views: tuple[str, ...],
    classes: tuple[str, ...],
    has_parts: bool,
    reading: Reading,
) -> Layout:
    """Samples that have a picture in every view."""
    by_sample: dict[tuple[object, ...], dict[str, tuple[_Place, int]]] = {}
    for place, label in samples:
        by_sample.setdefault((place.part, place.folders, place.stem), {})[place.view] = (place, label)
    whole = [found for found in by_sample.values() if len(found) == len(views)]
    if len(whole) < len(by_sample):
        reading.leave_out(f"{len(by_sample) - len(whole):,} samples", "no picture in every view")
    rows = []
    for found in whole:
        place, label = found[views[0]]
        rows.append(Sample(place.part, label, tuple(found[view][0].name for view in views)))
    return Layout(sorted(rows), views, classes, has_parts)
