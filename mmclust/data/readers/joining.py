"""Arrays that are parts of one, such as `X_train` and `X_test`, joined along their samples.

Which axis that is, labels tell; else it is the one in which parts differ, or the first.
"""

from collections.abc import Mapping

import numpy as np

from mmclust.data.readers import parts, words
from mmclust.data.readers.pairing import Value, is_sparse
from mmclust.data.readers.parts import Part
from mmclust.data.readers.reading import Reading, listed


def parts_joined(
    arrays: Mapping[str, Value], where: str, reading: Reading
) -> tuple[dict[str, Value], np.ndarray | None]:
    """The arrays with their parts joined, under what their names say is held, and the part (N,) of each sample.

    Raises:
        ValueError: parts to train on and to test that have other columns.
    """
    groups = {
        base: found
        for base, found in parts.groups(arrays).items()
        if all(_is_line_of_samples(arrays[name]) for name in found.values())
        and not parts.is_of_rows(base)
        and not (parts.is_mask(base) and all(np.ndim(arrays[name]) == 1 for name in found.values()))
    }
    arrays = dict(arrays)
    for base in [base for base in groups if words.plain(base) in words.CLASS_NAMES]:
        first, *others = groups.pop(base).values()  # every part repeats the names of the classes
        for name in others:
            del arrays[name]
        arrays[base] = arrays.pop(first)
    every = sorted({part for members in groups.values() for part in members})
    counts = _counts(groups, arrays, every)
    joined: dict[str, Value] = {}
    used: set[str] = set()
    for base, members in groups.items():
        values = {part: arrays[name] for part, name in members.items()}
        name = base or ("labels" if all(np.ndim(value) < 2 for value in values.values()) else "data")
        value = _below(values, counts)
        if value is None:
            if any(part.is_split for part in members) and not _is_line(next(iter(values.values()))):
                shapes = ", ".join(" x ".join(map(str, _shape(one))) for one in values.values())
                raise ValueError(
                    f"{listed(list(members.values()))} in {where} are parts of one set by their names, but differ in "
                    f"more than their samples ({shapes}); give all parts the same columns, or rename them"
                )
            continue
        if set(members) != set(every):
            value = _filled(values, every, counts)
            if value is None:
                reading.leave_out(listed(list(members.values())), "not in every part")
                used |= set(members.values())
                continue
        joined[name] = value
        used |= set(members.values())
    if not joined:
        return dict(arrays), None
    alone = {key: parts.taken_apart(key)[1] for key in arrays if key not in used}
    if strays := [key for key, part in alone.items() if part in every and _is_line_of_samples(arrays[key])]:
        # Classes of one part alone: the others have none.
        for key in strays:
            base, part = parts.taken_apart(key)
            filled = _filled({part: arrays[key]}, every, counts) if part else None
            used.add(key)
            if filled is None or not words.may_be_labels(base):
                reading.leave_out(key[:60], "not in every part")
            else:
                joined[base] = filled
    lengths = [counts.get(part) for part in every]
    if not any(map(words.may_be_labels, (*arrays, *joined))) and _are_classes(groups, every, reading):
        joined["labels"] = np.repeat([part.shard for part in every], [counts[part] for part in every])
    split = None
    if None not in lengths:
        known = [int(length) for length in lengths if length is not None]
        reading.tell(parts.told(dict.fromkeys(every), known))
        split = parts.split_of(every, known)
    return {key: value for key, value in arrays.items() if key not in used} | joined, split


PIECES, OF_CLASSES = "pieces of the set", "classes"


def _are_classes(groups: Mapping[str, Mapping[Part, str]], every: list[Part], reading: Reading) -> bool:
    """Whether the numbers of parts such as `train0` to `train9` are classes: all that their names say."""
    by_word: dict[str, list[int]] = {}
    for part in every:
        by_word.setdefault(part.word, []).append(part.shard)
    numbers = next(iter(by_word.values()))
    if set(groups) != {""} or "" in by_word or len(numbers) < 2:
        return False
    if any(shards != numbers for shards in by_word.values()) or numbers != list(range(numbers[0], numbers[-1] + 1)):
        return False
    names = listed(list(groups[""].values()))
    text = f"The numbers in the names of {names} may be classes, or count pieces of the set."
    return reading.ask("numbers of parts", text, (OF_CLASSES, PIECES), OF_CLASSES) == OF_CLASSES


