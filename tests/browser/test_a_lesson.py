"""The lesson a teacher gives: start, change beta while it trains, see the curve bend, fork, compare, save figures."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from mmclust import events
from mmclust.runs.store import RunStore
from tests.browser.conftest import go_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 300_000
ENDLESS = 5000
"""Epochs: nothing of the lesson depends on how fast this machine trains, as every run is stopped by hand."""


def settle(page: Page) -> None:
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached(timeout=PATIENCE_MS)


def run_id(page: Page, other_than: str = "") -> str:
    """Of the run that the address names, once it names another than a known one."""
    named = "other => { const id = new URL(location).searchParams.get('run'); return id && id !== other ? id : null; }"
    return page.wait_for_function(named, arg=other_than, timeout=PATIENCE_MS).json_value()


def stage(page: Page) -> Locator:
    shown = page.locator(".st-key-live-stage .sg")
    expect(shown).to_be_visible(timeout=PATIENCE_MS)
    expect(shown.locator("[data-sg=note]")).to_be_hidden(timeout=PATIENCE_MS)
    return shown


def wait_until(page: Page, shown: Locator, condition: str, argument: Any = None) -> None:
    """Wait until something is true of the stage, a function of `stage` and the argument."""
    test = f"([root, argument]) => ({condition})(root.stage, argument)"
    page.wait_for_function(test, arg=[shown.element_handle(timeout=PATIENCE_MS), argument], timeout=PATIENCE_MS)


def slide(page: Page, slider: Locator, key: str) -> None:
    expect(slider).to_be_visible(timeout=PATIENCE_MS)
    slider.focus()
    page.keyboard.press(key)


def stop(page: Page) -> None:
    page.locator(".st-key-run-stop button").first.click(timeout=PATIENCE_MS)
    expect(page.locator(".st-key-run-resume button").first).to_be_visible(timeout=PATIENCE_MS)


def changed_while_it_trains(page: Page) -> tuple[str, float]:
    """The run and the epoch of the change; it trains on."""
    shown = stage(page)
    first = run_id(page)
    page.get_by_text("Change while it trains").click()
    slide(page, page.locator(f".st-key-hands-{first}-beta_aug").get_by_role("slider"), "End")
    expect(page.get_by_text(re.compile(r"beta_aug = .* from the next step on")).first).to_be_visible(
        timeout=PATIENCE_MS
    )
    wait_until(page, shown, "stage => stage.data.marks.some(mark => mark.kind === 'intervention')")
    expect(shown.locator("[data-sg=marks] button").first).to_be_attached()
    return first, shown.evaluate("root => root.stage.data.marks.find(mark => mark.kind === 'intervention').epoch")


def saved(page: Page, kind: str) -> Path:
    """A file of the page's figure menu, by what it is called when it arrives."""
    page.get_by_role("button", name="Save").first.click()
    with page.expect_download(timeout=PATIENCE_MS) as told:
        page.get_by_role("button", name=kind, exact=True).click(timeout=PATIENCE_MS)
    path = told.value.path()
    assert told.value.suggested_filename.endswith(f".{kind.lower()}")
    page.keyboard.press("Escape")
    return path


def test_beta_is_changed_while_it_trains_a_twin_parts_from_it_and_three_figures_are_saved(
    page: Page, server: str
) -> None:
    address = f"{server}/train?dataset=digits&method=dccs&preset=paper&epochs={ENDLESS}&limit=128"
    page.goto(address)
    page.get_by_role("button", name="Start training").click(timeout=PATIENCE_MS)
    first, epoch = changed_while_it_trains(page)
    bends = "(stage, epoch) => stage.data.curves.some(one => one.name === 'loss/aug' && one.epoch.at(-1) > epoch + 1)"
    wait_until(page, stage(page), bends, epoch)
    stop(page)

    page.get_by_text("Fork from here").click()
    slide(page, page.locator(f"[class*='st-key-fork-value-{first}']").get_by_role("slider"), "Home")
    page.locator(".st-key-fork-start button").click(timeout=PATIENCE_MS)
    expect(page.get_by_text(re.compile("Forked from")).first).to_be_visible(timeout=PATIENCE_MS)
    twin = run_id(page, other_than=first)
    wait_until(page, stage(page), "(stage, epoch) => stage.data.now > epoch + 1", epoch)
    stop(page)
    told = [event.words for event in events.of_spec(RunStore().get(twin).spec)]
    assert len(told) == 3 and told[-1] == f"Forked from {first}", "the change before the fork, and that of the fork"

    page.locator(".st-key-fork-maps button").click(timeout=PATIENCE_MS)
    maps = page.locator(".pm")
    expect(maps).to_have_count(2, timeout=PATIENCE_MS)
    for map_ in maps.element_handles():
        page.wait_for_function("(root) => root.map?.n === 128", arg=map_, timeout=PATIENCE_MS)

    for name, kind, begins in (
        ("Map", "SVG", b"<?xml"),
        ("Confusion", "PDF", b"%PDF"),
        ("Clusters", "PNG", b"\x89PNG"),
    ):
        go_to(page, name)
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible(timeout=PATIENCE_MS)
        settle(page)
        assert saved(page, kind).read_bytes().startswith(begins)
