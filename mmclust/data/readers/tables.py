"""Several tables: parts of one, one below the other, or views of the same samples, side by side.

Names say which are parts (see `parts`). Views are joined by the column of ids that all of them share; where there is
none, by their order.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mmclust.data.readers import cells, labels, long_form, parts, preamble, shared_ids, table, words
from mmclust.data.readers.reading import Reading, listed
from mmclust.data.readers.table import Columns, Table

if TYPE_CHECKING:
    import pandas as pd

ROWS, CLASSES, VIEWS = "rows of one table", "rows, a class in each file", "a view each"
MOST_MISSING = 3
"""Columns that a part may lack: those of the classes, mostly."""
_GENE_IDS = re.compile(r"ENS[A-Z]*[GTP]\d{6,}(\.\d+)?|\d+_(s_|x_|a_)?at|cg\d{8}")
_OF_SAMPLES = frozenset(("sample", "samples", "cell", "patient", "subject", "donor", "tcga", "gsm"))
"""Words in the names of columns that are samples."""
_FORMS = ("samplesubmission", "submission", "gendersubmission")
"""What contests want to get back: made-up classes."""


def read(sources: Mapping[str, Columns], reading: Reading, *, alone: bool = True) -> dict[str, Table]:
    """Find out what tables are to each other, and what their columns are.

    Args:
        sources: by the names of their files.
        reading: answers what they leave open.
        alone: whether there is nothing beside them.

    Raises:
        ValueError: parts whose columns do not agree, or what is wrong with one of them, in one sentence.
    """
    found = dict(sources)
    for name in [name for name in found if words.plain(name) in _FORMS and len(found) > 1]:
        reading.leave_out(cells.shown(name), "a form for predictions")
        del found[name]
    found = _of_rows(_parts_joined(found, reading), reading)
    found = shared_ids.without_strangers(turned(found, reading), reading)
    shared = shared_ids.of(found)
    if not shared and (len(found) > 1 or not alone):
        found = shared_ids.in_one_order(found, reading)
    several = len(found) > 1
    if shared:
        reading.tell(f"tables joined by {listed(list(dict.fromkeys(shared.values())))}")
    found, classes = _without_common_classes(found, shared, reading)
    made = {}
    for name, source in found.items():
        own = reading.part() if several else reading
        made[name] = table.of_columns(
            source,
            own,
            joins=shared.get(name),
            several=several or not alone,
            of=name if several else "",
            known=bool(classes),
            alone=alone and not several,
        )
        if several:
            reading.take(own, source.where)
        if name in classes:
            made[name] = replace(made[name], labels=classes[name])
    return joined(made, reading)


def _parts_joined(sources: dict[str, Columns], reading: Reading) -> dict[str, Columns]:
    """Parts of one table, one below the other, under what is left of their names."""
    for base, members in parts.groups(sources).items():
        chosen = {part: sources[name] for part, name in members.items()}
        if not _agree(list(chosen.values())):
            names = listed(list(members.values()))
            widths = ", ".join(str(len(one.frame.columns)) for one in chosen.values())
            if any(part.is_split for part in chosen):
                raise ValueError(
                    f"{names} are parts of one set by their names, but their columns differ ({widths} columns); give "
                    "all parts the same columns, or rename them where they are views"
                )
            continue
        joint = _below(chosen, reading)
        places = {name: place for place, name in enumerate(sources)}
        rest = {name: one for name, one in sources.items() if name not in members.values()}
        sources = dict(
            sorted(
                [*rest.items(), (base or "data", joint)],
                key=lambda item: places.get(item[0], places[next(iter(members.values()))]),
            )
        )
    return sources


def _agree(sources: list[Columns]) -> bool:
    """Whether tables have the same columns, but for few that a part lacks."""
    if any(one.named != sources[0].named for one in sources):
        return False
    if not sources[0].named:
        return len({len(one.frame.columns) for one in sources}) == 1
    names = [set(map(str, one.frame.columns)) for one in sources]
    common = set.intersection(*names)
    return all(len(found - common) <= MOST_MISSING and 2 * len(found - common) <= len(found) for found in names)


def _below(members: Mapping[parts.Part, Columns], reading: Reading) -> Columns:
    import pandas as pd

    lengths = [len(one.frame) for one in members.values()]
    reading.tell(parts.told(members, lengths))
    every = [one.frame for one in members.values()]
    first = next(iter(members.values()))
    names = [set(map(str, frame.columns)) for frame in every]
    extra = sorted(name for name in set.union(*names) - set.intersection(*names) if not words.may_be_labels(name))
    if extra and first.named:
        reading.leave_out(listed(extra), "not in every part")
        every = [frame.drop(columns=[column for column in frame.columns if str(column) in extra]) for frame in every]
    joint = pd.concat(every, ignore_index=True, sort=False)
    return Columns(frame=joint, named=first.named, where=first.where, split=parts.split_of(members, lengths))


def _of_rows(sources: dict[str, Columns], reading: Reading) -> dict[str, Columns]:
    """Tables of the same columns under other names as one, where their rows are samples of their own."""
    headers = {tuple(map(str, one.frame.columns)) for one in sources.values()}
    if (
        len(sources) < 2
        or len(headers) > 1
        or not all(one.named for one in sources.values())
        or len(next(iter(headers))) < 2
    ):
        return sources
    header = next(iter(headers))
    if all(name.isdecimal() for name in header) or _names_samples(header):
        return sources
    overlap = shared_ids.of(sources)
    if overlap:
        return sources
    text = (
        f"{listed(list(sources))} have the same columns: they may be parts of one table, or views of the same samples."
    )
    lengths = {len(one.frame) for one in sources.values()}
    counted = sum(bool(preamble.COUNTED.fullmatch(name)) for name in header) >= 0.8 * (len(header) - 1)
    are_years = all(re.fullmatch(r"(19|20)\d\d", name.rsplit("/", 1)[-1]) for name in sources)
    has_classes = any(map(words.may_be_labels, header)) or are_years or _are_numbered(sources)
    guess = ROWS if are_years else CLASSES if not has_classes else ROWS
    guess = VIEWS if len(lengths) == 1 and (counted or _same_classes(sources, header)) and not are_years else guess
    answer = reading.ask("files", text, (ROWS, CLASSES, VIEWS), guess)
    if answer == VIEWS:
        return sources
    if answer == CLASSES:
        sources = {
            name: replace(one, frame=one.frame.assign(**{CLASS_OF_FILE: name.rsplit("/", 1)[-1]}))
            for name, one in sources.items()
        }
        reading.tell(f"classes by the names of the files: {listed(list(sources))}")
    members = {parts.Part(-1, "", number): one for number, one in enumerate(sources.values(), start=1)}
    return {"data": _below(members, reading)}


CLASS_OF_FILE = "class of the file"


def _are_numbered(names: Iterable[str]) -> bool:
    """Whether names differ in a number alone."""
    return len({re.sub(r"\d+", "", name) for name in names}) == 1


def _names_samples(header: Sequence[str]) -> bool:
    """Whether nearly all columns bear the names of samples."""
    return sum(bool(_OF_SAMPLES & set(words.tokens(name))) for name in header) >= 0.8 * len(header)


def _same_classes(sources: Mapping[str, Columns], header: tuple[str, ...]) -> bool:
    """Whether a column of classes says the same, row by row, in all tables: they are of the same samples."""
    every = [one.frame for one in sources.values()]
    return any(
        words.may_be_labels(name) and all(frame[name].equals(every[0][name]) for frame in every[1:]) for name in header
    )


def turned(sources: dict[str, Columns], reading: Reading) -> dict[str, Columns]:
    """Tables whose samples are columns, such as genes by samples, or rows of one number, with a row for each sample."""
    sources = {name: long_form.widened(one, reading) for name, one in sources.items()}
    found = dict(sources)
    marked = {name: why for name, one in sources.items() if (why := _columns_are_samples(name, one, sources))}
    for name, why in marked.items():
        column = cells.shown(str(sources[name].frame.columns[0]))
        n_columns = len(sources[name].frame.columns) - 1
        text = (
            f"{column} of {name} names {len(sources[name].frame):,} rows, which look like features of {n_columns:,} "
            f"samples ({why})."
        )
        if reading.ask("samples", text, ("rows", "columns"), "columns") == "columns":
            found[name] = _transposed(sources[name])
            reading.tell("samples in columns")
    return found


def _columns_are_samples(name: str, source: Columns, others: Mapping[str, Columns]) -> str:
    """Why the columns of a table are its samples; empty where they are not."""
    frame = source.frame
    if (
        not source.named
        or len(frame.columns) < 4
        or not all(cells.values(frame.iloc[:, i]).dtype.kind in "buif" for i in range(1, min(50, len(frame.columns))))
    ):
        return ""
    names = cells.values(frame.iloc[:, 0])
    if names.dtype.kind in "buif" or not cells.is_unique(names):
        return ""
    header = {cells.as_id(str(column)) for column in frame.columns[1:]}
    for other, one in others.items():
        if other == name:
            continue
        if _names_samples(list(map(str, frame.columns))) and list(one.frame.columns[1:]) == list(frame.columns[1:]):
            first = cells.values(one.frame.iloc[:, 0])
            if cells.is_unique(first) and not {str(v) for v in first} & {str(v) for v in names}:
                return f"{other} has the same columns"
        for i in range(min(3, len(one.frame.columns))):
            values = cells.values(one.frame.iloc[:, i])
            if cells.is_unique(values) and len(header & {cells.as_id(v) for v in values}) >= 0.8 * len(header):
                return f"{other} lists its columns"
    if words.plain(str(frame.columns[0])) in words.GENES:
        return "the first column is called so"
    if _names_samples(list(map(str, frame.columns[1:]))):
        return "the other columns are called so"
    if _groups(frame) and sum(bool(preamble.COUNTED.fullmatch(name)) for name in header) >= 0.8 * len(header):
        return "a row of words below their names may be classes"
    return "they are gene identifiers" if all(_GENE_IDS.fullmatch(str(value)) for value in names[:200]) else ""


def _groups(frame: "pd.DataFrame") -> tuple[str, ...]:
    """What the row below the names says of each column, after its own name; empty where there is none."""
    groups = frame.attrs.get(preamble.GROUPS, ())
    return groups if len(groups) == len(frame.columns) else ()


def _transposed(source: Columns) -> Columns:
    frame = source.frame.set_index(source.frame.columns[0]).T
    frame.columns = [str(name) for name in frame.columns]
    if groups := _groups(source.frame):
        name = groups[0] if groups[0] and groups[0] not in frame.columns else "class"
        frame.insert(0, name, groups[1:])
    return Columns(frame=frame.rename_axis("sampleid").reset_index(), named=True, where=source.where)


def _without_common_classes(
    sources: dict[str, Columns], shared: Mapping[str, str], reading: Reading
) -> tuple[dict[str, Columns], dict[str, np.ndarray]]:
    """Tables without the column that says the same of each sample in all of them and may be classes; and these.

    It has one name everywhere, or is the last or the first column of each: no view has it to itself.
    """
    if len(sources) < 2:
        return sources, {}
    every = list(sources.values())
    header = [str(name) for name in every[0].frame.columns]
    common = [name for name in header if all(one.named and name in map(str, one.frame.columns) for one in every)]
    choices = [[[str(c) for c in one.frame.columns].index(name) for one in every] for name in common]
    choices += [[len(one.frame.columns) - 1 for one in every], [0 for _ in every]]
    for places in choices:
        found = [
            _aligned(one, place, shared.get(name)) for (name, one), place in zip(sources.items(), places, strict=True)
        ]
        values = cells.values(every[0].frame.iloc[:, places[0]])
        if any(len(one.frame.columns) < 2 for one in every) or not labels.repeats(values):
            continue
        if all(one.equals(found[0]) for one in found[1:]):
            is_word = every[0].named and not re.fullmatch(r"[\d.]+", str(every[0].frame.columns[places[0]]))
            column = (
                str(every[0].frame.columns[places[0]])
                if is_word
                else ("the first" if not places[0] else "the last") + " column"
            )
            reading.tell(f"{cells.shown(column)} is the same in all tables and taken for the classes")
            rest = {
                name: replace(one, frame=one.frame.drop(columns=one.frame.columns[place]))
                for (name, one), place in zip(sources.items(), places, strict=True)
            }
            return rest, {next(iter(sources)): values}
    return sources, {}


def _aligned(source: Columns, place: int, ids: str | None) -> "pd.Series":
    """A column, in the order of the ids where there are some."""
    values = source.frame.iloc[:, place]
    if ids is not None:
        values = values.set_axis([cells.as_id(value) for value in source.frame[ids]]).sort_index()
    else:
        values = values.reset_index(drop=True)
    return values.rename(None)


def joined(tables: dict[str, Table], reading: Reading) -> dict[str, Table]:
    """Tables of the same samples, row by row: by their ids where all have some, else as they are.

    A sample that a table of numbers alone lacks has a row of NaN there; one that another table lacks is left out.
    """
    without = [name for name, one in tables.items() if one.ids is None]
    if len(tables) < 2 or without:
        if 0 < len(without) < len(tables):
            reading.tell(f"rows paired by their order, for {', '.join(without)} has no ids")
        return tables
    places = {
        name: {key: row for row, key in enumerate(one.ids)} for name, one in tables.items() if one.ids is not None
    }
    first = next(iter(places.values()))
    common = [key for key in first if all(key in place for place in places.values())]
    if not common:
        raise ValueError(f"{', '.join(tables)} have no id in common; give the same samples the same ids")
    every = dict.fromkeys(key for place in places.values() for key in place)
    needed = [places[name] for name, one in tables.items() if not one.is_plain]
    kept = [key for key in every if all(key in place for place in needed)]
    if len(kept) < len(every):
        reading.leave_out(f"{len(every) - len(kept):,} samples", "not in every table")
    if len(common) < len(every):
        reading.tell(f"{len(common):,} of {len(every):,} samples are in every table")
    return {name: one.rows_of(kept, places[name]) for name, one in tables.items()}


DESCRIPTIONS = frozenset(
    (
        *(
            "metadata",
            "meta",
            "obs",
            "clinical",
            "annotation",
            "annotations",
            "info",
            "phenotype",
            "phenotypes",
            "pheno",
        ),
        *("samples", "patients", "covariates", "labels", "label", "design", "coldata", "attributes", "demographics"),
    )
)
"""Words in the names of tables that describe samples."""
FEW = 5
"""So many numbers beside the classes are no view, unless somebody says so."""
LEAVE_OUT, A_VIEW = "leave them out", "a view of their own"


def without_descriptions(found: dict[str, Table], reading: Reading) -> dict[str, Table]:
    """The tables, without the few numbers of one that is called like a description and holds the classes of others."""
    kept = dict(found)
    for name, one in found.items():
        n_columns = one.numbers.shape[1]
        beside = [other.numbers.shape[1] for key, other in found.items() if key != name]
        is_described = DESCRIPTIONS & set(words.tokens(name.rsplit("/", 1)[-1])) and one.labels is not None
        if not (is_described and 0 < n_columns <= FEW and min(beside, default=0) > n_columns):
            continue
        columns = listed([*one.header] or [f"{n_columns} columns"])
        text = f"{columns} in {cells.shown(name)} may describe the samples, or be a view of them."
        if reading.ask(f"numbers of {name}", text, (LEAVE_OUT, A_VIEW), LEAVE_OUT) == LEAVE_OUT:
            reading.leave_out(f"{columns} in {name}", "numbers that describe the samples")
            kept[name] = replace(one, numbers=one.numbers[:, :0], header=())
    return kept


def split_labels(tables: dict[str, Table], reading: Reading) -> dict[str, np.ndarray]:
    """The numbers of each table, and the classes under `labels` where there were any.

    Classes have a column of their own in a table, or are the last column where all of several tables end in the same
    whole numbers.
    """
    labelled = [name for name, one in tables.items() if one.labels is not None]
    best = min(labelled, key=_rank_of_labels, default=None)
    labels = None if best is None else tables[best].labels
    for name in labelled:
        if name != best and not np.array_equal(tables[name].labels, labels):  # type: ignore[arg-type]
            reading.leave_out(f"classes of {cells.shown(name)}", f"those of {cells.shown(str(best))} are taken")
    lasts = {name: one.numbers[:, -1] for name, one in tables.items() if one.numbers.shape[1] > 1}
    if labels is None and 1 < len(lasts) == len(tables):
        last = next(iter(lasts.values()))
        alike = all(np.array_equal(last, other) for other in lasts.values())
        if alike and bool((last == np.round(last)).all()) and len(np.unique(last)) <= len(last) // 2:
            labels = last
    found = {}
    for name, one in tables.items():
        ends = labels is not None and one.labels is None and np.array_equal(lasts.get(name, []), labels)
        found[name] = one.numbers[:, :-1] if ends else one.numbers
    return {name: values for name, values in found.items() if values.shape[1]} | (
        {} if labels is None else {"labels": labels}
    )


def _rank_of_labels(name: str) -> tuple[bool, bool]:
    """Tables that are called like classes come first, those of persons and the like last."""
    last = name.rsplit("/", 1)[-1]
    return not words.is_label_name(last), words.plain(last) in words.DEMOGRAPHIC
