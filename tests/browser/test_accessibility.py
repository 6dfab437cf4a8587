"""Every page as assistive technology meets it: axe-core finds nothing to object to, light and dark."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from mmclust.runs.run import Run

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 300_000
OF_COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
"""The rules that the other theme may break; all others are of what is on the page."""
THEMES = {"light": {}, "dark": OF_COLOURS}
PAGES = ("", "data", "train", "learn", "map", "map?mode=stage", "clusters", "explain", "views", "disentangle")
PAGES += ("confusion", "compare", "sensitivity")
OF_SEVERAL_VIEWS = ("train", "clusters", "views", "explain", "disentangle")
"""Pages that show a run of several views otherwise than one of images."""
STILL = """() => document.querySelectorAll('[data-testid=stSkeleton]').length === 0
  && [...document.querySelectorAll('[data-testid=stProgress]')].every(one => !one.innerText.includes('…'))
  && document.getAnimations().every(one => one.playState !== 'running')"""
"""Nothing is awaited or worked out, and no colour is on its way from one theme to the other."""

GROUND = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
OTHER_GROUND = f"before => {GROUND} !== before"


def settle(page: Page) -> None:
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached(timeout=PATIENCE_MS)
    page.wait_for_function(STILL, timeout=PATIENCE_MS)


def found_by_axe(page: Page, **options: Any) -> list[str]:
    """A line for each part of the page that breaks a rule of axe-core."""
    told: dict[str, Any] = Axe().run(page, options={"resultTypes": ["violations"], **options}).response
    return [
        f"{page.url}: {rule['id']}, {node['html'][:160]}: {node['failureSummary']}"
        for rule in told["violations"]
        for node in rule["nodes"]
    ]


@pytest.fixture
def of_two_views(finished_run: Callable[..., Run]) -> Run:
    return finished_run("dmim", "digits-2view", preset="paper", epochs=2, limit=100)


def test_no_page_breaks_a_rule_in_either_theme(page: Page, of_two_views: Run, server: str) -> None:
    wrong: list[str] = []
    page.emulate_media(reduced_motion="reduce")
    for path in (*PAGES, *(f"{name}?run={of_two_views.id}" for name in OF_SEVERAL_VIEWS)):
        page.emulate_media(color_scheme="light")
        page.goto(f"{server}/{path}")
        expect(page.locator("h1").first).to_be_visible(timeout=PATIENCE_MS)
        ground = ""
        for theme, options in THEMES.items():
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            page.wait_for_function(OTHER_GROUND, arg=ground, timeout=PATIENCE_MS)  # the page takes a theme when it can
            settle(page)
            ground = page.evaluate(GROUND)
            wrong += found_by_axe(page, **options)
    assert not wrong, "\n".join(wrong)
