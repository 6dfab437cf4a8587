"""What text files beside pictures say of them: captions, classes, parts.

A caption may stand in `cat.txt` beside `cat.jpg`; tables, lists of lines (Flickr's `.token`), JSON of COCO and others
name the pictures they speak of. Every file that says nothing of the pictures is left out with the reason.
"""

import io
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from mmclust.data.readers import archives, cells, delimited, encodings, frames, labels, picture_lists, table, words
from mmclust.data.readers.picture_lists import Names
from mmclust.data.readers.reading import SHOWN, Reading

MAX_CAPTION_BYTES = 2**16
"""A text file beside a picture is its caption up to this size."""
_FORMS = ("samplesubmission", "submission", "gendersubmission")
"""What contests want to get back: made-up classes."""


@dataclass
class Beside(picture_lists.Said):
    """What was found of the pictures, as classes, captions and parts."""

    def class_labels(self, names: Sequence[str], reading: Reading) -> tuple[np.ndarray | None, tuple[str, ...]]:
        """Ids (N,) of the classes of pictures, -1 where there is none, and the names of the classes."""
        if not self.labels or not any(name in self.labels for name in names):
            return None, ()
        found = [self.labels.get(name) for name in names]
        if missing := sum(value is None for value in found):
            reading.tell(f"pictures without a class in the table: {missing:,}")
        known = [value for value in found if value is not None]
        is_number = all(isinstance(value, (int, float, np.number)) for value in known)
        values = (
            np.array([np.nan if v is None else float(v) for v in found])
            if is_number
            else np.array(["" if v is None else str(v) for v in found], object)
        )
        try:
            values, none = labels.without_none(values, "the table", reading)
        except ValueError:
            reading.leave_out("classes of the table", "fractions")
            return None, ()
        if none.all():
            return None, ()
        distinct, ids = np.unique(values[~none], return_inverse=True)
        numbered = np.full(len(values), -1, np.int64)
        numbered[~none] = ids
        return numbered, tuple(self._title(value) for value in distinct.tolist())

    def _title(self, value: Any) -> str:
        """The name of a class."""
        value = int(value) if isinstance(value, float) and value == round(value) else value
        return self.class_names.get(value, str(value)) if isinstance(value, int) else str(value)

    def captions(self, names: Sequence[str], reading: Reading) -> np.ndarray | None:
        """(N,) captions of pictures, empty where there is none; None without any."""
        found = [self.texts.get(name, "") for name in names]
        if not any(found):
            return None
        if silent := sum(not text for text in found):
            reading.tell(f"pictures without a caption: {silent:,}")
        return np.array(found, object)

    def parts(self, names: Sequence[str]) -> np.ndarray | None:
        """(N,) 0 or 1, the part that each picture belongs to; None where a table does not say so of all."""
        if not self.split or not all(name in self.split for name in names):
            return None
        found = np.array([self.split[name] for name in names], np.uint8)
        return found if found.any() and not found.all() else None


def spelled(label: Any) -> str:
    """A class as folders are called by it: 2, where a table has made 2.0 of it."""
    return str(int(label)) if isinstance(label, float) and label == round(label) else str(label)


def read(files: Iterable[tuple[str, bytes]], names: Sequence[str], reading: Reading) -> Beside:
    """Read the text files among pictures; what says nothing of them is left out with the reason.

    Args:
        files: name and content of each.
        names: of the pictures.
        reading: is told what was left out.
    """
    found, known = Beside(), Names(names)
    stems = {os.path.splitext(name)[0]: name for name in names}
    left: dict[str, list[str]] = {}
    for name, data in picture_lists.numbered_first(files, known):
        own = reading.part()
        try:
            why = _one(name, data, found, known, stems, own)
        except ValueError as error:
            why = str(error).removeprefix(name).strip()[:200]
        if why:
            left.setdefault(why, []).append(archives.shown(name))
        else:
            reading.take(own, PurePosixPath(name).name if own.left_out else "")
    for why, several in left.items():
        if len(several) > SHOWN:
            reading.leave_out(f"{len(several):,} files such as {several[0]}", why)
        else:
            for name in several:
                reading.leave_out(name, why)
    return found


def of_table(found: table.Table, names: Sequence[str], reading: Reading) -> Beside:
    """What one table says of pictures."""
    beside = Beside()
    _take_table(found, beside, Names(names), reading)
    return beside


