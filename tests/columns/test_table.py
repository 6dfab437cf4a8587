"""The table of a run: which columns there are, of which kind, and what they hold."""

from dataclasses import replace

import numpy as np
import pytest
from columns.of_letters import N, clustering, data, snapshot

from mmclust.analysis.projection_quality import ProjectionQuality
from mmclust.columns import of_run, saving, table
from mmclust.columns.column import Groups, grouped


def test_what_came_with_the_data_and_what_the_run_knows_are_columns() -> None:
    dates = np.array(["2024-01-01"] * N, "datetime64[ms]")
    found = table.of(clustering(data(taken=dates, weight=np.arange(N) / 2, ok=np.arange(N) > 3)))
    kinds = {name: (column.kind, column.source) for name, column in found.columns.items()}
    assert kinds["confidence"] == kinds["margin"] == kinds["entropy"] == ("number", "run")
    assert kinds["cluster"] == kinds["cluster_view_2"] == kinds["correct"] == ("category", "run")
    assert kinds["class"] == kinds["font"] == kinds["part"] == kinds["ok"] == ("category", "data")
    assert kinds["caption"] == ("text", "data") and kinds["size"] == kinds["weight"] == ("number", "data")
    assert kinds["taken"] == ("date", "data") and "last_change" not in kinds


def test_factors_have_their_names_and_classes_theirs() -> None:
    found = table.of(clustering(data()))
    font, label = found.values("font"), found.values("class")
    assert isinstance(font, Groups) and font.texts()[:4].tolist() == ["sans", "serif", "mono", "sans"]
    assert isinstance(label, Groups) and label.texts()[:2].tolist() == ["straße", "字"]


def test_a_column_of_the_data_that_is_called_like_one_of_the_run_gets_another_name() -> None:
    found = table.of(clustering(data(Confidence=np.arange(N, dtype=float))))
    assert found.columns["data_Confidence"].source == "data"
    theirs, ours = found.values("data_Confidence"), found.values("confidence")
    assert isinstance(theirs, np.ndarray) and isinstance(ours, np.ndarray)
    assert theirs[2] == 2.0 and ours.max() <= 1


def test_a_run_whose_data_are_gone_keeps_its_own_columns() -> None:
    found = table.of(clustering(None))
    assert {column.source for column in found.columns.values()} == {"run"} and "confidence" in found.columns
    with pytest.raises(ValueError, match="there is no column 'font'; the columns are sample, cluster"):
        found.values("font")


def test_values_are_worked_out_once() -> None:
    found = table.of(clustering(data()))
    assert found.values("entropy") is found.values("entropy")


def test_the_last_change_is_the_epoch_since_which_a_sample_keeps_its_cluster() -> None:
    last = snapshot(3)
    moved = last.logits.copy()
    moved[0] = np.roll(moved[0], 1)
    steady, changed = replace(last, epoch=1), replace(last, epoch=2, logits=moved)
    found = of_run.last_change(clustering(data(), earlier=(steady, changed)))
    assert found[0] == 3 and (found[1:] == 1).all()


def test_a_snapshot_that_lacks_a_sample_says_nothing_of_it() -> None:
    few = snapshot(1, n=10)
    found = of_run.last_change(clustering(data(), earlier=(replace(few, logits=snapshot(3).logits[:10]),)))
    assert (found[:10] == 1).all() and (found[10:] == 3).all()


def test_seeds_agree_whatever_the_numbers_of_their_clusters() -> None:
    shown, other = clustering(data()), snapshot(3)
    turned = replace(other, logits=np.roll(other.logits, 1, axis=1))
    assert (of_run.agreement_of_seeds(shown, [turned]) == 1).all()
    half = replace(turned, index=np.arange(20), logits=turned.logits[:20])
    agreed = of_run.agreement_of_seeds(shown, [half])
    assert (agreed[:20] == 1).all() and np.isnan(agreed[20:]).all()


def test_margin_is_the_lead_of_the_first_cluster_in_probability() -> None:
    assert of_run.margin(np.log([[0.5, 0.3, 0.2]]))[0] == pytest.approx(0.2)
    assert of_run.margin(np.zeros((2, 1))).tolist() == [1, 1]


def test_distance_is_from_the_mean_of_the_own_cluster() -> None:
    codes = np.array([[0.0, 0.0], [2.0, 0.0], [9.0, 9.0]])
    assert of_run.distance_to_centre(codes, np.array([1, 1, 0])).tolist() == [1, 1, 0]


def test_the_quality_of_a_projection_is_a_column_once_it_is_known() -> None:
    shown = clustering(data())
    quality = ProjectionQuality(
        trustworthiness=1,
        continuity=1,
        trustworthiness_error=0,
        continuity_error=0,
        false_share=1,
        missing_share=0,
        false=np.ones(5),
        missing=np.zeros(5),
        neighbours=2,
        references=5,
    )
    of_run.keep_quality(shown, "t-SNE of Z", quality, np.arange(5))
    values = table.of(shown).values("false_neighbours")
    assert isinstance(values, np.ndarray) and values[:5].tolist() == [1] * 5 and np.isnan(values[5:]).all()


def test_words_are_grouped_by_how_frequent_they_are_and_lists_are_read_out() -> None:
    found = grouped(np.array(["b", "a", "b", "", None, float("nan"), ["x", "y"], 7], object))
    assert found.names[0] == "b" and found.texts().tolist() == ["b", "a", "b", "", "", "", "x, y", "7"]


def test_a_hundred_thousand_words_are_text_and_few_are_categories() -> None:
    assert not grouped(np.array([f"word {i}" for i in range(100_000)], object)).is_category
    assert grouped(np.array(["red", "blue"] * 3, object)).is_category


def test_csv_has_a_line_for_each_sample_in_the_order_that_was_asked_for() -> None:
    dates = np.full(N, "NaT", "datetime64[ms]")
    dates[3] = np.datetime64("2024-05-06")
    found = table.of(clustering(data(taken=dates, formula=np.array(["=1+1"] * N, object))))
    head, first, second = saving.csv(found, np.array([3, 0])).splitlines()
    assert head.startswith("sample,cluster,") and first.startswith("3,") and second.startswith("0,")
    assert "2024-05-06T00:00:00" in first and "'=1+1" in first and "serif" not in first
