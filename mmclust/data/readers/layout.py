"""What the names of pictures and of their folders say: classes, parts to train on and to test, views, masks.

Only names are looked at, so that a hundred thousand pictures are understood at once.
"""

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mmclust.data.readers import archives, parts, picture_classes, words
from mmclust.data.readers.picture_classes import Place
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


def arrange(names: Sequence[str], where: str, reading: Reading, *, known: bool = False) -> Layout:
    """Part, class and view of every picture, by its folders and its name.

    Args:
        names: of the pictures, with / between folders.
        where: what messages call the set.
        reading: answers what names leave open.
        known: whether a file beside the pictures says their classes.

    Raises:
        ValueError: some of the pictures are in a class folder and some beside these.
    """
    places = [_place(name) for name in names]
    _cut_common(places)
    places = _without_masks(places, reading)
    has_parts = _take_parts(places, reading)
    one_kind = any(question.answer == MASKS_SAMPLES for question in reading.questions if question.name == "masks")
    views = () if one_kind else _take_views(places, reading) or _take_views_by_name(places, reading)
    samples, classes = picture_classes.classed(places, where, reading, known=known or bool(views))
    if not views:
        rows = sorted((p.part, label, (p.name,)) for p, label in samples)  # of tuples: that is five times as fast
        return Layout([Sample(*row) for row in rows], ("image",), classes, has_parts)
    return _complete(samples, views, classes, has_parts, reading)


def _place(name: str) -> Place:
    *folders, last = name.split("/")
    return Place(name, tuple(folders), os.path.splitext(last)[0])


def _cut_common(places: list[Place]) -> None:
    """Drop the folders around everything."""
    depth = len(os.path.commonprefix([place.folders for place in places]))
    if depth:
        for place in places:
            place.folders = place.folders[depth:]


def _without_masks(places: list[Place], reading: Reading) -> list[Place]:
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


def _masks_by_name(places: list[Place]) -> dict[int, Place]:
    """Pictures whose name is that of another and a word for a mask, perhaps numbered, with that other."""
    by_name = {(place.folders, place.stem): place for place in places}
    found = {}
    for place in places:
        match = re.fullmatch(r"(.+?)[-_. ]?([A-Za-z]+)[-_. ]?\d*", place.stem)
        if match and match[2].lower() in words.MASK_WORDS and (twin := by_name.get((place.folders, match[1]))):
            found[id(place)] = twin
    return found if 2 * len(found) >= len(places) * ALIKE / 2 else {}


def _masks_by_folder(places: list[Place]) -> dict[int, Place]:
    """Pictures in a folder `masks`, wherever it lies, with those of the same names outside of it."""
    marked = [place for place in places if any(map(_is_of_masks, place.folders))]
    others = [place for place in places if not any(map(_is_of_masks, place.folders))]
    if not marked or not others:
        return {}
    stems = Counter(_bare(place.stem) for place in others)
    exact = {(place.folders[-1:], _bare(place.stem)): place for place in others}
    alone = {_bare(place.stem): place for place in others if stems[_bare(place.stem)] == 1}
    found = {}
    for place in marked:
        stem = _bare(place.stem)
        if twin := exact.get((place.folders[-1:], stem)) or alone.get(stem) or exact.get(((), stem)):
            found[id(place)] = twin
    return found if len(found) >= ALIKE * len(marked) else {}


def _is_of_masks(folder: str) -> bool:
    return words.plain(folder) in _MASK_FOLDERS


_MASK_FOLDERS = frozenset(
    (
        *("mask", "masks", "segmentation", "segmentations", "segmentationclass", "segmentationobject", "trimaps"),
        *("trimap", "annotation", "annotations", "groundtruth", "labelids", "groundtruths"),
    )
)


def _bare(stem: str) -> str:
    """A name without a word for a mask at its end."""
    match = re.fullmatch(r"(.+?)[-_. ]([A-Za-z]+)\d*", stem)
    return match[1] if match and match[2].lower() in words.MASK_WORDS else stem


def _take_parts(places: list[Place], reading: Reading) -> bool:
    """Take the folders that name parts away and remember which; whether there are parts to train on and to test."""
    for depth in (0, 1):
        tops = Counter(place.folders[depth] for place in places if len(place.folders) > depth)
        taken = {top: parts.taken_apart(_PREDICTED.sub("eval", top)) for top in tops}
        known = {top: part for top, (_, part) in taken.items() if part is not None}
        strays = sum(len(place.folders) <= depth for place in places)
        bases = {base for base, _ in taken.values()}
        is_grid = len(bases) > 1 and _is_grid(taken)
        if len(known) < 2 or len(known) < len(tops) or strays or len(bases - {""}) > 1 and not is_grid:
            continue
        for place in places:
            place.group = place.folders[depth]
            base, part = taken[place.group]
            place.part = int(part is not None and part.is_test)
            inner = (base,) if is_grid else ()
            place.folders = place.folders[:depth] + inner + place.folders[depth + 1 :]
        _cut_common_of_parts(places)
        lengths: Counter[parts.Part] = Counter()
        for top, part in sorted(known.items(), key=lambda item: item[1]):
            lengths[part] += tops[top]
        if any(word not in _USUAL for word in (top.lower() for top in known)):
            reading.tell(parts.told(lengths, lengths.values()))
        return len({part.is_test for part in known.values()}) > 1
    return False


