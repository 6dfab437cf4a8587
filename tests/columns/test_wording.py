"""Queries in the words of pandas as SQL, and where their errors are."""

import pytest

from mmclust.columns import wording
from mmclust.columns.wording import QueryError

COLUMNS = ("sample", "confidence", "font", "net weight", "größe", "字体", "class", "order")


def where(query: str) -> str:
    sql = wording.expression(query, COLUMNS).sql
    return " ".join(sql.removeprefix("SELECT sample FROM run WHERE (").removesuffix(") ORDER BY sample").split())


@pytest.mark.parametrize(
    ("query", "sql"),
    [
        ('confidence < 0.6 and font == "serif"', '"confidence" < 0.6 AND "font" = \'serif\''),
        ("(confidence<1e-3) & ~(font=='a''b')", "( \"confidence\" < 1e-3 ) AND NOT ( \"font\" = 'a''b' )"),
        ('font == "it\'s" | font is null', "\"font\" = 'it''s' OR \"font\" IS NULL"),
        ("0.2 < confidence <= 0.6", '0.2 < "confidence" AND "confidence" <= 0.6'),
        ("lower(font) like '%x'", "lower ( \"font\" ) LIKE '%x'"),
        ("`net weight` > 3 and GRÖSSE is not null or 字体 == '宋'", None),
        ("font in ['a', 'b']", "\"font\" in ( 'a' , 'b' )"),
        ("class == '1' and order > 2", '"class" = \'1\' AND "order" > 2'),
        ("cast(confidence as varchar) == '1'", "cast ( \"confidence\" AS VARCHAR ) = '1'"),
        ("font == None or font != None", '"font" IS NULL OR "font" IS NOT NULL'),
    ],
)
def test_an_expression_becomes_sql(query: str, sql: str | None) -> None:
    if sql is None:
        query = query.replace("GRÖSSE", "Größe")
        sql = '"net weight" > 3 AND "größe" IS NOT NULL OR "字体" = \'宋\''
    assert where(query).lower() == sql.lower()


def test_the_columns_that_a_query_names_are_known() -> None:
    assert wording.expression('Confidence < 1 and font == "confidence"', COLUMNS).columns == ("confidence", "font")
    assert wording.statement('select sample from run where "net weight" > 1', COLUMNS).columns == (
        "sample",
        "net weight",
    )
    assert wording.statement("select * from run", COLUMNS).columns == COLUMNS


@pytest.mark.parametrize(
    ("query", "said", "place"),
    [
        ("confidnce < 0.6", "there is no column confidnce; did you mean confidence", 0),
        ("font == serif", "there is no column serif; there are sample", 8),
        ('font == "serif', "a text has no closing quote", 8),
        ("font == 'a'; drop table run", "one query at a time", 11),
        ("confidence < 1) or (1 == 1", "\\) closes nothing", 14),
        ("(confidence < 1", "\\( is not closed", 0),
        ("", "the query is empty", None),
        ("read_csv('x')", "read_csv is refused", 0),
        ("select sample from read_parquet('x')", "read_parquet is refused", 19),
        ("copy run to 'x'", "copy is refused", 0),
        ("confidence @ 3", "'@' cannot stand in a query", 11),
    ],
)
def test_an_error_says_what_is_wrong_and_where(query: str, said: str, place: int | None) -> None:
    with pytest.raises(QueryError, match=said) as caught:
        (wording.statement if wording.is_statement(query) else wording.expression)(query, COLUMNS)
    assert caught.value.place == place
    marks = caught.value.marked().partition("\n")[2]
    assert marks.count("^") >= 1 if place is not None else not marks
    assert place is None or marks.index("^") == place