def _one(name: str, data: bytes, found: Beside, known: Names, stems: Mapping[str, str], reading: Reading) -> str:
    """Take over what a file says of the pictures; why it is left out, empty where it is not."""
    ending = os.path.splitext(name.lower())[1]
    if ending == ".txt" and len(data) <= MAX_CAPTION_BYTES and (picture := stems.get(os.path.splitext(name)[0])):
        found.texts[picture] = " ".join(encodings.decoded(data, name)[0].split()) if data else ""
        return ""
    if ending in (".cls", ".json") and (picture := stems.get(os.path.splitext(name)[0])):
        return _of_one(picture, data, ending, found)
    if words.plain(os.path.splitext(PurePosixPath(name).name)[0]) in _FORMS:
        return "a form for predictions"
    if ending == ".json":
        return _json(name, data, found, known, reading)
    if ending in (".txt", ".token"):
        text, encoding = encodings.decoded(data, name) if data else ("", encodings.UTF8)
        if (why := picture_lists.take(text, name, found, known)) is not None:
            if encoding not in (encodings.UTF8, "utf-8"):
                reading.tell(f"{name} read as {encodings.title(encoding)}")
            return why
        if ending == ".txt" and len(text.splitlines()) < 3:
            return "says nothing of the pictures"
    source = table.parse(io.BytesIO(data), name, reading)
    return _take_columns(source, found, known, reading)


def _of_one(picture: str, data: bytes, ending: str, found: Beside) -> str:
    """Take over what a file says of the picture whose name it bears, as WebDataset has it; why not, if so."""
    if ending == ".cls":
        if word := data[:200].decode(errors="replace").strip():
            found.labels[picture] = picture_lists.number_or_word(word)
        return "" if word else "empty"
    content = frames.json_of(data)
    if not isinstance(content, dict):
        return "JSON of an unknown form" if content is not None else "no JSON"
    said = {key: value for key, value in content.items() if isinstance(value, (str, int)) and value != ""}
    text = next((said[key] for key in said if words.plain(key) in words.CAPTION_COLUMNS), None)
    label = next((said[key] for key in said if words.is_label_name(key) or words.plain(key) == "cls"), None)
    if text is not None:
        found.texts.setdefault(picture, " ".join(str(text).split()))
    if label is not None:
        found.labels.setdefault(picture, label)
    return "" if text is not None or label is not None else "names no class and no caption"


def _take_columns(source: table.Columns, found: Beside, known: Names, reading: Reading) -> str:
    """Take over what columns say of the pictures that one of them names; why they are left out, empty where not."""
    shares = {name: _share(source.frame[name].tolist(), known) for name in source.frame.columns}
    best = max(shares, key=lambda name: shares[name], default=None)
    joins = None
    if best is not None and shares[best] >= 0.5:
        joins = str(best) if source.named else f"column {list(shares).index(best) + 1}"
    one = table.of_columns(source, reading, joins=joins, several=True)
    return _take_table(one, found, known, reading, part=picture_lists.part_of_name(source.where))