def _shape(value: Value) -> tuple[int, ...]:
    return (len(value),) if isinstance(value, list) else value.shape


def _is_line_of_samples(value: Value) -> bool:
    """Whether something has an axis that may count samples."""
    if isinstance(value, list):
        return len(value) > 1
    return not isinstance(value, (str, dict)) and getattr(value, "ndim", 0) > 0 and max(value.shape) > 1


def _is_line(value: Value) -> bool:
    return isinstance(value, list) or max(value.shape) == np.prod(value.shape)


def _counts(
    groups: Mapping[str, Mapping[Part, str]], arrays: Mapping[str, Value], every: list[Part]
) -> dict[Part, int]:
    """How many samples each part has: as many as labels, else what is left of matrices without what all parts share."""
    ordered = sorted(groups.items(), key=lambda item: not words.may_be_labels(item[0]))
    found: dict[Part, int] = {}
    for _, members in ordered:
        for part, name in members.items():
            value = arrays[name]
            if part not in found and _is_line(value):
                found[part] = len(value) if isinstance(value, list) else max(value.shape)
    for base, members in ordered:
        # One-hot labels and matrices: the axis in which the parts differ, or the first.
        values = {part: arrays[name] for part, name in members.items()}
        if any(isinstance(value, list) for value in values.values()):
            continue
        axis = _axis([value.shape for value in values.values()])
        if axis and not all(part.is_split for part in values):
            continue  # as many rows, and other columns: views
        for part, value in values.items():
            if axis is not None and (part not in found or words.may_be_labels(base) and not _is_line(value)):
                found.setdefault(part, value.shape[axis])
    return {part: found[part] for part in every if part in found}


def _axis(shapes: list[tuple[int, ...]]) -> int | None:
    """The axis along which arrays can be joined: they agree in all others."""
    if len({len(shape) for shape in shapes}) > 1:
        return None
    for axis in (0, len(shapes[0]) - 1):
        if len({shape[:axis] + shape[axis + 1 :] for shape in shapes}) == 1:
            return axis
    return None


def _below(values: Mapping[Part, Value], counts: Mapping[Part, int]) -> Value | None:
    """Parts joined along their samples; None where they do not agree."""
    every = list(values.values())
    if all(isinstance(value, list) for value in every):
        if all(isinstance(one, str) for value in every for one in value):
            return [one for value in every for one in value]
        if len(set(map(len, every))) > 1:
            return None
        joined = [_below(dict(zip(values, views, strict=True)), counts) for views in zip(*every, strict=True)]
        return None if any(one is None for one in joined) else joined
    if any(isinstance(value, (list, str, dict)) for value in every):
        return None
    shapes = [value.shape for value in every]
    axes = [
        axis
        for axis in (0, len(shapes[0]) - 1)
        if len({len(s) for s in shapes}) == 1 and len({s[:axis] + s[axis + 1 :] for s in shapes}) == 1
    ]
    told = [axis for axis in axes if all(counts.get(part) == value.shape[axis] for part, value in values.items())]
    if not axes:
        lines = all(_is_line(value) for value in every)  # a row beside a column
        return np.concatenate([np.ravel(value) for value in every]) if lines else None
    if 0 not in axes and not told and not all(part.is_split for part in values):
        return None  # as many rows, and other columns: views
    axis = (told or axes)[0]
    if any(is_sparse(value) for value in every):
        from scipy import sparse

        return (sparse.vstack if axis == 0 else sparse.hstack)(every).tocsc()
    return np.concatenate(every, axis=axis)


def _filled(values: Mapping[Part, Value], every: list[Part], counts: Mapping[Part, int]) -> Value | None:
    """Labels of all parts, NaN or an empty word where a part has none; None for what is no line of labels."""
    if any(part not in counts for part in every):
        return None
    pieces = []
    for part in every:
        value = values.get(part)
        if value is None:
            pieces.append(None)
        elif _is_line(value):
            pieces.append(np.ravel(np.asarray(value)))
        elif value.ndim == 2 and np.isin(value, (0, 1)).all() and (value.sum(axis=1) == 1).all():
            pieces.append(value.argmax(axis=1))
        else:
            return None
    is_words = any(piece is not None and piece.dtype.kind not in "buif" for piece in pieces)
    filled = [
        np.full(counts[part], "" if is_words else np.nan)
        if piece is None
        else piece.astype(str if is_words else np.float64)
        for part, piece in zip(every, pieces, strict=True)
    ]
    return np.concatenate(filled)
