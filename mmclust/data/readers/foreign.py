"""Files of columns that other programs write: Weka's ARFF, LIBSVM's sparse rows, Arrow and Feather, JSON.

SciPy's reader of ARFF refuses words and dates, which OpenML's files have; so the header is read here and pandas parses
the rows. LIBSVM is read by scikit-learn, Arrow by pyarrow.
"""

import io
import re
import warnings
from typing import IO, TYPE_CHECKING, Any

from mmclust.data.readers import arff_sparse, delimited, encodings, json_forms, separators
from mmclust.data.readers.reading import Reading, listed
from mmclust.errors import first_line

if TYPE_CHECKING:
    import pandas as pd

ARFF, ARROW, SVM = (".arff",), (".feather", ".arrow", ".ipc"), (".svm", ".libsvm", ".svmlight")
ENDINGS = (*ARFF, *ARROW, *SVM)
_ATTRIBUTE = re.compile(r"@attribute\s+('(?:[^'\\]|\\.)*'|\"[^\"]*\"|\S+)\s+(.+)", re.IGNORECASE)
_SPARSE_ROW = re.compile(r"\s*[-+\d.e]+(\s+\d+:[-+\d.einfa]+)+\s*(#.*)?", re.IGNORECASE)
LOOKED_AT = 20


def read(file: IO[bytes], name: str, where: str, reading: Reading) -> "tuple[pd.DataFrame, bool]":
    """The columns of a file by the ending of `name`, and whether they have names.

    Raises:
        ValueError: it cannot be read, or is too much.
    """
    if name.endswith(ARFF):
        return _arff(file, where, reading)
    return _arrow(file, where) if name.endswith(ARROW) else svmlight(file, where)


def _arff(file: IO[bytes], where: str, reading: Reading) -> "tuple[pd.DataFrame, bool]":
    import pandas as pd

    text, encoding = encodings.decoded(file.read(delimited.MAX_BYTES), where)
    head, found, body = _split_at_data(text)
    declared = [match.groups() for line in head if (match := _ATTRIBUTE.match(line.strip()))]
    columns = [name.strip("'\"") for name, _ in declared]
    if not found or not columns:
        raise ValueError(f"{where} is no ARFF file: it names no @attribute or holds no @data; write it again")
    if body.lstrip().startswith("{"):
        return arff_sparse.rows(body, [kind for _, kind in declared], columns, where), True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # cells would be lost
            frame = pd.read_csv(
                io.StringIO(body),
                names=columns,
                index_col=False,
                quotechar="'",
                escapechar="\\",
                comment="%",
                skipinitialspace=True,
                na_values=["?"],
            )
    except (ValueError, OverflowError, MemoryError, RecursionError, pd.errors.ParserWarning) as error:
        raise ValueError(f"{where} cannot be read as ARFF ({first_line(error)}); write it again") from None
    if encoding not in (encodings.UTF8, "utf-8"):
        reading.tell(f"{where} read as {encodings.title(encoding)}")
    return frame, True


def _split_at_data(text: str) -> tuple[list[str], bool, str]:
    """The lines before the rows, whether there are rows, and these."""
    match = re.search(r"^\s*@data\b.*$", text, re.IGNORECASE | re.MULTILINE)
    if match is None:
        return [], False, ""
    return text[: match.start()].splitlines(), True, text[match.end() :].lstrip("\r\n")