def _share(cells_: list[Any], known: Names) -> float:
    """How many of some cells name a picture."""
    some = cells_[:: max(1, len(cells_) // 200)]
    return sum(
        not isinstance(cell, (list, dict, float)) and known.find(cells.as_id(cell)) is not None for cell in some
    ) / max(1, len(some))


def _take_table(one: table.Table, found: Beside, known: Names, reading: Reading, *, part: int | None = None) -> str:
    """Take over what a table says of the pictures it names; why it is left out, empty where it is not."""
    for column in (one.pictures, one.ids):
        rows: dict[str, list[int]] = {}
        if column is None:
            continue
        for row, value in enumerate(column):
            if (name := known.find(str(value))) is not None:
                rows.setdefault(name, []).append(row)
        if rows and len(rows) >= min(len(set(column)), len(set(known.known.values()))) / 2:
            break
    else:
        return "names none of the pictures" if one.pictures is None and one.ids is None else "names other pictures"
    n_named = sum(map(len, rows.values()))
    if n_named < len(one):
        reading.tell(f"rows left out, whose picture is not there: {len(one) - n_named:,}")
    if len(rows) < n_named and one.texts is None:
        reading.tell(f"rows left out, of a picture that has one: {n_named - len(rows):,}")
    if n_columns := one.numbers.shape[1]:
        reading.leave_out(
            "a column of numbers" if n_columns == 1 else f"{n_columns:,} columns of numbers", "beside pictures"
        )
    found.named |= rows.keys()
    is_one_class = one.labels is not None and all(len({one.labels[i] for i in places}) == 1 for places in rows.values())
    if one.labels is not None and not is_one_class:
        reading.leave_out("the column of classes", "several for one picture")
    for name, places in rows.items():
        if one.labels is not None and is_one_class:
            found.labels[name] = _plain(one.labels[places[0]])
        if one.split is not None or part is not None:
            found.split[name] = int(one.split[places[0]]) if one.split is not None else int(part or 0)
        if one.texts is not None:
            found.texts[name] = picture_lists.joined(str(one.texts[place]) for place in places)
    for title, values in one.beside.items():
        found.columns.setdefault(title, {}).update({name: values[places[0]] for name, places in rows.items()})
    return ""


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if value is None or value != value or value == "" else value


def _json(name: str, data: bytes, found: Beside, known: Names, reading: Reading) -> str:
    import pandas as pd

    content = frames.json_of(data)
    if (
        isinstance(content, dict)
        and isinstance(content.get("annotations"), list)
        and isinstance(content.get("images"), list)
    ):
        return _coco(content, found, known)
    if (
        isinstance(content, dict)
        and isinstance(content.get("labels"), list)
        and all(isinstance(p, list) and len(p) == 2 for p in content["labels"])
    ):
        content = dict(content["labels"])  # NVIDIA's dataset.json
    if isinstance(content, dict):  # a list of pictures and words about the set, such as Karpathy's splits
        lists = [
            value for value in content.values() if isinstance(value, list) and value and isinstance(value[0], dict)
        ]
        content = lists[0] if len(lists) == 1 else content
    rows: list[dict[str, Any]] = []
    is_of_classes = _names_classes(content) and not any(map(delimited.PICTURE_NAME.search, map(str, content)))
    if isinstance(content, dict) and is_of_classes and 2 * len(content) < known.count:
        found.class_names |= _class_names(content)
        return ""
    if isinstance(content, dict) and content and all(known.find(str(key)) for key in list(content)[:20]):
        for key, value in content.items():
            rows.append(
                {
                    "image": key,
                    **(value if isinstance(value, dict) else {"text" if _is_text(value) else "label": value}),
                }
            )
    elif isinstance(content, list) and content and all(isinstance(row, dict) for row in content):
        rows = [{key: _said(value) for key, value in row.items()} for row in content]
    elif isinstance(content, dict) and content and all(isinstance(value, dict) for value in content.values()):
        rows = [{"id": key, **value} for key, value in content.items()]
    if not rows:
        return "JSON of an unknown form" if content is not None else "no JSON"
    source = table.Columns(frame=pd.DataFrame.from_records(rows), named=True, where=name)
    return _take_columns(source, found, known, reading)


def _names_classes(content: Any) -> bool:
    """Whether JSON gives every number a name, or every name a number: what classes are called."""
    if not isinstance(content, dict) or len(content) < 2:
        return False
    values = list(content.values())
    numbers = [key for key in content if str(key).lstrip("-").isdecimal()]
    if len(numbers) == len(content):
        return all(isinstance(value, str) for value in values)
    return not numbers and all(type(value) is int for value in values) and len(set(values)) == len(values)


def _class_names(content: Mapping[Any, Any]) -> dict[int, str]:
    if all(isinstance(value, str) for value in content.values()):
        return {int(key): value for key, value in content.items()}
    return {value: str(key) for key, value in content.items()}


def _said(value: Any) -> Any:
    """A list of sentences, each with words about it, as the list of the sentences."""
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        for key in ("raw", "caption", "sentence", "text"):
            if all(isinstance(one.get(key), str) for one in value):
                return [one[key] for one in value]
    return value


def _is_text(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, str) for one in value)
    return isinstance(value, str) and len(value.split()) > 2


def _coco(content: dict[str, Any], found: Beside, known: Names) -> str:
    """COCO's lists of images and of what is said of them: captions, or the one category of an image."""
    by_id = {
        image.get("id"): known.find(str(image.get("file_name", "")))
        for image in content["images"]
        if isinstance(image, dict)
    }
    names = {one.get("id"): str(one.get("name")) for one in content.get("categories", []) if isinstance(one, dict)}
    captions: dict[str, list[str]] = {}
    categories: dict[str, set[str]] = {}
    for said in content["annotations"]:
        name = by_id.get(said.get("image_id")) if isinstance(said, dict) else None
        if name is None:
            continue
        if isinstance(said.get("caption"), str):
            captions.setdefault(name, []).append(said["caption"])
        if said.get("category_id") is not None:
            categories.setdefault(name, set()).add(names.get(said["category_id"], str(said["category_id"])))
    found.texts |= {name: picture_lists.joined(texts) for name, texts in captions.items()}
    found.named |= captions.keys() | categories.keys()
    if categories and all(len(one) == 1 for one in categories.values()):
        found.labels |= {name: next(iter(one)) for name, one in categories.items()}
    elif categories:
        return "several categories in a picture are no classes" if not captions else ""
    return "" if captions or categories else "names none of the pictures"
