"""Cells, flows and rows are clicked, which selects their samples on all pages; clusters are merged and brought back."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import go_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 120_000
MISTAKEN = 4, 2
"""Row and column of the M that the bundled example takes for an H."""
expect.set_options(timeout=60_000)


def cells(page: Page) -> Locator:
    found = page.locator("canvas[data-cm=cells]")
    expect(found).to_be_visible(timeout=PATIENCE_MS)
    return found


def click_cell(page: Page, row: int, column: int, n: int = 10) -> None:
    """Click a cell of a table of n x n."""
    box = cells(page).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + (column + 0.5) * box["width"] / n, box["y"] + (row + 0.5) * box["height"] / n)


def hidden_count(page: Page, row: int, column: int) -> int:
    """What the table for readers of the screen says of a cell."""
    text = page.locator("table[data-cm=table] tbody tr").nth(row).locator("td").nth(column).text_content()
    return int(text or "")


def selected(page: Page) -> int:
    """How many samples the strip of the selection counts."""
    strip = page.locator(".st-key-mm-selection")
    expect(strip).to_be_visible()
    found = re.search(r"([\d,]+) images?", strip.text_content() or "")
    assert found is not None
    return int(found[1].replace(",", ""))


def n_clusters(page: Page) -> Locator:
    return page.locator(".mm-chips").filter(has_text="clusters")


def test_a_cell_selects_its_images_here_and_on_the_map(page: Page, shared_server: str) -> None:
    page.goto(f"{shared_server}/confusion")
    cells(page)
    n = hidden_count(page, *MISTAKEN)
    click_cell(page, *MISTAKEN)
    expect(page).to_have_url(re.compile("sel=cell"))
    assert selected(page) == n > 0
    expect(page.locator('.mm-grid img[alt*="class M"]')).to_have_count(n)
    page.locator(".st-key-mm-selection").get_by_role("button", name="Show on map").click()
    expect(page.get_by_role("heading", name="Map", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("sel=cell"))


def test_the_table_is_walked_by_keyboard(page: Page, shared_server: str) -> None:
    page.goto(f"{shared_server}/confusion")
    cells(page).focus()
    for key in ("Tab", "Shift+Tab", "ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    live = page.locator("[data-cm=live]")
    expect(live).to_contain_text(re.compile(r"class E, cluster .*: \d+ samples"))
    page.keyboard.press("ArrowLeft")
    n = hidden_count(page, 1, 1)
    expect(live).to_contain_text(f"{n} samples")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("sel=c"))  # the cell is the whole cluster
    assert selected(page) == n


def test_a_flow_selects_the_samples_that_took_it(page: Page, shared_server: str) -> None:
    page.goto(f"{shared_server}/confusion?show=flows")
    flow = page.locator('path[data-click^="flow:"]').nth(2)
    expect(flow).to_be_attached(timeout=PATIENCE_MS)
    label = flow.get_attribute("aria-label") or ""
    n = int(label.split(" ")[0].replace(",", ""))
    flow.dispatch_event("click")
    expect(page).to_have_url(re.compile("sel="))
    assert selected(page) == n
    expect(page.locator("path[aria-pressed=true]")).to_have_count(1)
    # the same flow again by keyboard, from the largest one on
    page.locator(".st-key-mm-selection").get_by_role("button", name="Clear").click()
    expect(page.locator(".st-key-mm-selection")).to_have_count(0)
    page.locator('path[data-click^="flow:"]').first.focus()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(".st-key-mm-selection")).to_be_visible()
    assert selected(page) == n


def test_a_row_selects_its_cluster(page: Page, shared_server: str) -> None:
    page.goto(f"{shared_server}/clusters")
    row = page.locator(".mm-table tbody tr").nth(2)
    expect(row).to_be_visible(timeout=PATIENCE_MS)
    found = re.match(r"([\d,]+) images", row.locator("small").first.text_content() or "")
    assert found is not None
    row.get_by_role("button", name="Select its samples").click()
    expect(page).to_have_url(re.compile(r"sel=cluster%3A3|sel=cluster:3"))
    assert selected(page) == int(found[1].replace(",", ""))


def test_clusters_are_merged_on_every_page_and_brought_back(page: Page, shared_server: str) -> None:
    page.goto(f"{shared_server}/clusters")
    row = page.locator(".mm-table tbody tr").first
    expect(row).to_be_visible(timeout=PATIENCE_MS)
    own = page.locator(".mm-table tbody tr th b").all_text_contents()
    row.get_by_role("button", name="Rename, merge or split").click()
    window = page.get_by_role("dialog")
    window.get_by_text("Merge", exact=True).click()
    expect(window.get_by_text(re.compile(r"ACC, now")).first).to_be_visible()
    window.get_by_role("button", name="Merge 2 clusters").click()
    expect(n_clusters(page)).to_contain_text("9 clusters")
    expect(page).to_have_url(re.compile("annotation="))
    expect(page.locator(".mm-table tbody tr th b").first).to_have_text(re.compile(r"^1\+\d+"))

    go_to(page, "Confusion")
    expect(page.locator("[data-cm=columns] button")).to_have_count(9)
    expect(page.locator("[data-cm=columns]")).to_contain_text("1+")

    go_to(page, "Clusters")
    page.get_by_role("button", name="Undo").click()
    expect(n_clusters(page)).to_contain_text("10 clusters")
    expect(page.locator(".mm-table tbody tr th b")).to_have_text(own)
    page.get_by_role("button", name="Redo").click()
    expect(n_clusters(page)).to_contain_text("9 clusters")
    page.reload()
    expect(n_clusters(page)).to_contain_text("9 clusters", timeout=PATIENCE_MS)


def test_a_cluster_is_split_and_named(page: Page, shared_server: str) -> None:
    page.goto(f"{shared_server}/clusters")
    page.get_by_role("button", name="Edit clusters").click()
    window = page.get_by_role("dialog")
    window.get_by_text("Split", exact=True).click()
    expect(window.locator(".mm-part")).to_have_count(2)
    window.get_by_role("button", name="Split into 2").click()
    expect(n_clusters(page)).to_contain_text("11 clusters")
    page.get_by_role("button", name="Edit clusters").click()
    window.get_by_role("textbox", name="Name").fill("loops <b>")
    window.get_by_role("button", name="Rename").last.click()
    expect(page.locator(".mm-table tbody tr th b").first).to_have_text("loops <b>")
