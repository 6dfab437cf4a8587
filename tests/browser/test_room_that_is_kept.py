"""Room is kept for what comes later, so that pages do not jump; controls of a bar stand in one line."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from mmclust.runs.run import Run

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 300_000
NARROW, TWICE_AS_LARGE = 390, 720
"""Widths in pixels: of a phone, and of a screen of 1440 pixels at 200 %."""
ROOMS = (
    ("", NARROW, "mm-hero-room"),
    ("", TWICE_AS_LARGE, "mm-hero-room"),
    ("train", NARROW, "mm-heading"),
    ("confusion", NARROW, "mm-run-line"),
    ("confusion", NARROW, "mm-confusion-bar"),
    ("clusters", NARROW, "mm-clusters-bar"),
    ("map", NARROW, "mm-map-bar"),
    ("map", TWICE_AS_LARGE, "mm-map-bar"),
    ("map", TWICE_AS_LARGE, "mm-map-room"),
)
"""Page, width and the part whose growth moves everything below it."""
MOST_GROWTH_PX = 8
GROWTH = "room => room.getBoundingClientRect().height - parseFloat(getComputedStyle(room).minHeight)"
STILL = "() => document.querySelectorAll('[data-testid=stSkeleton]').length === 0"
LABELS = """bar => [...bar.querySelectorAll('[data-testid=stWidgetLabel]')]
  .filter(label => label.offsetHeight && !label.closest('[data-testid=stCheckbox]'))
  .map(label => label.getBoundingClientRect().top)"""


def settle(page: Page) -> None:
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached(timeout=PATIENCE_MS)
    page.wait_for_function(STILL, timeout=PATIENCE_MS)


def test_parts_that_come_later_fit_into_the_room_kept_for_them(page: Page, server: str) -> None:
    grown = {}
    for path, width, key in ROOMS:
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(f"{server}/{path}")
        expect(page.locator("h1").first).to_be_visible(timeout=PATIENCE_MS)
        settle(page)
        grown[path, width] = page.locator(f".st-key-{key}").evaluate(GROWTH)
    assert max(grown.values()) < MOST_GROWTH_PX, grown


@pytest.mark.parametrize("name", ["clusters", "confusion", "map"])
def test_labels_of_a_bar_stand_in_one_line(page: Page, server: str, name: str) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{server}/{name}")
    bar = page.locator(f".st-key-mm-{name}-bar")
    expect(bar).to_be_visible(timeout=PATIENCE_MS)
    settle(page)
    tops = bar.evaluate(LABELS)
    assert len(tops) > 1
    assert max(tops) - min(tops) < 1, tops


@pytest.fixture
def of_two_views(finished_run: Callable[..., Run]) -> Run:
    return finished_run("dmim", "digits-2view", preset="paper", epochs=2, limit=100)


def test_figures_of_single_views_lie_on_a_screen_at_200_percent(page: Page, of_two_views: Run, server: str) -> None:
    page.set_viewport_size({"width": TWICE_AS_LARGE, "height": 844})
    page.goto(f"{server}/views?run={of_two_views.id}")
    figures = page.locator(".mm-figures").first
    expect(figures).to_be_visible(timeout=PATIENCE_MS)
    settle(page)
    box = figures.bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= TWICE_AS_LARGE, box
