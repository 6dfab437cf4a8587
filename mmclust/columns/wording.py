"""A query of one line as SQL: what users of pandas write is put into DuckDB's words, with the place of every word kept.

The grammar of an expression, which is DuckDB's own beside these points:

- `==` is equality; `and`, `or`, `not` may be written `&`, `|`, `~`; comparisons may be chained, as in
  `0.2 < confidence < 0.6`.
- Text stands in double or single quotes: `font == "serif"`; a quote inside is written twice.
- A column is named as it is, in any letter case, or between backticks where it is no word: `` `net weight` > 3 ``.
- `== None` and `is null` find samples without a value, which no other comparison does; NaN is no value.
- `in` takes a list in brackets or parentheses: `cluster in [1, 4]`.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

TokenKind = Literal["text", "name", "word", "number", "sign", "bracket"]

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    |(?P<name>`[^`]+`)
    |(?P<number>(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<word>[^\W\d]\w*)
    |(?P<bracket>[()\[\]])
    |(?P<sign>==|!=|<>|<=|>=|\|\||::|->|!~~\*?|~~\*?|//|\*\*|[<>=+\-*/%^&|~,.:{}?])""",
    re.VERBOSE,
)
WORDS = frozenset(
    (
        *("and", "or", "not", "in", "is", "null", "true", "false", "between", "like", "ilike", "glob"),
        *("similar", "to", "escape", "case", "when", "then", "else", "end", "cast", "as", "interval", "date"),
        *("timestamp", "distinct", "from", "collate", "isnull", "notnull"),
    )
)
"""Words of expressions that are no columns, unless between backticks."""
_TYPES = frozenset(
    (
        *("varchar", "text", "integer", "int", "bigint", "double", "float", "real", "boolean", "bool", "date"),
        *("timestamp", "decimal"),
    )
)
_SIGNS = {"==": "=", "&": "AND", "|": "OR", "~": "NOT"}
_NULLS = {"==": "IS", "=": "IS", "!=": "IS NOT", "<>": "IS NOT"}
_COMPARED = frozenset(("==", "=", "!=", "<>", "<", "<=", ">", ">="))
_TOUCHES_FILES = re.compile(
    r"(read_\w+|\w*_scan|\w*_scan_\w+|glob|sniff_csv|copy|attach|detach|install|load|export|import|pragma|set|reset|"
    r"create|insert|update|delete|drop|alter|call|truncate|vacuum|checkpoint|use|query|query_table|getenv|"
    r"duckdb_\w+|pragma_\w+|which_secret)",
    re.IGNORECASE,
)
_SMALL = frozenset(
    (
        *("abs", "ceil", "floor", "round", "sign", "sqrt", "ln", "log", "log2", "log10", "exp", "pow", "power"),
        *("least", "greatest", "isnan", "isinf", "isfinite", "coalesce", "nullif", "if", "ifnull", "length", "len"),
        *("lower", "upper", "trim", "ltrim", "rtrim", "left", "right", "substring", "substr", "contains"),
        *("starts_with", "ends_with", "prefix", "suffix", "regexp_matches", "regexp_full_match", "instr", "strpos"),
        *("year", "month", "day", "hour", "minute", "date_part", "date_trunc", "try_cast", "levenshtein"),
    )
)
"""Functions whose results are no larger than what they are given."""
MOST_TOKENS = 20_000
"""Words of a query once chained comparisons are written out."""
_READS = re.compile(r"\s*(select|with|from)\b", re.IGNORECASE)


class QueryError(ValueError):
    """A query that cannot be answered.

    Args:
        message: what is wrong, as a part of a sentence.
        query: as it was written.
        place: of the first wrong character; None where that is not known.
        length: of what is wrong, in characters.
    """

    def __init__(self, message: str, query: str, place: int | None = None, length: int = 1) -> None:
        self.query, self.length = query, max(1, length)
        self.place = None if place is None else min(max(place, 0), len(query))
        super().__init__(f"{message}{self._where()}")

    def _where(self) -> str:
        if self.place is None:
            return ""
        if self.place >= len(self.query.rstrip()):
            return " (at the end of the query)"
        return f" (at character {self.place + 1}: {self.query[self.place : self.place + 24].strip()!r})"

    def marked(self) -> str:
        """The query, and below it marks under what is wrong; the query alone where that is not known."""
        if self.place is None:
            return self.query
        return f"{self.query}\n{' ' * self.place}{'^' * self.length}"


