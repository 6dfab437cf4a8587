"""Tables in long form: a row for each number, which two columns place by its sample and its feature."""

import numpy as np

from mmclust.data.readers import cells, words
from mmclust.data.readers.reading import Reading
from mmclust.data.readers.table import Columns

ROWS = "rows are samples"
_FEATURES = frozenset(
    ("gene", "feature", "variable", "marker", "channel", "item", "attribute", "metric", "measure", "key")
)
"""Words in the name of a column that names features."""


def widened(source: Columns, reading: Reading) -> Columns:
    """The table with a row for each sample, where it has one for each number and nobody says otherwise.

    Every pair of a value of one column and of one of the other stands in it once, beside one number.
    """
    if not source.named or len(source.frame.columns) != 3 or source.split is not None:
        return source
    values = {str(name): cells.values(source.frame.iloc[:, place]) for place, name in enumerate(source.frame.columns)}
    keys = [name for name, found in values.items() if not cells.is_number(found) or _counts(found)]
    numbers = [name for name in values if name not in keys]
    if len(keys) != 2 or len(numbers) != 1 or values[numbers[0]].dtype.kind != "f":
        return source
    pairs = set(zip(*(values[key].tolist() for key in keys), strict=True))
    sizes = {key: len({pair[place] for pair in pairs}) for place, key in enumerate(keys)}
    if len(pairs) != len(source.frame) or int(np.prod(list(sizes.values()))) != len(pairs) or min(sizes.values()) < 2:
        return source
    named = [key for key in keys if not _FEATURES & set(words.tokens(key))]
    sample = named[0] if len(named) == 1 else max(keys, key=lambda key: sizes[key])
    text = (
        f"Each of {sizes[keys[0]]:,} values of {cells.shown(keys[0])} stands beside each of {sizes[keys[1]]:,} of "
        f"{cells.shown(keys[1])} once: a row may be one number of a sample."
    )
    options = {f"a sample for each {cells.shown(key)}": key for key in keys}
    is_told = any(values[key].dtype.kind == "O" or words.is_id_name(key) for key in keys)  # else places on a grid
    guess = next(option for option, key in options.items() if key == sample) if is_told else ROWS
    answer = reading.ask("long table", text, (*options, ROWS), guess)
    if answer == ROWS:
        return source
    sample = options[answer]
    wide = source.frame.pivot(index=sample, columns=next(key for key in keys if key != sample), values=numbers[0])
    wide.columns = [str(name) for name in wide.columns]
    reading.tell(f"a row for each {cells.shown(sample)}")
    return Columns(frame=wide.reset_index(), named=True, where=source.where)


def _counts(found: np.ndarray) -> bool:
    """Whether numbers may say which sample or feature is meant."""
    return found.dtype.kind in "ui"
