"""Which charts stand in the panel: only what the run has, whatever an address says."""

import json

import pytest
from columns.of_letters import clustering, data

from mmclust.columns import table
from mmclust.columns.table import RunTable
from mmclust.ui.components.facets import kept


@pytest.fixture(scope="module")
def letters() -> RunTable:
    return table.of(clustering(data()))


def test_a_layout_is_taken_without_what_the_run_lacks(letters: RunTable) -> None:
    text = json.dumps({"charts": [["font", "serif"], ["gone"], "x", []], "color": "gone", "size": "size", "search": 3})
    found = kept.checked(text, letters)
    assert found == {"charts": [["font", "serif"]], "color": "", "size": "size", "search": ""}


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"charts": 3}', "null", '{"color": "font"}'])
def test_what_is_no_layout_is_none(letters: RunTable, text: str) -> None:
    assert kept.checked(text, letters) is None


def test_so_many_charts_stand_there_at_most(letters: RunTable) -> None:
    found = kept.checked(json.dumps({"charts": [["font"]] * 50}), letters)
    assert found is not None and len(found["charts"]) == kept.MOST_CHARTS
