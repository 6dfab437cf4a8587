"""The map under the hands of a user: pointer, keyboard, legend, time and a second map, on the bundled example."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 300_000
WHOLE = [(0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99), (0.01, 0.02)]
LEFT = [(0.01, 0.01), (0.5, 0.01), (0.5, 0.99), (0.01, 0.99), (0.01, 0.02)]
BOTTOM_LEFT = [(0.01, 0.7), (0.5, 0.7), (0.5, 0.99), (0.01, 0.99), (0.01, 0.71)]
expect.set_options(timeout=30_000)


def open_map(page: Page, server: str, query: str = "projection=PCA", maps: int = 1) -> list[Locator]:
    """The maps of the page, complete with the figures below them."""
    page.goto(f"{server}/map?{query}")
    found = page.locator(".pm")
    expect(found).to_have_count(maps, timeout=PATIENCE_MS)
    for i in range(maps):
        expect(found.nth(i).locator("[data-pm=legend] button").first).to_be_visible(timeout=PATIENCE_MS)
    if "time=true" not in query:
        expect(page.locator(".mm-projection-quality")).to_have_count(maps, timeout=PATIENCE_MS)
    return [found.nth(i) for i in range(maps)]


def draw(page: Page, map_: Locator, path: list[tuple[float, float]], *keys: str) -> None:
    """Drag over a map along shares of its width and height, with keys held down."""
    map_.locator("canvas[data-pm=over]").evaluate("canvas => canvas.scrollIntoView({block: 'center'})")
    box = map_.locator("canvas[data-pm=over]").bounding_box()
    assert box is not None
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in path]
    for key in keys:
        page.keyboard.down(key)
    page.mouse.move(*points[0])
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(x, y, steps=10)
    page.mouse.up()
    for key in keys:
        page.keyboard.up(key)


def count(map_: Locator) -> int:
    """How many points are selected."""
    return map_.evaluate("root => root.map.count")


def expect_count(map_: Locator, n: int) -> None:
    """Wait until n points are selected; the server's word reaches the map some time after the page's texts."""
    expect(map_).to_be_visible()
    map_.page.wait_for_function("([root, n]) => root.map.count === n", arg=[map_.element_handle(), n])


def inside(map_: Locator, left: float, top: float, right: float, bottom: float) -> int:
    """How many points lie in a part of the map, counted from the positions themselves."""
    return map_.evaluate(
        """(root, [left, top, right, bottom]) => {
          const map = root.map;
          let found = 0;
          for (let i = 0; i < map.n; i++) {
            const [x, y] = map.toScreen(map.xy[2 * i], map.xy[2 * i + 1]);
            found += x > left * map.width && x < right * map.width && y > top * map.height && y < bottom * map.height;
          }
          return found;
        }""",
        [left, top, right, bottom],
    )


def point_on_screen(map_: Locator, i: int) -> tuple[float, float]:
    box = map_.locator("canvas[data-pm=over]").bounding_box()
    assert box is not None
    x, y = map_.evaluate("(root, i) => root.map.toScreen(root.map.xy[2 * i], root.map.xy[2 * i + 1])", i)
    return box["x"] + x, box["y"] + y


def test_lasso_box_shift_control_and_escape(page: Page, shared_server: str) -> None:
    (map_,) = open_map(page, shared_server)
    expect(page.get_by_text("Nothing selected").first).to_be_visible()
    left, corner = inside(map_, 0.01, 0.01, 0.5, 0.99), inside(map_, 0.01, 0.7, 0.5, 0.99)
    assert 50 < corner < left < 2000
    draw(page, map_, LEFT)
    assert abs(count(map_) - left) <= 25  # pointers move by whole pixels, and clusters are dense
    expect(page.get_by_text(f"{count(map_):,} images of 2,000").first).to_be_visible()
    expect(page.locator(".st-key-map-samples img[alt^='Image ']").nth(50)).to_be_attached()
    expect(page).to_have_url(re.compile("sel=(ids|file)"))

    draw(page, map_, BOTTOM_LEFT, "Control")
    assert abs(count(map_) - (left - corner)) <= 25
    map_.get_by_role("button", name="Box", exact=True).click()
    draw(page, map_, [(0.01, 0.7), (0.5, 0.99)], "Shift")
    assert abs(count(map_) - left) <= 25
    expect(page.get_by_text(f"{count(map_):,} images of 2,000").first).to_be_visible()

    map_.locator("canvas[data-pm=points]").focus()
    page.keyboard.press("Escape")
    expect_count(map_, 0)
    expect(page.get_by_text("Nothing selected").first).to_be_visible()
    expect(page).not_to_have_url(re.compile("sel="))


def test_a_click_selects_one_image_and_a_reload_finds_it_again(page: Page, shared_server: str) -> None:
    (map_,) = open_map(page, shared_server)
    page.mouse.click(*point_on_screen(map_, 17))
    expect(page.get_by_text(re.compile(r"Image \d+ 1 image of 2,000")).first).to_be_visible()
    page.get_by_text("Nearest", exact=True).click()
    expect(page.get_by_text("of these 35 are in the same cluster").first).to_be_visible()
    expect(page).to_have_url(re.compile("sel=ids"))
    page.reload()
    expect(page.get_by_text(re.compile(r"Image \d+ 1 image of 2,000")).first).to_be_visible(timeout=PATIENCE_MS)
    expect(map_.locator("[data-pm=legend] button").first).to_be_visible(timeout=PATIENCE_MS)
    expect_count(map_, 1)


def test_a_clicked_picture_shows_its_nearest_and_marks_them_on_the_map(page: Page, shared_server: str) -> None:
    (map_,) = open_map(page, shared_server, "projection=PCA&sel=cluster:4")
    expect(page.get_by_text(re.compile(r"Cluster 4 · .")).first).to_be_visible()
    page.locator(".st-key-map-samples li").nth(3).click()
    expect(page.get_by_text("of these 35 are in the same cluster").first).to_be_visible()
    page.get_by_role("button", name="Select these 35").click()
    expect(page.get_by_text(re.compile(r"Nearest to image \d+ in z")).first).to_be_visible()
    expect_count(map_, 35)
    page.get_by_role("button", name="Clear").last.click()
    expect(page.get_by_text("Nothing selected").first).to_be_visible()
    expect_count(map_, 0)


def test_the_pointer_and_the_arrow_keys_bring_up_the_card(page: Page, shared_server: str) -> None:
    (map_,) = open_map(page, shared_server)
    page.mouse.move(*point_on_screen(map_, 5))
    card = map_.locator("[data-pm=card]")
    expect(card).to_be_visible()
    for word in ("sample", "cluster", "class", "confidence"):
        expect(card.get_by_text(word, exact=True).first).to_be_visible()
    assert "thumbnails/" in (card.locator(".pm-thumb").get_attribute("style") or "")
    map_.locator("canvas[data-pm=points]").focus()
    page.keyboard.press("ArrowRight")
    first = map_.evaluate("root => [root.map.focus, root.map.xy[2 * root.map.focus]]")
    page.keyboard.press("ArrowRight")
    second = map_.evaluate("root => [root.map.focus, root.map.xy[2 * root.map.focus]]")
    assert first[0] >= 0 and second[0] != first[0] and second[1] > first[1]
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(r"Image \d+ 1 image of 2,000")).first).to_be_visible()


def test_close_up_points_become_pictures(page: Page, shared_server: str) -> None:
    (map_,) = open_map(page, shared_server)
    page.mouse.move(*point_on_screen(map_, 100))
    for _ in range(16):
        page.mouse.wheel(0, -200)
    page.wait_for_timeout(1500)
    assert map_.evaluate("root => root.map.thumbs.length") > 0
    map_.get_by_role("button", name="Reset", exact=True).click()
    assert map_.evaluate("root => root.map.view.zoom") == 1


def test_the_legend_hides_and_isolates_and_is_a_table_for_readers_of_the_screen(page: Page, shared_server: str) -> None:
    (map_,) = open_map(page, shared_server)
    chips = map_.locator("[data-pm=legend] button")
    chips.nth(2).click()
    expect(chips.nth(2)).to_have_attribute("aria-pressed", "false")
    draw(page, map_, WHOLE)
    hidden = int((chips.nth(2).locator("small").inner_text()).split("/")[-1].replace(",", ""))
    assert count(map_) == 2000 - hidden
    chips.nth(4).dblclick()
    expect(map_.locator("[data-pm=legend] button[aria-pressed=true]")).to_have_count(1)
    rows = map_.locator("table tr")
    expect(rows).to_have_count(11)
    expect(map_.locator("canvas[data-pm=points]")).to_have_attribute(
        "aria-label", re.compile(r"PCA map of 2,000 points in Z")
    )


def test_two_maps_share_the_selection_the_pointer_and_the_colours_without_the_server(
    page: Page, shared_server: str
) -> None:
    left, right = open_map(page, shared_server, "projection=PCA&beside=true&projection2=PCA", maps=2)
    draw(page, left, LEFT)
    assert 0 < count(left) == count(right)
    page.mouse.move(*point_on_screen(left, 9))
    page.wait_for_timeout(200)
    ids = [map_.evaluate("root => root.map.file.arrays.ids[root.map.hover]") for map_ in (left, right)]
    assert ids[0] == ids[1]
    right.get_by_role("button", name="false neighbours").click()
    expect(left.get_by_role("button", name="false neighbours")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text(f"{count(left):,} images of 2,000").first).to_be_visible()


def painted(map_: Locator) -> str:
    """What is painted on the canvas of the points, wherever the page is scrolled to."""
    return map_.evaluate("root => root.querySelector('canvas').toDataURL()")


def test_scrubbing_moves_the_points_in_the_browser_and_the_page_follows_where_it_rests(page: Page, server: str) -> None:
    sent = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    (map_,) = open_map(page, server, "projection=PCA&time=true")
    expect(map_.get_by_text("epoch 40").first).to_be_visible()
    draw(page, map_, LEFT)
    expect(page.get_by_text(f"{count(map_):,} images of 2,000").first).to_be_visible()
    page.wait_for_timeout(1000)
    before, frames, chosen = painted(map_), len(sent), count(map_)
    scrub = map_.locator("[data-pm=scrub]")
    scrub.evaluate("scrub => { scrub.value = 3; scrub.dispatchEvent(new Event('input')); }")
    expect(map_.get_by_text(re.compile(r"^epoch \d$")).first).to_be_visible()
    page.wait_for_timeout(300)
    assert painted(map_) != before
    assert count(map_) == chosen, "the same samples stay selected"
    assert len(sent) == frames, "no rerun was asked for"
    scrub.dispatch_event("change")
    page.wait_for_url(re.compile(r"[?&]epoch=\d+"))
    expect_count(map_, chosen)
    page.locator("[data-fc=color]").select_option("margin")
    page.wait_for_function("root => root.map.coloring.key === 'margin'", arg=map_.element_handle())
    early = map_.evaluate("root => Array.from(root.map.values.subarray(0, 50))")
    map_.get_by_role("button", name="Play").click()
    expect(map_.get_by_text("epoch 40").first).to_be_visible()
    page.wait_for_url(lambda url: "epoch=" not in url)
    assert map_.evaluate("root => root.map.coloring.key") == "margin"
    assert map_.evaluate("root => Array.from(root.map.values.subarray(0, 50))") != early, "colours follow the play head"


def test_charts_filter_one_another_and_the_map_and_search_lights_points(page: Page, server: str):
    (map_,) = open_map(page, server)
    panel = page.locator(".fc")
    count_ = panel.locator("[data-fc=count]")
    expect(count_).to_have_text(re.compile(r"^2,000 of 2,000"), timeout=PATIENCE_MS)
    wrong = panel.locator("[data-column=correct] .fc-bars button", has_text="wrong")
    wrong.click()
    expect(count_).to_have_text(re.compile(r"^15 of 2,000"))
    histogram = panel.locator("[data-column=confidence] canvas")
    histogram.focus()
    for _ in range(22):
        histogram.press("ArrowLeft")
    expect(count_).not_to_have_text(re.compile(r"^15 of"))
    shown = map_.evaluate("root => [...Array(root.map.n).keys()].filter((i) => root.map.isShown(i)).length")
    assert count_.inner_text().startswith(f"{shown} of 2,000") and 0 < shown < 15
    panel.locator("[data-fc=reset]").click()
    expect(count_).to_have_text(re.compile(r"^2,000 of"))
    panel.locator("[data-fc=color]").select_option("entropy")
    expect(map_.locator("[data-pm=colors] button", has_text="entropy")).to_have_attribute("aria-pressed", "true")
    panel.locator("[data-fc=search]").press_sequentially("M")
    expect(count_).not_to_have_text(re.compile(r"^2,000 of"))
    panel.locator("[data-fc=search]").press("Enter")
    expect(page.locator(".st-key-mm-selected")).to_be_visible()
    expect_count(map_, int(count_.inner_text().split(" ")[0].replace(",", "")))
