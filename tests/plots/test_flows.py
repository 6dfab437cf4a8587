import re
from xml.etree import ElementTree

import numpy as np
import pytest

from mmclust.plots import flows
from mmclust.plots.flows import Stage

TABLE = np.array([[30, 10], [0, 20], [0, 0]])


def stage(title: str, sizes: list[int], order: list[int]) -> Stage:
    names = [f"{title}{i} <&>" for i in range(len(sizes))]
    return Stage(
        title=title, names=names, colors=["#112233"] * len(sizes), sizes=np.array(sizes), order=np.array(order)
    )


@pytest.fixture
def drawing() -> flows.Drawing:
    return flows.flows([stage("a", [40, 20, 0], [1, 0, 2]), stage("b", [30, 30], [0, 1])], [TABLE], alt="a to b")


def parts(drawing: flows.Drawing, kind: str) -> dict[str, ElementTree.Element]:
    root = ElementTree.fromstring(drawing.svg)
    found = [part for part in root.iter() if part.tag == kind and "data-click" in part.attrib]
    return {part.attrib["data-click"]: part for part in found}


def test_every_flow_can_be_clicked_walked_to_and_read(drawing: flows.Drawing) -> None:
    ribbons = parts(drawing, "path")
    assert list(ribbons) == ["flow:0:0:0", "flow:0:1:1", "flow:0:0:1"], "the largest first"
    label = ribbons["flow:0:0:1"].attrib["aria-label"]
    assert label == "10 samples from a0 <&> (a) to b1 <&> (b), 25% of them"
    assert {part.attrib["role"] for part in ribbons.values()} == {"button"}
    assert 'data-walk="flows"' in drawing.svg and 'aria-label="a to b"' in drawing.svg


def test_bars_are_as_high_as_their_groups_are_large_and_empty_ones_are_not_drawn(drawing: flows.Drawing) -> None:
    bars = parts(drawing, "rect")
    assert set(bars) == {"group:0:0", "group:0:1", "group:1:0", "group:1:1"}
    heights = {name: float(bar.attrib["height"]) for name, bar in bars.items()}
    assert heights["group:0:0"] == pytest.approx(2 * heights["group:0:1"], rel=0.01)
    tops = {name: float(bar.attrib["y"]) for name, bar in bars.items()}
    assert tops["group:0:1"] < tops["group:0:0"], "bars stand in the order that was asked for"


def test_ribbons_fill_their_bars_without_overlap(drawing: flows.Drawing) -> None:
    bar = parts(drawing, "rect")["group:1:1"]
    top, height = float(bar.attrib["y"]), float(bar.attrib["height"])
    ends = []
    for name in ("flow:0:0:1", "flow:0:1:1"):
        path = parts(drawing, "path")[name].attrib["d"]
        found = re.search(r" ([\d.]+)v([\d.]+)C", path)
        assert found is not None
        ends.append((float(found[1]), float(found[1]) + float(found[2])))
    ends.sort()
    assert ends[0][0] == pytest.approx(top, abs=0.2)
    assert ends[0][1] == pytest.approx(ends[1][0], abs=0.2)
    assert ends[1][1] == pytest.approx(top + height, abs=0.2)


def test_flows_too_thin_to_be_seen_are_counted_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "LEAST", 2)
    table = np.array([[100_000, 3], [0, 50_000]])
    left, right = stage("a", [100_003, 50_000], [0, 1]), stage("b", [100_000, 50_003], [0, 1])
    drawing = flows.flows([left, right], [table], alt="thin")
    assert drawing.left_out == 3
    assert set(parts(drawing, "path")) == {"flow:0:0:0", "flow:0:1:1"}


def test_hundreds_of_groups_stay_one_picture() -> None:
    rng = np.random.default_rng(0)
    table = rng.integers(0, 5, (200, 200))
    left = stage("a", table.sum(axis=1).tolist(), list(range(200)))
    right = stage("b", table.sum(axis=0).tolist(), list(range(200)))
    drawing = flows.flows([left, right], [table], alt="many")
    shown = parts(drawing, "path")
    assert flows.LEAST <= len(shown) <= flows.MOST
    kept = sum(int(table[int(a), int(b)]) for _, _, a, b in (name.split(":") for name in shown))
    assert drawing.left_out == table.sum() - kept
    assert max(float(bar.attrib["y"]) + float(bar.attrib["height"]) for bar in parts(drawing, "rect").values()) < 530
