"""What may be classes: values that repeat, told from features by their names and by what stands beside them.

Labels only ever score a result, so what may be classes is no feature before somebody says so.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from mmclust.data.readers import words
from mmclust.data.readers.reading import Reading

NONE = "none"
"""The answer that nothing holds the classes."""
FEATURE, LEAVE_OUT = "feature", "leave it out"
MOST_ALIKE = 0.2
"""Share of the numbers that may look like classes where one of them is taken for classes by its shape."""
MOST_ODD = 5
"""Columns that may be taken for classes by their shape; more are features of one kind."""
MOST_BY_SHAPE = 50
"""Classes that may be met without a name that says so."""
MARKS = (99, 255, 999, 9999, 65535, 99999)
"""Numbers that stand for no class where the classes are counted from 0 or 1 and these are far from them."""
NOT_A_CLASS, A_CLASS = "samples without a class", "a class of its own"


def repeats(values: np.ndarray) -> bool:
    """Whether values (N,), words or whole numbers, could be classes where their name says so."""
    found = distinct(values)
    return found is not None and 1 < len(found) <= max(2, len(values) // 2)


def few(values: np.ndarray) -> bool:
    """Whether values (N,) look like classes by themselves: words or whole numbers, each of which is there often."""
    found = distinct(values)
    if found is None or len(found) < 2:
        return False
    if is_number(values):
        return len(found) <= min(MOST_BY_SHAPE, len(values) // 3)
    return len(found) <= min(1000, max(2, len(values) // 5))


def counted(values: np.ndarray) -> bool:
    """Whether values are few words, or whole numbers in a row from 0 or 1."""
    if not few(values):
        return False
    found = distinct(values)
    return found is not None and (
        not is_number(values) or (found[0] in (0, 1) and bool((found == np.arange(len(found)) + found[0]).all()))
    )


def distinct(values: np.ndarray) -> np.ndarray | None:
    """The values that are there, sorted, without those that stand for none; None where they are fractions or lists."""
    if not is_number(values):
        try:
            kept = {str(value).strip() for value in values.tolist()}
        except (TypeError, ValueError):
            return None
        return np.array(sorted(word for word in kept if not words.is_unlabelled(word)), object)
    if values.dtype.kind == "f":
        values = values[~np.isnan(values)]
        if not np.isfinite(values).all() or (values != np.round(values)).any():
            return None
    return np.unique(values)


def is_number(values: np.ndarray) -> bool:
    """Whether values are numbers, not words."""
    return values.dtype.kind in "buif"


def choose(
    columns: Mapping[str, np.ndarray], named: bool, reading: Reading, *, alone: bool, of: str = "", known: bool = False
) -> tuple[str | None, list[str]]:
    """Which column (N,) holds the classes, and which others may be classes and are no features before somebody says so.

    Args:
        columns: those that may be meant, in the order of the table.
        named: whether they have names.
        reading: answers the questions.
        alone: the one column is all there is, so that numbers in it are a view.
        of: the table, where there are several.
        known: whether the classes are known from elsewhere.
    """
    if alone:
        return next((name for name, values in columns.items() if not is_number(values) and few(values)), None), []
    sure = _sure(columns) if named else None
    by_name = [
        name
        for name, values in columns.items()
        if named and words.may_be_labels(name) and (repeats(values) or words.is_label_name(name))
    ]
    by_name = [name for name in by_name if len(words.plain(name)) > 1 or few(columns[name])]
    if known:
        return None, [one for one in by_name if is_number(columns[one]) and use(one, reading) != FEATURE]
    shaped = _by_shape(columns, named, taken=by_name)
    spoken = [column for column, values in columns.items() if not is_number(values) and counted(values)]
    # One column of words beside numbers says more than any of these, and so does the last of several.
    odd = shaped if not by_name and len(spoken) != 1 and not (spoken and spoken[-1] == list(columns)[-1]) else []
    possible = list(dict.fromkeys([*by_name, *odd]))
    if not possible and len(columns) == 1:  # few rows: each word is there twice and more
        spoken = [column for column, values in columns.items() if not is_number(values) and repeats(values)]
    name = "classes" + (f" of {of}" if of else "")
    if sure is not None and possible == [sure]:
        return sure, []
    others = [
        column for column, values in columns.items() if (counted(values) or column in spoken) and column not in possible
    ]
    if not possible and not others:
        return None, []
    guess = sure or _best(possible, columns) or NONE
    if guess is NONE and (by_words := [column for column in others if not is_number(columns[column])]):
        last = list(columns)[-1]
        guess = _of_own_words(by_words, columns) or (last if last in by_words else by_words[0])
    if guess is NONE and len(columns) == 1:
        guess = others[0]  # all that a table of ids says
    text = "Which column holds the classes? They only ever score a result."
    answer = reading.ask(name, text, (NONE, *possible, *others), guess)
    chosen = None if answer == NONE else answer
    left = [column for column in possible if column != chosen and is_number(columns[column])]
    return chosen, [
        column
        for column in left
        if use(
            column,
            reading,
            guess=FEATURE if chosen is None and reading.answers.get(name) == NONE and column in odd else LEAVE_OUT,
        )
        != FEATURE
    ]


def _of_own_words(names: Sequence[str], columns: Mapping[str, np.ndarray]) -> str:
    """The one column of words that has words of its own, where all others share theirs; empty where there is none."""
    spoken = {name: frozenset(set(columns[name].tolist()) - {""}) for name in names}
    alone = [name for name in names if not any(spoken[name] & spoken[other] for other in names if other != name)]
    return alone[0] if len(alone) == 1 and len(names) > 2 else ""


def use(name: str, reading: Reading, *, guess: str = LEAVE_OUT, what: str = "may be classes") -> str:
    """Whether something that is perhaps no feature is one: it is not, unless somebody says so."""
    return reading.ask(f"use of {name}", f"{name} {what}. Is it a feature to cluster by?", (LEAVE_OUT, FEATURE), guess)


def _sure(columns: Mapping[str, np.ndarray]) -> str | None:
    """The column whose name says that it holds classes and nothing else."""
    for wanted in words.LABELS:
        for name, values in columns.items():
            # A column y may as well be a coordinate, a target a price.
            if words.plain(name) == wanted and (few(values) if len(wanted) == 1 else repeats(values)):
                return name
    return None


def _best(possible: Sequence[str], columns: Mapping[str, np.ndarray]) -> str | None:
    """The likeliest of several: words before numbers, those whose name says more, the outer ones."""
    if not possible:
        return None
    names = list(columns)

    def rank(name: str) -> tuple[bool, bool, bool, bool, int]:
        says = not (words.LABEL_WORDS & set(words.tokens(name)))
        outer = name not in (names[0], names[-1])
        spare = words.plain(name) in words.DEMOGRAPHIC
        return not repeats(columns[name]), spare, says, is_number(columns[name]), outer

    return min(possible, key=rank)


def _by_shape(columns: Mapping[str, np.ndarray], named: bool, taken: Sequence[str]) -> list[str]:
    """Columns that look like classes, and not like the numbers beside them."""
    numbers = {name: values for name, values in columns.items() if is_number(values)}
    for looks in (few, counted):
        found = [name for name, values in numbers.items() if looks(values)]
        beside = len(numbers) - len(found)
        if found and beside and len(found) <= min(MOST_ODD, max(1, MOST_ALIKE * len(numbers))):
            return [name for name in found if name not in taken]
    names = list(numbers)
    is_spoken = named and len(names) > 2 and not names[-1].isdecimal()
    if is_spoken and counted(numbers[names[-1]]) and 2 * sum(map(counted, numbers.values())) < len(names):
        return [name for name in names[-1:] if name not in taken]  # most tables end in what is to be told
    outer = [name for name in (names[:1] + names[-1:]) if counted(numbers[name]) and _stands_apart(name, numbers)]
    return [name for name in dict.fromkeys(outer) if name not in taken]


def _stands_apart(name: str, columns: Mapping[str, np.ndarray]) -> bool:
    """Whether an outer column looks like the classes: rows are sorted by it, or a header counts all columns but it."""
    names = list(columns)
    starts = ([str(i + start) for i in range(len(names))] for start in (0, 1))
    is_left_out = name == names[-1] and any(names[:-1] == c[:-1] and name != c[-1] for c in starts) and len(names) > 1
    values = columns[name]
    return is_left_out or np.count_nonzero(np.diff(values)) + 1 == len(np.unique(values))


def one_hot(columns: Mapping[str, np.ndarray]) -> list[str]:
    """Columns of 0 and 1 that stand together, of which each row has one: classes, one column each."""
    run: list[str] = []
    best: list[str] = []
    for name, values in [*columns.items(), ("", np.array([0.5]))]:
        if is_number(values) and len(values) and np.isin(values, (0, 1)).all() and values.any():
            run.append(name)
            continue
        if len(run) > max(1, len(best)) and (np.sum([columns[one] for one in run], axis=0) == 1).all():
            best = run
        run = []
    return best


def class_names_of_columns(names: Sequence[str]) -> list[str]:
    """What is left of the names of one-hot columns without the words that all begin with."""
    import os

    prefix = os.path.commonprefix(list(names))
    cut = max(prefix.rfind(mark) for mark in "_-. ") + 1
    return [name[cut:] or name for name in names]


def without_none(labels: np.ndarray, where: str, reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    """Labels (N,) as words or whole numbers, and which samples (N,) have none: NaN, empty, -1, "?" and the like.

    Names that differ in white space or case alone are joined.

    Raises:
        ValueError: fractions, or what is neither a number nor a word.
    """
    labels = np.asarray(labels).ravel()
    if is_number(labels):
        return _numbers_without_none(labels, where, reading)
    if labels.dtype.kind not in "USO":
        raise ValueError(f"labels in {where} are of type {labels.dtype}; whole numbers or names are needed")
    found = np.array([_word(value) for value in labels.tolist()], object)
    none = np.array([words.is_unlabelled(word) for word in found], bool)
    there = sorted(set(found[~none].tolist()))
    for word in there if len(there) > 2 else ():
        if words.may_be_unlabelled(word) and _is_none(word.strip(), int((found == word).sum()), reading):
            none = none | (found == word)
    return np.array(_joined_spellings(labels, found, none, reading), str), none


def _word(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, float) and value == round(value):
        return str(int(value))
    return "" if value is None or value != value else str(value)


def _joined_spellings(labels: np.ndarray, found: np.ndarray, none: np.ndarray, reading: Reading) -> list[str]:
    """Each class under its most frequent spelling, without spaces around it."""
    from collections import Counter

    counts = Counter(word.strip() for word in found[~none])
    spellings: dict[str, str] = {}
    for word, _ in counts.most_common():
        spellings.setdefault(_plainly(word), word)
    spelled = sorted({word for word in found[~none]})
    if len(spelled) > len(spellings):
        reading.tell(
            "classes whose names differ in spaces or capital letters alone are joined: "
            f"{len(spelled)} names, {len(spellings)} classes"
        )
    return ["" if is_none else spellings[_plainly(word)] for word, is_none in zip(found, none, strict=True)]


def _plainly(word: str) -> str:
    """A name without what people write differently: capital letters, spaces, a full stop at its end."""
    return " ".join(word.lower().split()).rstrip(".") or word


def _numbers_without_none(labels: np.ndarray, where: str, reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    none = np.isnan(labels) if labels.dtype.kind == "f" else np.zeros(len(labels), bool)
    known = labels[~none]
    if labels.dtype.kind == "f":
        if (
            not np.isfinite(known).all()
            or (known != np.round(known)).any()
            or (len(known) and np.abs(known).max() > 2**53)
        ):
            raise ValueError(f"labels in {where} hold fractions or NaN; whole numbers or names are needed")
        labels = np.where(none, 0, labels).astype(np.int64)
    elif labels.dtype.kind == "b":
        labels = labels.astype(np.int64)
    for mark in _marks(np.unique(labels[~none])):
        if _is_none(str(mark), int((labels[~none] == mark).sum()), reading):
            none = none | (labels == mark)
    return labels, none


def _marks(values: np.ndarray) -> list[int]:
    """Labels, of those that are there, sorted, which may say that there is none: apart from numbers in a row."""
    if len(values) < 3 or values[-2] < 0:
        return []
    if values[0] < 0 <= values[1]:
        return [int(values[0])]
    row = values[:-1]
    in_a_row = values[0] in (0, 1) and bool((row == np.arange(len(row)) + row[0]).all())
    return [int(values[-1])] if in_a_row and values[-1] in MARKS and values[-1] > row[-1] + 1 else []


def _is_none(label: str, n_samples: int, reading: Reading) -> bool:
    """Whether a label stands for no class; it does unless somebody says otherwise."""
    text = f"{n_samples:,} samples have the label {label[:40]}, which often stands for no class."
    return reading.ask(f"label {label[:40]}", text, (NOT_A_CLASS, A_CLASS), NOT_A_CLASS) == NOT_A_CLASS