_PREDICTED = re.compile(r"(?<![a-z])(pred|predict|prediction|inference)(?![a-z])", re.IGNORECASE)
"""What contests want to be told the classes of."""


def _is_grid(taken: Mapping[str, tuple[str, parts.Part | None]]) -> bool:
    """Whether every kind comes in every part: `trainA`, `trainB`, `testA`, `testB`."""
    bases, kinds = {base for base, _ in taken.values()}, {part for _, part in taken.values()}
    return "" not in bases and len(kinds) > 1 and len(taken) == len(bases) * len(kinds)


_USUAL = ("train", "training", "test", "testing", "val", "valid", "validation")


def _cut_common_of_parts(places: list[Place]) -> None:
    """Drop a folder that each part has around all of its own: `seg_train/seg_train`."""
    for group in {place.group for place in places}:
        own = [place for place in places if place.group == group]
        tops = {place.folders[0] if place.folders else "" for place in own}
        if len(tops) <= 2 and all(top == group or (top and parts.taken_apart(top)[1] is not None) for top in tops):
            for place in own:
                place.folders = place.folders[1:]


def _take_views(places: list[Place], reading: Reading) -> tuple[str, ...]:
    """Take the folders away that hold views of the same samples; their names, empty where there are none."""
    if any(place.view for place in places):
        return tuple(dict.fromkeys(sorted((place.view for place in places), key=("image", "mask").index)))
    for depth in (0, 1):
        if any(len(place.folders) <= depth for place in places):
            continue
        stems = _stems_of_views(places, depth)
        inside: dict[str, set[tuple[object, ...]]] = {}
        for place in places:
            rest = (place.part, *place.folders[:depth], *place.folders[depth + 1 :], stems[id(place)])
            inside.setdefault(place.folders[depth], set()).add(rest)
        if not 2 <= len(inside) <= MOST_VIEWS or not _alike(list(inside.values())):
            continue
        named = all(map(_is_of_view, inside))
        has_classes = depth == 1 or len({place.folders[1] for place in places if len(place.folders) > 1}) > 1
        counted = sum(
            place.stem.isdecimal() or bool(re.fullmatch(r"[A-Za-z]{0,8}[-_ ]?\d+", place.stem)) for place in places
        ) > 0.5 * len(places)
        is_numbered = len({re.sub(r"\d+", "", top) for top in inside}) == 1
        if not named and (depth == 1 or (counted and is_numbered and not has_classes)):
            continue  # obj1, obj2 ... whose pictures are counted alike are classes
        # Pictures of classes are counted alike; other names are met twice where they name the same thing.
        guess = VIEWS if named or has_classes or not counted else CLASSES
        text = (
            f"The folders {listed(sorted(inside))} hold pictures of the same names: they may be views of the same "
            "samples, or classes."
        )
        if reading.ask("folders", text, (VIEWS, CLASSES), guess) == CLASSES:
            continue
        for place in places:
            place.view, place.stem = place.folders[depth], stems[id(place)]
            place.folders = place.folders[:depth] + place.folders[depth + 1 :]
        order = {
            word: number
            for number, word in enumerate(
                ("rgb", "image", "images", "img", "photo", "color", "colour", "left", "visible")
            )
        }
        return tuple(sorted(inside, key=lambda top: (order.get(top.lower(), len(order)), top)))
    return ()


def _is_of_view(folder: str) -> bool:
    """Whether a folder is called like a view."""
    is_numbered = re.fullmatch(r"(view|cam|camera|modality)[-_ ]?\d+", folder.lower())
    return bool(set(words.tokens(folder)) & words.MODALITIES or is_numbered)


def _stems_of_views(places: list[Place], depth: int) -> dict[int, str]:
    """The names by which pictures are paired: in `rgb/` and `depth/` without a word that all names of a folder have."""
    tops: dict[str, list[Place]] = {}
    for place in places:
        tops.setdefault(place.folders[depth], []).append(place)
    if len(tops) > MOST_VIEWS or not all(map(_is_of_view, tops)):
        return {id(place): place.stem for place in places}
    found = {}
    for members in tops.values():
        found |= {id(place): place.stem for place in members}
        for affix in (_END, _START):
            if len({_found(affix, place.stem) for place in members}) == 1 and len(members) > 1:
                found |= {id(place): affix.sub("", found[id(place)]) for place in members}
    return found


def _found(affix: re.Pattern[str], stem: str) -> str:
    match = affix.search(stem)
    return match[0] if match else ""


_END, _START = re.compile(r"[-_. ][A-Za-z]+$"), re.compile(r"^[A-Za-z]+[-_. ]")


def _alike(inside: list[set[tuple[object, ...]]]) -> bool:
    common = set.intersection(*inside)
    return len(common) >= ALIKE * max(map(len, inside))


def _take_views_by_name(places: list[Place], reading: Reading) -> tuple[str, ...]:
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


def _complete(
    samples: list[tuple[Place, int]],
    views: tuple[str, ...],
    classes: tuple[str, ...],
    has_parts: bool,
    reading: Reading,
) -> Layout:
    """Samples that have a picture in every view."""
    by_sample: dict[tuple[object, ...], dict[str, tuple[Place, int]]] = {}
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