@dataclass(frozen=True)
class Token:
    """One word or sign of a query."""

    kind: TokenKind
    text: str
    place: int
    """Of its first character in the query."""


@dataclass(frozen=True)
class Statement:
    """A query in SQL."""

    sql: str
    columns: tuple[str, ...]
    """Columns of the table that it names."""
    places: tuple[tuple[int, int], ...]
    """Pairs of a place in `sql` and the place in the query that stands there, ascending."""
    may_grow: bool = True
    """Whether it may need any amount of memory, as it makes rows or texts."""

    def place(self, position: int) -> int:
        """Where in the query a place of the SQL is from."""
        below = [pair for pair in self.places if pair[0] <= position]
        return below[-1][1] if below else 0


def is_statement(query: str) -> bool:
    """Whether a query is a whole statement of SQL rather than an expression."""
    return _READS.match(query) is not None


def tokens(query: str) -> list[Token]:
    """The words and signs of a query.

    Raises:
        QueryError: a character that begins none.
    """
    found, place = [], 0
    while place < len(query):
        match = _TOKEN.match(query, place)
        if match is None:
            sign = query[place]
            ask = "a text has no closing quote" if sign in "\"'`" else f"{sign!r} cannot stand in a query"
            if sign == ";":
                ask = "one query at a time is answered; leave the ; out"
            raise QueryError(ask, query, place)
        kind = match.lastgroup
        if kind not in (None, "space"):
            found.append(Token(kind, match[0], place))  # pyright: ignore[reportArgumentType]
        place = match.end()
    return found


def refuse_files(query: str, found: Sequence[Token]) -> None:
    """Refuse words that read or write anything but the table of the run.

    Raises:
        QueryError: there is such a word.
    """
    for token, after in zip(found, [*found[1:], None], strict=True):
        called = after is not None and after.text == "(" and token.kind in ("word", "name")
        begins = token is found[0] and token.kind == "word"
        if (called or begins) and _TOUCHES_FILES.fullmatch(token.text.strip("`")):
            message = f"{token.text} is refused: a query reads the table of the run alone, and writes nothing"
            raise QueryError(message, query, token.place, len(token.text))


def expression(query: str, columns: Sequence[str]) -> Statement:
    """An expression as a statement that gives the samples for which it is true.

    Raises:
        QueryError: it names no column that there is, or is no expression.
    """
    found = tokens(query)
    if not found:
        raise QueryError("the query is empty; write for example confidence < 0.6 and cluster == 3", query)
    refuse_files(query, found)
    _check_brackets(query, found)
    known = {name.lower(): name for name in columns}
    parts, named = [], []
    for token, before, after in _with_neighbours(_unchained(found, query)):
        text = _in_sql(token, before, after, known, query)
        if text.startswith('"'):
            named.append(known[_plain(token).lower()])
        parts.append((text, token.place))
    made = _joined("SELECT sample FROM run WHERE (", parts, ") ORDER BY sample", named, end=len(query))
    return replace(made, may_grow=_makes_texts(found))


def _makes_texts(found: Sequence[Token]) -> bool:
    """Whether a step of an expression may be larger than what it is made of."""
    called = {
        token.text.lower() for token, after in _pairs(found) if after.text == "(" and token.kind in ("word", "name")
    }
    return not called <= WORDS | _SMALL or any(token.text == "||" for token in found)


def statement(query: str, columns: Sequence[str]) -> Statement:
    """A whole statement; in it double quotes name columns, as SQL has it.

    Raises:
        QueryError: words that read or write files.
    """
    found = tokens(query)
    refuse_files(query, found)
    known = {name.lower(): name for name in columns}
    named = [known[word] for token in found if (word := _plain(token).strip('"').lower()) in known]
    if any(token.text == "*" and before.text.lower() in ("select", ",", ".") for before, token in _pairs(found)):
        named = list(columns)
    return Statement(sql=query, columns=tuple(dict.fromkeys(named)), places=((0, 0), *_each(query)))


def _each(query: str) -> Iterator[tuple[int, int]]:
    return ((place, place) for place in range(1, len(query) + 1))