def _arrow(file: IO[bytes], where: str) -> "tuple[pd.DataFrame, bool]":
    """Arrow's files (Feather) and streams, which the library datasets keeps its sets in."""
    import pyarrow as pa
    from pyarrow import feather, ipc

    try:
        is_file = file.read(6) in (b"ARROW1", b"FEA1\0\0") or _begins_as_feather(file)
        file.seek(0)
        if is_file:
            table = feather.read_table(pa.PythonFile(file))
        else:
            with ipc.open_stream(pa.PythonFile(file)) as stream:
                table = stream.read_all()
    except (pa.ArrowException, OSError, MemoryError, TypeError, KeyError, NotImplementedError, OverflowError) as error:
        raise ValueError(f"{where} cannot be read as Arrow ({first_line(error)}); write it again") from None
    if table.num_rows * max(1, table.num_columns) > delimited.MAX_CELLS or table.nbytes > 4 * delimited.MAX_BYTES:
        raise ValueError(f"{where} is too much; give a part of it")
    try:
        table.validate(full=True)  # else words that are no UTF-8 are met when they are looked at
        return table.to_pandas(), True
    except Exception as error:  # what pandas has left beside the table is parsed here, and may be anything
        raise ValueError(f"{where} cannot be read as Arrow ({first_line(error)}); write it again") from None


def _begins_as_feather(file: IO[bytes]) -> bool:
    file.seek(0)
    return file.read(4) == b"FEA1"


def is_svmlight(lines: list[str]) -> bool:
    """Whether lines are rows such as `1 3:0.5 7:1`: a class, then numbers by their columns."""
    some = lines[:LOOKED_AT]
    return len(some) > 1 and all(map(_SPARSE_ROW.fullmatch, some))


def svmlight(file: IO[bytes], where: str) -> "tuple[pd.DataFrame, bool]":
    """Rows of a class and numbers by their columns, as LIBSVM and SVMlight have them.

    Raises:
        ValueError: it cannot be read, or is too much.
    """
    import pandas as pd
    from sklearn.datasets import load_svmlight_file

    try:
        matrix, classes = load_svmlight_file(file)
    except Exception as error:  # scikit-learn's parser raises errors of several types on damaged files
        raise ValueError(f"{where} cannot be read as LIBSVM's rows ({first_line(error)}); write it again") from None
    if not matrix.shape[1]:
        raise ValueError(f"{where} holds classes and no numbers; write rows such as 1 3:0.5 7:1")
    if matrix.shape[0] * matrix.shape[1] > delimited.MAX_CELLS:
        raise ValueError(f"{where} has {matrix.shape[0]:,} rows of {matrix.shape[1]:,} columns, which is too much")
    frame = pd.DataFrame(matrix.toarray(), columns=[f"f{column}" for column in range(matrix.shape[1])])
    frame.insert(0, "label", classes)
    return frame, True


def of_json(content: Any, where: str, reading: Reading) -> "tuple[pd.DataFrame, bool]":
    """A list of objects, or an object of equally long lists, as columns.

    Raises:
        ValueError: JSON of another form.
    """
    import pandas as pd

    if (frame := json_forms.read(content, where, reading)) is not None:
        return frame, True
    if isinstance(content, dict):  # lists of columns, or one list of rows with words about it
        lists = {str(key): value for key, value in content.items() if isinstance(value, list) and len(value) > 1}
        rows = [value for value in lists.values() if all(isinstance(row, dict) for row in value)]
        if len(rows) == 1:
            content = rows[0]
        elif lists and len(set(map(len, lists.values()))) == 1:
            if rest := [str(key) for key in content if str(key) not in lists]:
                reading.leave_out(listed(rest), "no list of all samples")
            return pd.DataFrame(
                {key: pd.Series(value, dtype=object) for key, value in lists.items()}
            ).infer_objects(), True
    if isinstance(content, list) and content and all(isinstance(row, dict) for row in content):
        return pd.DataFrame.from_records(content), True
    if isinstance(content, list) and len(content) > 1 and not any(isinstance(one, (dict, list)) for one in content):
        return pd.DataFrame({"column 1": content}), False
    is_matrix = isinstance(content, list) and content and all(isinstance(row, list) for row in content)
    if is_matrix and all(separators.is_number(str(cell)) for row in content[:LOOKED_AT] for cell in row):
        return pd.DataFrame(content), False
    raise ValueError(f"{where} holds JSON of an unknown form; write a list with an object for each sample")
