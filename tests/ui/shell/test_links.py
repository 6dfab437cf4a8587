import pytest

from mmclust.ui.shell import links


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        ({"epoch": "7"}, "`epoch = 7`, which is not available here. The page shows its own choice instead of it."),
        ({"epoch": "7", "space": "q"}, "`epoch = 7`, `space = q`, which are not available"),
    ],
)
def test_a_sentence_names_what_came(refused: dict[str, str], words: str):
    assert words in links.sentence(refused)


def test_what_came_is_shortened_and_stays_code():
    told = links.sentence({"space": "`<b>" + "x" * 500})
    assert len(told) < 250
    assert told.count("`") == 2
