"""The selection that all pages share: what the URL says of it, and that it follows a user from page to page."""

from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mmclust.clustering import Clustering
from mmclust.runs.run import Run
from mmclust.ui.components.selection import codec, samples, session
from mmclust.ui.shell import cache


@pytest.fixture
def clustering(make_run: Callable[..., Run]) -> Clustering:
    """A finished run on the digits at its last epoch."""
    run = make_run()
    return cache.clustering(run.record(), *run.snapshots()[-1])


def test_whole_clusters_classes_and_cells_are_named_by_a_rule(clustering: Clustering) -> None:
    assert clustering.y_true is not None
    cluster, label = clustering.y_pred == 3, clustering.y_true == 9
    assert codec.encode(clustering, np.flatnonzero(cluster), "x") == "cluster:4"
    assert codec.encode(clustering, np.flatnonzero(label), "x") == "class:9"
    both = np.flatnonzero((clustering.y_pred == 2) & label)
    assert len(both) > 1 and codec.encode(clustering, both, "x") == "cell:9-3"
    for text, rows in (("cluster:4", np.flatnonzero(cluster)), ("class:9", np.flatnonzero(label)), ("cell:9-3", both)):
        found = codec.decode(clustering, text)
        assert found is not None
        np.testing.assert_array_equal(found.rows, rows)
    assert found.title == f"Class 9 in cluster {clustering.cluster_name(2)}"


@pytest.mark.parametrize("count", [1, 2, 40, 900])
def test_other_samples_come_back_as_they_were_under_their_title(clustering: Clustering, count: int) -> None:
    rows = np.sort(np.random.default_rng(count).choice(len(clustering.ids), count, replace=False))
    text = codec.encode(clustering, rows, "A: lasso, ümlaut & more")
    assert text.startswith("ids:" if count <= 40 else ("ids:", "file:"))
    assert len(text) < codec.LONGEST + 100
    found = codec.decode(clustering, text)
    assert found is not None and found.title == "A: lasso, ümlaut & more"
    np.testing.assert_array_equal(found.rows, rows)


def test_many_samples_go_to_a_file_named_by_its_content(
    clustering: Clustering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codec, "LONGEST", 20)
    rows = np.arange(0, 1700, 7)
    text = codec.encode(clustering, rows, "lasso")
    assert text.startswith("file:") and len(text) < 50
    assert codec.encode(clustering, rows, "lasso") == text
    found = codec.decode(clustering, text)
    assert found is not None
    np.testing.assert_array_equal(found.rows, rows)


@pytest.mark.parametrize("last", [99_999, 3_000_000])
def test_very_many_ids_are_kept_a_bit_each_and_come_back(last: int) -> None:
    ids = np.append(np.random.default_rng(0).permutation(90_000)[:30_000], last)
    packed = codec._pack(ids)
    assert packed.startswith(codec._BITS) == (last < codec.MOST_IDS)
    found = codec._unpack(packed)
    assert found is not None
    np.testing.assert_array_equal(found, np.sort(ids))
    assert codec._unpack(packed[:40]) is None, "cut off"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cluster:0",
        "cluster:11",
        "cluster:x",
        "class:10",
        "class:1-2",
        "cell:3",
        "cell:3-11",
        "cell:99-1",
        "ids:",
        "ids:AAAA:x",
        "ids:!!:x",
        "file:../../etc/passwd:x",
        "file:0123456789abcdef01234567:x",
        "more",
    ],
)
def test_a_text_that_says_nothing_selects_nothing(clustering: Clustering, text: str) -> None:
    assert codec.decode(clustering, text) is None


def test_the_surest_samples_are_those_of_a_stable_sort(clustering: Clustering) -> None:
    random = np.random.default_rng(0)
    rows = np.sort(random.choice(len(clustering.ids), 700, replace=False))
    confidence = random.integers(0, 12, len(clustering.ids)) / 12  # many are equal
    confidence[rows[::50]] = np.nan
    given = Clustering(**{**clustering.__dict__, "confidence": confidence})
    ordered = rows[np.argsort(-np.nan_to_num(confidence[rows], nan=-1), kind="stable")]
    for most in (0, 1, 120, 699, 700, 900):
        np.testing.assert_array_equal(samples.surest(given, rows, most), ordered[:most])


