import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from markupsafe import escape
from torch import nn

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.methods.base import Method
from mmclust.report.page import write_report
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore


class Small(Method):
    """One convolution with weights of chance: enough to have gradients."""

    def __init__(self, spec):
        super().__init__(None, spec)
        torch.manual_seed(0)
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.head = nn.Linear(4 * 64, spec.n_clusters)

    def logits(self, views):
        return self.head(self.conv(views[0].float()).relu().flatten(1))

    def cam_layer(self, view=0):
        return self.conv


class Columns(Method):
    """One linear layer over the numbers of all views."""

    def __init__(self, spec):
        super().__init__(None, spec)
        torch.manual_seed(0)
        self.head = nn.Linear(sum(int(np.prod(view.shape)) for view in spec.views), spec.n_clusters)

    def logits(self, views):
        return self.head(torch.cat([view.float().flatten(1) for view in views], dim=1))


class Parts(HTMLParser):
    """Ids of sections, images without alt text, and everything a browser would fetch."""

    def __init__(self, text):
        super().__init__()
        self.sections, self.images, self.mute, self.fetched, self.plots = [], 0, 0, [], 0
        self.attributes = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.attributes |= set(values)
        if tag == "section":
            self.sections.append(values["id"])
        if tag == "img":
            self.images += 1
            self.mute += not values.get("alt")
        self.plots += (values.get("class") or "").startswith("plotly-graph-div")
        address = values.get("src") or (values.get("href") if tag == "link" else None)
        if address and not address.startswith("data:"):
            self.fetched.append(address)


