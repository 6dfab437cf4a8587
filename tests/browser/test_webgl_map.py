"""The map by WebGL, rendered by the processor, beside the same map on a canvas; without the app."""

import json
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, Route, sync_playwright

from mmclust.ui.components import pointmap
from mmclust.ui.components.pointmap import Coloring, Frame

pytestmark = [pytest.mark.browser]

N, GROUPS = 60_000, 4
COLORS = ["#3875e8", "#f28e2b", "#59a14f", "#e15759"]
SHOW = """async () => {
  const draw = (await import("/map.js")).default, root = document.getElementById("map");
  draw({ data: ABOUT, parentElement: root, setTriggerValue: () => {} });
  const map = root.querySelector(".pm").map;
  while (!map.painted) await new Promise(requestAnimationFrame);
  window.map = map;
}"""
PIXELS = """async ([renderer, change]) => {
  const map = window.map, { canvas } = map;
  window.mmclustMaps.renderer = renderer;
  if (change) new Function("map", change)(map);
  map.image = null;
  map.paint();
  window.before = window.now;
  window.now = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return map.image ? "by hand" : "by WebGL";
}"""
# how far the last two pictures are apart, by pixel
COMPARED = """() => {
  const { before, now } = window, apart = new Uint32Array(256);
  let covered = 0, sum = 0;
  for (let p = 0; p < now.length; p += 4) {
    const most = Math.max(...[0, 1, 2].map((k) => Math.abs(now[p + k] - before[p + k])));
    apart[most]++;
    sum += most;
    covered += Math.min(now[p], now[p + 1], now[p + 2]) < 240;
  }
  const n = now.length / 4;
  let seen = 0, most = 0;
  while ((seen += apart[most]) < 0.99 * n) most++;
  return { mean: sum / n, most, covered: covered / n };
}"""


@pytest.fixture(scope="module")
def page(chromium: str) -> Iterator[Page]:
    """A map of separate groups on an empty page."""
    random = np.random.default_rng(0)
    groups = np.arange(N) % GROUPS
    xy = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])[groups] + random.normal(0, 0.09, (N, 2)).clip(-0.25, 0.25)
    by_group = Coloring(key="cluster", title="cluster", help="", values=groups, names=list("abcd"), colors=COLORS)
    content = pointmap.pack(ids=np.arange(N), frames=[Frame(epoch=0, xy=xy)], colorings=[by_group])
    sources = pointmap.notebook_sources()
    script = f"{sources['js'].rsplit('export default', 1)[0]}\nexport default draw;"
    about = {"url": "/points", "alt": "", "group": "g", "height": 300, "selection": "", "answered": 0}
    body = f'<style>{sources["css"]}</style><div id="map" style="width:600px">{sources["html"]}</div>'
    answers = {"/": ("text/html", body), "/map.js": ("text/javascript", script), "/points": ("text/plain", content)}

    def answer(route: Route) -> None:
        kind, text = answers.get("/" + route.request.url.split("/", 3)[3], ("text/plain", ""))
        route.fulfill(body=text, content_type=f"{kind};charset=utf-8")

    with sync_playwright() as playwright:
        asked = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        browser = playwright.chromium.launch(executable_path=chromium, args=asked)
        page = browser.new_page()
        page.set_default_timeout(60_000)
        page.route("**/*", answer)
        page.goto("http://map.test/")
        page.evaluate(SHOW.replace("ABOUT", json.dumps(about)))
        yield page
        browser.close()


def painted(page: Page, renderer: str, change: str = "") -> str:
    """Paint the map, and say how that was done."""
    return page.evaluate(PIXELS, [renderer, change])


CHANGES = {
    "whole": "",
    "zoomed": "map.view = { x: 0.3, y: 0.7, zoom: 3 }",
    "selected": "map.selected = map.selected.map((_, i) => i % 7 === 0); map.count = 1",
    "hidden": "map.hidden.add(2)",
    "sized": "map.sizes = new Uint8Array(map.n).map((_, i) => i % 5)",
}


def test_webgl_paints_what_the_canvas_paints(page: Page) -> None:
    for name, change in CHANGES.items():
        assert painted(page, "canvas", change) == "by hand"
        assert painted(page, "webgl") == "by WebGL"
        found = page.evaluate(COMPARED)
        assert 0.02 < found["covered"] < 0.95, (name, found)
        assert found["mean"] < 1.5 and found["most"] < 16, (name, found)


def test_the_processor_paints_by_itself_where_it_would_render_webgl_too(page: Page) -> None:
    assert painted(page, "webgl") == "by WebGL"
    page.evaluate("() => { window.mmclustMaps.drawing = undefined; }")
    assert painted(page, "auto") == "by hand"