def test_places_are_taken_once_and_in_order() -> None:
    np.testing.assert_array_equal(session.each_once(np.array([4, 1, 4, 0]), 6), [0, 1, 4])
    assert len(session.each_once(np.array([]), 6)) == 0


def test_a_rule_speaks_of_the_runs_own_assignment_not_of_one_views(make_run: Callable[..., Run]) -> None:
    run = make_run()
    clustering = cache.clustering(run.record(), *run.snapshots()[-1])
    moved = Clustering(
        **{**clustering.__dict__, "y_pred": (clustering.y_pred + 1) % 10}
    )  # as another assignment would have it
    rows = np.flatnonzero(moved.y_pred == 3)
    found = codec.decode(moved, codec.encode(moved, rows, "Cluster 4"))
    assert found is not None
    np.testing.assert_array_equal(found.rows, rows)


def test_the_table_names_every_sample_with_its_cluster_and_class(clustering: Clustering) -> None:
    lines = samples.table(clustering, np.array([5, 1700])).splitlines()
    assert clustering.y_true is not None
    assert lines[0] == "id,cluster,cluster_name,probability,class"
    assert lines[1].startswith(f"5,{clustering.y_pred[5] + 1},{clustering.cluster_name(int(clustering.y_pred[5]))},0.")
    assert lines[2].endswith(f",{clustering.y_true[1700]}") and len(lines) == 3


def _page() -> None:
    import numpy as np
    import streamlit as st

    from mmclust.ui.components import selection
    from mmclust.ui.shell import cache

    record = next(r for r in cache.store().list() if r.run_id == st.session_state["shown"])
    run = cache.store().get(record.run_id)
    clustering = cache.clustering(record, *run.snapshots()[-1])
    found = selection.bar(clustering)
    st.write("rows", 0 if found is None else len(found.rows))
    if st.button("odd ones", key="odd"):
        selection.select(clustering, np.arange(1, 100, 2), "Odd ones")
        st.rerun()


def test_the_bar_shows_selects_and_clears(make_run: Callable[..., Run]) -> None:
    run = make_run()
    app = AppTest.from_function(_page, default_timeout=30)
    app.session_state["shown"] = run.id
    app.run()
    assert app.markdown[-1].value == "rows `0`" and len(app.button) == 1
    app.button(key="odd").click().run()
    assert app.markdown[0].value == "**Odd ones** :gray[50 images]"
    assert app.query_params["sel"].startswith("ids:")
    app.button(key="selection-clear").click().run()
    assert app.markdown[-1].value == "rows `0`" and "sel" not in app.query_params


def test_another_run_keeps_samples_but_not_the_numbers_of_clusters(make_run: Callable[..., Run]) -> None:
    first, second = make_run(), make_run(seed=1)
    app = AppTest.from_function(_page, default_timeout=30)
    app.session_state["shown"] = first.id
    app.query_params["sel"] = "class:7"
    app.run()
    assert app.markdown[0].value.startswith("**Class 7**")
    app.session_state["shown"] = second.id
    app.run()
    assert app.markdown[0].value.startswith("**Class 7**") and app.query_params["sel"] == "class:7"
    app.query_params["sel"] = "cluster:2"
    app.run()
    assert app.markdown[0].value.startswith("**Cluster 2")
    app.session_state["shown"] = first.id
    app.run()
    assert app.markdown[0].value == "rows `0`" and "sel" not in app.query_params


def test_a_link_with_an_unknown_selection_shows_the_page_without_it(make_run: Callable[..., Run]) -> None:
    app = AppTest.from_function(_page, default_timeout=30)
    app.session_state["shown"] = make_run().id
    app.query_params["sel"] = "cluster:77"
    app.run()
    assert app.markdown[0].value == "rows `0`" and "sel" not in app.query_params
    assert app.toast and not app.exception