def test_the_page_shows_curves_map_images_confusion_and_heat(finished, digits, tmp_path):
    write_report(finished(), digits, Small(digits.spec), tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    parts = Parts(text)
    assert parts.sections == ["curves", "map", "clusters", "confusion", "readout", "explain", "settings"]
    assert parts.plots >= 7
    assert parts.images > 10
    assert parts.mute == 0
    assert "each beside its Grad-CAM" in text
    assert "DCCS on digits" in text
    assert "trained parameters" in text and "12,345" in text and "peak memory" not in text


def test_the_page_needs_no_other_file_and_holds_plotly_once(finished, digits, tmp_path):
    write_report(finished(), digits, None, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert Parts(text).fetched == []
    assert len(re.findall(r"plotly\.js v\d", text)) == 1
    assert [path.name for path in tmp_path.glob("*.html*")] == ["report.html"]


def test_figures_on_the_page_are_those_of_the_snapshot(finished, digits, tmp_path):
    run = finished()
    write_report(run, digits, None, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    moved = (run.snapshot().y_pred != (digits.labels + 1) % 10).sum()
    assert f"<b>{1 - moved / len(digits.labels):.1%}</b><span>ACC" in text


def test_without_weights_the_page_says_so(finished, digits, tmp_path):
    write_report(finished(), digits, None, tmp_path / "report.html")
    assert "The trained weights are not at hand" in (tmp_path / "report.html").read_text()


def test_without_labels_only_what_needs_them_is_left_out(finished, digits, tmp_path):
    bare = replace(digits, labels=None)
    write_report(finished(), bare, Small(digits.spec), tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert Parts(text).sections == ["curves", "map", "clusters", "explain", "settings"]
    assert "least confident" in text


def test_without_the_data_codes_and_curves_are_still_shown(finished, tmp_path):
    write_report(finished(), None, None, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert Parts(text).sections == ["curves", "map", "clusters", "settings"]
    assert "There are no samples to show" in text


def test_vector_data_are_shown_as_profiles_and_their_columns_explained(finished, digits, tmp_path):
    spec = DataSpec(name="v", views=(ViewSpec(name="v", kind="vector", shape=(5,)),), n_clusters=10)
    values = np.random.default_rng(0).random((digits.n_samples, 5)).astype(np.float32)
    vectors = MultiViewDataset(spec=spec, views=(values,), labels=digits.labels)
    write_report(finished(), vectors, Columns(spec), tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    parts = Parts(text)
    assert (parts.images, parts.mute) == (20, 0)
    assert "explain" in parts.sections
    assert "What each column adds to cluster 4" in text
    assert "Grad-CAM" not in text


def test_a_run_of_several_views_shows_how_they_agree(two_views, tmp_path):
    run, data = two_views()
    method = Columns(data.spec)
    write_report(run, data, method, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    parts = Parts(text)
    assert parts.sections == ["curves", "map", "clusters", "confusion", "views", "readout", "explain", "settings"]
    assert parts.mute == 0
    assert "<b>Swapped</b>: clusters 2 and 3 have changed places between view 1 (pixels) and view 2 (strokes)." in text
    assert "The 10 most confident samples of cluster 1, strokes" in text
    assert "Curves of the weight of each view over the epochs" in text
    assert "Heat map: clusters against over-clusters" in text
    assert "each beside its Attribution" in text and "What each column adds to cluster 1" in text


NASTY = """<script>alert(1)</script><img src=x onerror=alert(2)>"'&amp;</section>"""


def named_by_users(digits):
    """The digits with hostile names of the data set, its view, its classes and a factor."""
    view = replace(digits.spec.views[0], name=NASTY)
    spec = replace(digits.spec, name=NASTY, views=(view,), classes=tuple(f"{NASTY}{i}" for i in range(10)))
    return replace(digits, spec=spec, factors={NASTY: np.arange(digits.n_samples, dtype=float)})


def test_text_of_users_is_shown_as_text(finished, digits, tmp_path):
    run = finished(dataset=f"/home/{NASTY}.npz", config={NASTY: NASTY}, title=NASTY)
    run.write_note(NASTY)
    run.name_clusters({0: NASTY})
    method = Small(digits.spec)
    write_report(run, named_by_users(digits), method, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert_harmless(text)
    assert f"<h1>{escape(NASTY)}</h1>" in text and f"<p>{escape(NASTY)}</p>" in text
    assert f"<b>{escape(NASTY)}</b>" in text, "the name of a cluster"
    assert f"class {escape(NASTY)}" in text, "the name of a class"
    assert f"<th>{escape(NASTY)} (R²)</th>" in text, "the name of a factor"
    assert f"<td>{escape(NASTY)}</td><td>{escape(NASTY)}</td>" in text, "a setting"


def test_names_of_views_are_shown_as_text(two_views, tmp_path):
    run, data = two_views()
    views = tuple(replace(view, name=f"{NASTY}{i}") for i, view in enumerate(data.spec.views))
    data = replace(data, spec=replace(data.spec, views=views))
    write_report(run, data, Columns(data.spec), tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert_harmless(text)
    assert f"<h3>{escape(NASTY)}0</h3>" in text and f"<td>view 1 ({escape(NASTY)}0)</td>" in text


def assert_harmless(text):
    """No text of a user has become a tag: the page has its own scripts, its own images and nothing else."""
    assert NASTY not in text and "<script>alert" not in text
    parts = Parts(text)
    assert parts.fetched == [] and parts.attributes.isdisjoint({"onerror", "onload", "onclick"})


def test_a_run_without_a_snapshot_is_refused_in_one_sentence(tmp_path):
    run = RunStore().create(RunSpec(dataset="digits", method="dccs", config={}, epochs=1))
    with pytest.raises(ValueError, match="no snapshot yet"):
        write_report(run, None, None, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_probes_read_classes_and_known_factors_off_every_space(finished, digits, tmp_path):
    factors = {"tilt": digits.views[0].reshape(len(digits.views[0]), -1).mean(axis=1)}
    text = _written(finished(), replace(digits, factors=factors), tmp_path)
    row = text[text.index("k-means on <i>z</i>") :].split("</tr>")[0]
    assert len(re.findall(r"\d+\.\d% ± \d+\.\d%", row)) == 2
    assert "probe of the class" in text and ">tilt (R²)<" in text
    assert "fraction of their variance" in text
    assert "fraction of their variance" not in _written(finished(), digits, tmp_path)


def _written(run, dataset, folder):
    write_report(run, dataset, None, folder / "report.html")
    return (folder / "report.html").read_text()


def test_what_earned_the_result_comes_first_where_it_is_known(finished, digits, tmp_path):
    run = finished()
    verdict = {"word": "worse than a simple method", "reasons": ["<k-means> has evidence 0.90."]}
    simple = [{"name": "UMAP <b>", "evidence": 0.9, "metrics": {"acc": 0.71, "nmi": 0.6, "ari": 0.5}}]
    document = {"kind": "images", "n_samples": 96, "simple": simple, "verdict": verdict, "evidence": 0.4, "chance": 0.1}
    (run.folder / "beside.json").write_text(json.dumps(document))
    write_report(run, digits, None, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert Parts(text).sections[0] == "earned"
    assert "Worse than a simple method" in text and "clusterings of shuffled views" in text
    assert "UMAP &lt;b&gt;" in text and "71.0%" in text and "UMAP <b>" not in text
