import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from mmclust.ui.components import markup
from mmclust.ui.components.markup import Bar, Cell, Picture, Sample

NASTY = '<img src=x onerror="alert(1)">'


@pytest.mark.parametrize(
    "made",
    [
        markup.table((NASTY, "b"), [(NASTY, (NASTY, Cell(NASTY, "mm-paper")))]),
        markup.chips([(NASTY, NASTY)]),
        markup.tiles([(NASTY, NASTY, NASTY)]),
        markup.share(NASTY, [Bar(NASTY, 1, "red", NASTY)]),
        markup.bars([Bar(NASTY, 1, "red", NASTY)], alt=NASTY),
        markup.grid([Sample([Picture("data:,", NASTY, "")], markup.caption(NASTY, width=9))], kind="mm-grid"),
        markup.named(NASTY, "red"),
    ],
    ids=["table", "chips", "tiles", "share", "bars", "grid", "named"],
)
def test_texts_are_escaped_wherever_they_stand(made: Markup):
    assert NASTY not in made and 'onerror="' not in made
    assert "&lt;img src=x onerror=&#34;alert(1)&#34;&gt;" in made


def test_a_table_has_a_named_row_for_each_and_cells_of_their_own_kind():
    made = markup.table(("step", "ACC"), [("first", ["1", Cell("2", "mm-paper")]), (Markup("<s>second</s>"), [])])
    assert made == (
        '<table class="mm-figures"><thead><tr><th scope="col">step</th><th scope="col">ACC</th></tr></thead><tbody>'
        '<tr><th scope="row">first</th><td>1</td><td class="mm-paper">2</td></tr>'
        '<tr><th scope="row"><s>second</s></th></tr></tbody></table>'
    )


def test_a_value_that_a_template_misses_is_an_error():
    with pytest.raises(UndefinedError, match="figures"):
        markup.render("tiles")
