"""The stage on the Train page while a training runs: it follows the newest epoch, scrubs, and nothing else moves."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 600_000
EPOCHS = 40


def state(stage: Locator) -> dict:
    """What the stage shows now."""
    return stage.evaluate(
        """root => {
          const {moments, moment, map, data, epoch} = root.stage;
          const colors = map.file.colorings.find(({key}) => key === 'cluster').colors;
          return {epochs: moments.map(one => one.epoch), epoch: moment.epoch, at: epoch, colors, live: data.live,
                  title: root.querySelector('[data-sg=epoch]').textContent, of: map.moment.epoch,
                  cursor: root.stage.chart.epoch,
                  sizes: moment.rows.map(row => row.size), sheet: moment.sheet.url, end: root.stage.span[1],
                  shown: root.querySelector('.sg-strip').style.backgroundImage};
        }"""
    )


def agrees(now: dict) -> bool:
    """Whether head, map, curves and pictures are of one epoch."""
    return (
        now["title"] == f"epoch {now['epoch']}"
        and now["of"] == now["epoch"]
        and now["cursor"] == now["at"]
        and now["sheet"] in now["shown"]
    )


def test_the_stage_follows_a_training_and_scrubs_through_it(page: Page, server: str) -> None:
    fetched: list[str] = []

    def received(told: dict[str, Any]) -> None:
        answer = told["response"]
        if "/files/" in answer["url"] and not answer["fromDiskCache"]:  # the page keeps them, and the browser too
            fetched.append(answer["url"])

    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.responseReceived", received)
    page.goto(f"{server}/train?dataset=digits&method=dccs&preset=paper&epochs={EPOCHS}")
    page.get_by_role("button", name="Start training").click()
    stage = page.locator(".st-key-live-stage .sg")
    expect(stage).to_be_visible(timeout=PATIENCE_MS)
    expect(stage.locator("[data-sg=note]")).to_be_hidden(timeout=PATIENCE_MS)
    stage.evaluate("root => { root.marked = root.stage.marked = true; }")
    box = stage.bounding_box()
    seen = [state(stage)]
    assert seen[0]["end"] < EPOCHS / 2, "the axis fits what is there"
    while seen[-1]["live"] and len(seen) < 6:
        page.wait_for_timeout(200)
        now = state(stage)
        assert stage.evaluate("root => root.marked && root.stage.marked"), "the stage was made anew"
        assert stage.bounding_box() == box, "the layout jumped"
        assert agrees(now), now
        if now["epoch"] != seen[-1]["epoch"]:
            seen.append(now)
    assert len(seen) > 1, "no new snapshot came while the stage was watched"
    assert all(now["colors"] == seen[0]["colors"] for now in seen if now["live"]), "a cluster changed its colour"

    expect(page.get_by_text("finished").first).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_timeout(1500)
    assert len(set(fetched)) == len(fetched), "the same file was fetched again"
    last = state(stage)
    assert last["epoch"] == EPOCHS
    stage.focus()
    page.keyboard.press("ArrowLeft")
    before = state(stage)
    assert before["epoch"] == last["epochs"][-2]
    assert agrees(before)
    page.keyboard.press("Home")
    assert state(stage)["epoch"] == 0
    page.keyboard.press("Space")
    page.wait_for_timeout(1500)
    page.keyboard.press("Space")
    assert 0 < state(stage)["at"] < EPOCHS, "it plays, and stops where it is"
    with page.expect_download() as saved:
        page.keyboard.press("s")
    assert saved.value.suggested_filename.endswith(f"-epoch-{state(stage)['epoch']}.png")


def test_in_full_screen_texts_are_large_and_the_map_takes_the_height(page: Page, shared_server: str) -> None:
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(f"{shared_server}/map?mode=stage")
    stage = page.locator(".st-key-stage .sg")
    expect(stage).to_be_visible(timeout=PATIENCE_MS)
    expect(stage.locator("[data-sg=note]")).to_be_hidden(timeout=PATIENCE_MS)
    stage.focus()
    page.keyboard.press("f")
    drawn = """root => root.matches(':fullscreen') && root.stage.map.height > 700
      && root.stage.chart.px === parseFloat(getComputedStyle(root).fontSize)"""
    page.wait_for_function(drawn, arg=stage.element_handle(), timeout=PATIENCE_MS)
    told = stage.evaluate(
        """root => {
          const texts = [...root.querySelectorAll('*')].filter(part => part.getClientRects().length
            && [...part.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()));
          const least = Math.min(...texts.map(part => parseFloat(getComputedStyle(part).fontSize)));
          return {least, labels: root.stage.map.fontPx, curves: root.stage.chart.px, height: root.stage.map.height};
        }"""
    )
    assert min(told["least"], told["labels"], told["curves"]) >= 18, told
    assert told["height"] > 700