def _pairs(found: Sequence[Token]) -> Iterator[tuple[Token, Token]]:
    return zip(found, found[1:], strict=False)


def _plain(token: Token) -> str:
    return token.text.strip("`") if token.kind == "name" else token.text


def _check_brackets(query: str, found: Sequence[Token]) -> None:
    opened: list[Token] = []
    closes = {")": "(", "]": "["}
    for token in found:
        if token.text in "([" and token.kind == "bracket":
            opened.append(token)
        elif token.kind == "bracket" and (not opened or opened.pop().text != closes[token.text]):
            raise QueryError(f"{token.text} closes nothing", query, token.place)
    if opened:
        raise QueryError(f"{opened[-1].text} is not closed", query, opened[-1].place)


def _with_neighbours(found: Sequence[Token]) -> Iterator[tuple[Token, Token | None, Token | None]]:
    return zip(found, [None, *found[:-1]], [*found[1:], None], strict=True)


def _in_sql(token: Token, before: Token | None, after: Token | None, known: dict[str, str], query: str) -> str:
    """One word or sign as DuckDB has it; columns come in double quotes."""
    if token.kind == "text":
        inside = token.text[1:-1].replace(token.text[0] * 2, token.text[0])
        return "'" + inside.replace("'", "''") + "'"
    if token.kind == "sign":
        if after is not None and after.text.lower() in ("none", "null") and token.text in _NULLS:
            return _NULLS[token.text]
        return _SIGNS.get(token.text, token.text)
    if token.kind == "bracket":
        return {"[": "(", "]": ")"}.get(token.text, token.text)
    if token.kind == "number":
        return token.text
    word = _plain(token)
    called = token.kind == "word" and after is not None and after.text == "("
    typed = before is not None and (before.text == "::" or before.text.lower() == "as") and word.lower() in _TYPES
    if token.kind == "word" and word.lower() == "none":
        return "NULL"
    if token.kind == "word" and (word.lower() in WORDS or (called and word.lower() not in known) or typed):
        return word if called else word.upper()
    if word.lower() not in known:
        raise QueryError(_unknown(word, list(known.values())), query, token.place, len(token.text))
    return '"' + known[word.lower()].replace('"', '""') + '"'


def _unknown(word: str, columns: Sequence[str]) -> str:
    if near := difflib.get_close_matches(word.lower(), [name.lower() for name in columns], n=1):
        meant = next(name for name in columns if name.lower() == near[0])
        return f"there is no column {word}; did you mean {meant}? Text stands in quotes"
    shown = ", ".join(columns[:12]) + (" …" if len(columns) > 12 else "")
    return f"there is no column {word}; there are {shown}. Text stands in quotes"


def _unchained(found: Sequence[Token], query: str) -> list[Token]:
    """Chained comparisons as pairs: what stands between two of them is written twice, with `and` in the middle."""
    made: list[Token] = []
    start: list[int] = [0]
    """Where the operand that is being written begins, at each depth of brackets."""
    compared: list[bool] = [False]
    for token in found:
        if token.kind == "bracket" and token.text in "([":
            made.append(token)
            start.append(len(made))
            compared.append(False)
            continue
        if token.kind == "bracket":
            start.pop()
            compared.pop()
        elif token.text in _COMPARED:
            if compared[-1]:
                made += [Token("word", "and", token.place), *made[start[-1] :]]
                if len(made) > MOST_TOKENS:  # each level of brackets doubles them
                    raise QueryError("comparisons are chained within chained ones too often", query, token.place)
            made.append(token)
            start[-1], compared[-1] = len(made), True
            continue
        elif token.text.lower() in ("and", "or", "not", "&", "|", "~", ",", "when", "then", "else") and token.kind in (
            "word",
            "sign",
        ):
            made.append(token)
            start[-1], compared[-1] = len(made), False
            continue
        made.append(token)
    return made


def _joined(head: str, parts: Sequence[tuple[str, int]], tail: str, named: Sequence[str], *, end: int) -> Statement:
    sql, places = head, []
    for text, place in parts:
        places.append((len(sql), place))
        sql += f"{text} "
    places.append((len(sql), end))
    return Statement(sql=sql + tail, columns=tuple(dict.fromkeys(named)), places=tuple(places))
