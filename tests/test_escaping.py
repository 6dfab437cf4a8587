import pytest

from mmclust import escaping


def test_markdown_has_no_sign_left_that_means_something():
    assert escaping.markdown("# a\n\n    b ![c](http://d.e) <f> :red[g] $h$ `i`  \n1. j\\ www.k.l --m") == (
        r"\# a b !\[c\](http\://d.e) \<f\> \:red\[g\] \$h\$ \`i\` 1. j\\ www\.k.l --m"
    )
    assert [escaping.markdown(text) for text in ("- a", "+ a", "12. a", "3) a", "== a", "a - b", "1.5")] == [
        *(r"\- a", r"\+ a", r"12\. a", r"3\) a", r"\== a", "a - b", r"1\.5")
    ]


@pytest.mark.parametrize("text", ["=1+2", "+1", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_is_a_text_in_a_spreadsheet(text: str):
    assert escaping.cell(text) == "'" + text
    assert escaping.cell("name") == "name" and escaping.cell(-1.5) == -1.5


def test_plotly_takes_no_tag_and_no_name():
    assert escaping.plotly("<a href='x'>%{customdata}&") == "&lt;a href='x'&gt;&#37;{customdata}&amp;"


def test_a_terminal_is_neither_coloured_nor_moved():
    assert escaping.terminal("a\x1b[31mb\x1b]0;title\x07\rc\u202ed\n") == "a[31mb]0;title cd "
