"""Texts of users, files and other machines, written so that they are read as letters wherever they are shown.

For HTML there is `html.escape`, and templates escape by themselves.
"""

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Environment

MARKUP = re.compile(
    r"([\\`*{}\[\]<>#$~|&@^]|(?<![^\W_])_|_(?![^\W_])|:(?=[\w/])"
    r"|^[-+=]|(?<=^\d)[.)]|(?<=^\d\d)[.)]|(?<=www)\.)",
    re.IGNORECASE,
)
"""What Markdown of Streamlit takes for more than itself, the last ones at the beginning of a line or a link only."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet compute a cell."""


def templates(folder: Path) -> "Environment":
    """The HTML templates of a folder: they escape every text they are given; a value that one misses is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def markdown(text: str) -> str:
    """A text as Markdown in one line: no link, image, formula, colour, list or heading comes of it."""
    return MARKUP.sub(r"\\\1", " ".join(text.split()))


def plotly(text: str) -> str:
    """A text for a Plotly figure, which takes a few HTML tags, links and, in hover texts, `%{names}`."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("%{", "&#37;{")


def terminal(text: str) -> str:
    """A text for a terminal, in one line: what would move the cursor, colour or retitle the window is left out."""
    return "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")


def cell(value: object) -> object:
    """A value for a CSV file; a text that a spreadsheet would take for a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def cells(table: "pd.DataFrame") -> "pd.DataFrame":
    """A table for a CSV file: its texts and the names of its columns as `cell` writes them."""
    found = table.copy()
    for name in found.columns:
        if found[name].dtype.kind not in "biuf":
            found[name] = found[name].map(cell)
    return found.rename(columns=cell)
