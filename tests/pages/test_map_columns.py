"""The panel of columns and the query line below the map."""

import json
from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from mmclust.runs.run import Run
from mmclust.ui.shell import files

from .test_map_page import opened
from .test_pages import assert_clean, component_data


def facets(app: AppTest) -> dict[str, Any]:
    """What the panel of columns was given."""
    (found,) = [one for one in app.get("bidi_component") if one.proto.component_name == "mmclust-facets"]
    return component_data(found)


def test_every_column_can_be_fetched_and_charts_stand_as_the_address_says(make_run: Callable[..., Run]) -> None:
    asked = {"charts": [["entropy", 0.1, 0.5]], "color": "margin", "size": "", "search": ""}
    data = facets(opened(make_run(), charts=json.dumps(asked)))
    listed = {one["key"]: one for one in data["catalogue"]}
    assert {"cluster", "confidence", "distance", "last_change", "class", "false_neighbours"} <= listed.keys()
    assert data["n"] == 1797 and data["there"] == "" and data["map"] and data["layout"] == asked
    make = files._published.late[listed["distance"]["url"].rsplit("/", 1)[-1]]
    assert len(make()) > 2 * 1797


def test_a_query_selects_and_an_error_is_shown_with_its_place(make_run: Callable[..., Run]) -> None:
    app = opened(make_run())
    assert [chart[0] for chart in facets(app)["layout"]["charts"]] == ["confidence", "cluster", "class", "correct"]
    app.text_input(key="query").set_value("confidnce < 0.6").run()
    assert any("did you mean confidence" in caption.value for caption in app.caption)
    assert app.code[0].value.splitlines()[1].startswith("^^^")
    app.text_input(key="query").set_value("cluster == 3 and confidence > 0").run()
    assert app.query_params["sel"] == "cluster:3" and not app.code
    assert any("Cluster 3" in text.value for text in app.markdown)
    assert_clean(app)
