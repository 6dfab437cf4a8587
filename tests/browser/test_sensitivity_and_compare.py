"""A sweep from its form to its curve, and its runs side by side: what a user clicks."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 180_000
expect.set_options(timeout=60_000)


def settle(page: Page) -> None:
    """Wait until the page's script has ended."""
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible(timeout=60_000)


def write(page: Page, label: str, text: str) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(text)
    field.press("Enter")
    settle(page)


def press(page: Page, name: str, text: str) -> None:
    """Press a choice of a row of buttons."""
    page.get_by_role("radiogroup", name=name).get_by_text(text, exact=True).click()
    settle(page)


def trained_sweep(page: Page, server: str) -> None:
    """Plan a sweep of two values and two seeds by hand, start it and wait for its curve."""
    page.goto(f"{server}/sensitivity")
    page.get_by_role("button", name="Plan a sweep").click()
    expect(page.get_by_label("Values", exact=True)).to_be_visible()
    settle(page)
    page.get_by_role("combobox", name="Preset").click()
    page.get_by_role("option", name="Paper", exact=True).click()
    settle(page)
    write(page, "Epochs (0: preset)", "2")
    write(page, "Samples (0: all)", "300")
    write(page, "Values", "0, 2")
    write(page, "Seeds", "0-1")
    expect(page.get_by_text("4 runs", exact=True).first).to_be_visible()
    expect(page.get_by_text(re.compile(r"Estimated time on this machine: .*")).first).to_be_visible(timeout=PATIENCE_MS)
    settle(page)
    page.get_by_role("button", name="Start the sweep").click()
    expect(page.get_by_text("4 of 4 runs finished").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    settle(page)


def walked(page: Page) -> str:
    return page.locator(".mm-walk img").first.get_attribute("src") or ""


def test_a_sweep_is_planned_started_walked_over_and_chosen_from(page: Page, server: str) -> None:
    trained_sweep(page, server)
    expect(page.locator(".mm-walk .mm-cells")).to_be_visible()
    first = walked(page)
    page.locator('[data-testid="stSlider"] input[type="range"]').first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".mm-walk img").first).not_to_have_attribute("src", first)
    second = walked(page)
    press(page, "Seed", "1")
    expect(page.locator(".mm-walk img").first).not_to_have_attribute("src", second)

    press(page, "Show", "Without labels")
    expect(page.get_by_text("Lower is considered better.", exact=False).first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    expect(page).to_have_url(re.compile("show=choosing"))
    press(page, "Select among", "all runs")
    expect(page).to_have_url(re.compile("among=all"))

    press(page, "Show", "Results")
    page.get_by_role("button", name="Extend").click()
    expect(page.get_by_label("Values", exact=True)).to_have_value("0, 2")
    write(page, "Values", "0, 2, 4")
    expect(page.get_by_text("6 runs", exact=True).first).to_be_visible()
    expect(page.get_by_text("4 of them are already finished", exact=False).first).to_be_visible(timeout=PATIENCE_MS)

    compare(page, server)


def compare(page: Page, server: str) -> None:
    """The runs of the sweep side by side."""
    page.goto(f"{server}/compare")
    expect(page.get_by_role("combobox", name="Curve")).to_be_visible()
    settle(page)
    press(page, "Show", "Maps")
    maps = page.locator("canvas[data-pm=over]")
    expect(maps).to_have_count(3, timeout=PATIENCE_MS)
    settle(page)
    drag(page, maps.nth(1))
    strip = page.locator(".st-key-mm-selection")
    expect(strip).to_contain_text("Selected on the maps")
    expect(page).to_have_url(re.compile("sel="))

    press(page, "Show", "Flows")
    bar = page.locator('[data-click^="flow:"]').first
    expect(bar).to_be_visible()
    bar.click(force=True)  # another flow, or a cluster's bar, may lie over its middle
    expect(strip).to_contain_text(re.compile("From .* to |Cluster "))

    press(page, "Show", "Agreement")
    expect(page.get_by_text("Matched clusters", exact=False).first).to_be_visible()
    press(page, "Show", "Seeds")
    expect(page.get_by_text("ARI between seeds").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("Most unstable images", exact=False).first).to_be_visible()
    press(page, "Show", "Leaderboard")
    expect(page.get_by_text("Our results are from the last epoch", exact=False).first).to_be_visible()


def drag(page: Page, points: Locator) -> None:
    """Draw a lasso around the middle of a map."""
    points.scroll_into_view_if_needed()
    box = points.bounding_box()
    assert box is not None
    corners = [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9), (0.1, 0.12)]
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()
