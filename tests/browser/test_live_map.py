"""The small map on the Train page while a training runs: it moves, and nothing else does."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 600_000
EPOCHS = 120


def state(map_: Locator) -> dict:
    """What the map shows now."""
    return map_.evaluate(
        """root => {
          const {file, moment, xy} = root.map;
          const cluster = file.colorings.find(coloring => coloring.key === 'cluster');
          return {epochs: file.frames.map(frame => frame.epoch), epoch: moment.epoch, colors: cluster.colors,
                  ids: [...file.arrays.ids], box: root.getBoundingClientRect().toJSON(), xy: [...xy.subarray(0, 200)]};
        }"""
    )


def test_a_new_snapshot_moves_the_points_and_nothing_else(page: Page, server: str) -> None:
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url) if "/files/" in request.url else None)
    page.goto(f"{server}/train?dataset=digits&method=dccs&preset=paper&epochs={EPOCHS}")
    page.get_by_role("button", name="Start training").click()
    map_ = page.locator(".st-key-live-map .pm")
    expect(map_.locator("[data-pm=colors] button").first).to_be_visible(timeout=PATIENCE_MS)
    map_.evaluate("root => { root.marked = true; root.map.marked = true; }")
    box = map_.bounding_box()
    seen = [state(map_)]
    while seen[-1]["epoch"] < EPOCHS:
        page.wait_for_timeout(200)
        now = state(map_)
        assert map_.evaluate("root => root.marked && root.map.marked"), "the map was made anew"
        assert map_.bounding_box() == box, "the layout jumped"
        if now["epoch"] != seen[-1]["epoch"]:
            seen.append(now)
    assert len(seen) > 1, "no new snapshot came while the map was watched"
    assert all(now["ids"] == seen[0]["ids"] for now in seen), "other samples were shown"
    training = [now for now in seen if now["epochs"][-1] < EPOCHS]
    assert all(now["colors"] == seen[0]["colors"] for now in training), "a cluster changed its colour while it trained"
    assert seen[-1]["xy"] != seen[0]["xy"]
    assert seen[-1]["epochs"][: len(seen[-2]["epochs"])] == seen[-2]["epochs"], "frames stay where they are"

    expect(page.get_by_text("finished").first).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_timeout(1500)
    now = state(map_)
    assert len(set(fetched)) == len(fetched) <= len(now["epochs"]) + 1, "the same file was fetched again"
    map_.locator("[data-pm=scrub]").fill("0")
    expect(map_.locator("[data-pm=epoch]")).to_have_text("epoch 0")
    map_.get_by_role("button", name="cluster", exact=True).click()
    expect(map_.get_by_role("button", name="cluster", exact=True)).to_have_attribute("aria-pressed", "true")
    canvas = map_.locator("canvas[data-pm=over]")
    canvas.hover(position=dict(zip("xy", point(map_), strict=True)))  # type: ignore[arg-type]
    expect(map_.locator("[data-pm=card]")).to_have_text(re.compile(r"sample\d+cluster"))
    canvas.drag_to(canvas, source_position={"x": 5, "y": 5}, target_position={"x": 200, "y": 120})
    assert map_.evaluate("root => root.map.count") == 0, "a small map selects nothing"


def point(map_: Locator) -> list[float]:
    """Where the first point stands on the canvas."""
    return map_.evaluate("root => root.map.toScreen(root.map.xy[0], root.map.xy[1])")
