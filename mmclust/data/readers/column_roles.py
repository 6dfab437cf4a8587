"""Which columns of a table hold the classes, the parts of the set and the captions; N rows."""

from collections.abc import Mapping

import numpy as np

from mmclust.data.readers import cells, labels, parts, words
from mmclust.data.readers.reading import Reading, listed


def are_captions(name: str, values: np.ndarray) -> bool:
    """Whether words under a name of captions are these, not classes: they are long, or hardly repeat."""
    is_long = sum(" " in value.strip() for value in values.tolist()) > len(values) / 2
    return words.plain(name).rstrip("0123456789") in words.CAPTION_COLUMNS and (is_long or not labels.few(values))


def classes(
    held: dict[str, np.ndarray], named: bool, reading: Reading, *, alone: bool, of: str, known: bool
) -> tuple[str | None, list[str], np.ndarray | None]:
    """Name of the column of the classes, the columns that may be some and are no features, and the classes (N,)."""
    numbers = {name: values for name, values in held.items() if labels.is_number(values)}
    hot = labels.one_hot(numbers) if named and not known else []
    beside = len(numbers) - len(hot)
    sure = any(words.may_be_labels(name) and labels.repeats(values) for name, values in held.items() if name not in hot)
    if hot and not sure and (not beside or len(hot) > 2 or all(map(words.may_be_labels, hot))):
        names = labels.class_names_of_columns(hot)
        text = f"Each row has one 1 in the columns {listed(hot)}: they may be the classes."
        options = ("the classes", labels.FEATURE, labels.LEAVE_OUT)
        answer = reading.ask("one-hot columns", text, options, "the classes")
        if answer == "the classes":
            reading.tell(f"classes from the columns {listed(hot)}")
            return None, hot, np.array(names, object)[np.stack([numbers[name] for name in hot]).argmax(axis=0)]
        if answer == labels.LEAVE_OUT:
            return None, hot, None
    continuous = [
        n
        for n, v in held.items()
        if named
        and words.is_label_name(n)
        and len(words.plain(n)) > 1
        and labels.is_number(v)
        and not labels.repeats(v)
        and not alone
    ]
    outs = (
        [
            name
            for name in continuous
            if labels.use(name, reading, what="is called like classes, and holds other numbers") != labels.FEATURE
        ]
        if len(held) > 1
        else []
    )
    chosen, doubtful = labels.choose(
        {k: v for k, v in held.items() if k not in outs}, named, reading, alone=alone, of=of, known=known
    )
    return chosen, [*doubtful, *outs], None if chosen is None else held[chosen]


def split_column(found: Mapping[str, np.ndarray], named: bool) -> tuple[str | None, np.ndarray | None]:
    """The column that says which part of the set a row is of, and that (N,) as 0 for train and 1 for test."""
    for name, values in found.items():
        if not named or words.plain(name) not in words.SPLITS:
            continue
        if labels.is_number(values):
            if words.plain(name) in ("istrain", "istest", "split") and np.isin(values, (0, 1)).all():
                return name, (values == (words.plain(name) != "istrain")).astype(np.uint8)
            continue
        purposes = {word: parts.purpose(word) for word in set(values.tolist())}
        if len(purposes) > 1 and None not in purposes.values() and len(set(purposes.values())) > 1:
            return name, np.array([purposes[word] for word in values], np.uint8)
    return None, None


def of_parts(numbers: Mapping[str, np.ndarray], reading: Reading) -> list[str]:
    """Columns of whole numbers that say which fold or part a row is of, and are no features unless somebody says so."""
    found = []
    for name, values in numbers.items():
        if words.plain(name) in words.SPLITS and labels.few(values):
            what = "may say which part of the set a row is of"
            if labels.use(name, reading, what=what) != labels.FEATURE:
                reading.leave_out(cells.shown(name), what)
                found.append(name)
    return found


def texts(spoken: dict[str, np.ndarray]) -> tuple[list[str], np.ndarray | None]:
    """The columns of captions, and these (N,), of several columns as one text."""
    captions = _text_columns(spoken)
    if len(captions) < 2:
        return captions, spoken[captions[0]] if captions else None
    rows = zip(*(spoken[name] for name in captions), strict=True)
    return captions, np.array([" ".join(filter(None, row)) for row in rows], object)


def _text_columns(spoken: dict[str, np.ndarray]) -> list[str]:
    """The captions: by name, of which `caption_1` and `caption_2` are several, else the column of the longest words."""
    bases = {name: words.plain(name).rstrip("0123456789") for name in spoken}
    named = [base for base in words.CAPTION_COLUMNS if base in bases.values()]
    if named:
        return [name for name, base in bases.items() if base == named[0]]
    long = {
        name: sum(map(len, values)) / len(values)
        for name, values in spoken.items()
        if 2 * sum(map(str.isalpha, text := "".join(values))) > len(text)  # dates are no captions
        and len(set(values.tolist())) > 1
    }
    best = max(long, key=lambda name: long[name], default=None)
    return [best] if best is not None and long[best] >= 12 else []
