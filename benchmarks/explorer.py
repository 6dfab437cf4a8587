"""Speed of the map in Chromium: first paint, pointer, lasso, scrubber, and what browser and server keep in memory.

Times are taken inside the browser, from the event to the second frame after what it changes is there.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page

HELPERS = """() => {
  window.frames = count => new Promise(done => {
    const step = left => requestAnimationFrame(() => (left > 1 ? step(left - 1) : done()));
    step(count);
  });
  window.points = () => [...(window.mmclustMaps?.maps ?? [])][0];
  window.until = (check, limit = 60000) => new Promise((done, fail) => {
    const began = performance.now();
    const look = () => {
      if (check()) return done();
      if (performance.now() - began > limit) return fail(new Error('waited too long for ' + check));
      requestAnimationFrame(look);
    };
    look();
  });
  window.pointer = (kind, x, y, more = {}) => {
    const canvas = window.points().over, box = canvas.getBoundingClientRect();
    canvas.dispatchEvent(new PointerEvent(kind, {
      clientX: box.left + x, clientY: box.top + y, bubbles: true, pointerId: 1, button: 0, ...more,
    }));
  };
}"""
PAINTED = """async () => {
  await window.until(() => window.points()?.file && !window.points().frame && window.points().painted);
  await window.frames(2);
  return performance.now();
}"""
# the pointer comes to a point that it was not on: the ring at once, the card after it has rested
HOVER = """async i => {
  const map = window.points();
  window.pointer('pointerleave', 0, 0);
  await window.frames(2);
  const [x, y] = map.toScreen(map.xy[2 * i], map.xy[2 * i + 1]);
  const began = performance.now();
  window.pointer('pointermove', x, y);
  const marked = performance.now() - began;
  const card = map.find('card');
  await window.until(() => !card.hidden);
  await window.frames(1);
  return {marked, card: performance.now() - began};
}"""
LASSO = """async ([left, top, right, bottom]) => {
  const map = window.points(), grid = () => document.querySelectorAll('.st-key-map-samples img');
  if (map.count) {
    map.find('clear').click();
    await window.until(() => !grid().length);
    await window.frames(10);
  }
  const w = map.width, h = map.height, at = (x, y) => [x * w, y * h];
  window.pointer('pointerdown', ...at(left, top));
  for (let k = 0; k <= 100; k++) {
    const side = Math.floor(k / 25), share = (k % 25) / 25;
    const corners = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]];
    const [x0, y0] = corners[side], [x1, y1] = corners[Math.min(4, side + 1)];
    window.pointer('pointermove', ...at(x0 + share * (x1 - x0), y0 + share * (y1 - y0)));
  }
  const began = performance.now();
  window.pointer('pointerup', ...at(left, top));
  const chosen = performance.now() - began;
  await window.until(() => grid().length && grid()[0].complete);
  await window.frames(2);
  return {chosen, grid: performance.now() - began, count: map.count};
}"""
SCRUB = """async () => {
  const map = window.points(), last = map.file.frames.length - 1, scrub = map.find('scrub'), work = [], apart = [];
  let before = null;
  for (let k = 0; k < 60; k++) {
    await window.frames(1);
    const now = performance.now();
    if (before !== null) apart.push(now - before);
    before = now;
    scrub.value = last * (k % 30) / 29;
    scrub.dispatchEvent(new Event('input'));
    map.paint();
    work.push(performance.now() - now);
  }
  return {work, apart};
}"""
AGAIN = """async () => {
  const text = () => document.querySelector('[data-testid="stMain"]').innerText, before = text();
  const began = performance.now();
  document.querySelector('[data-testid="stMain"] [data-testid="stButton"] button').click();
  await window.until(() => text() !== before);
  await window.frames(2);
  return performance.now() - began;
}"""


def first_paint(page: Page) -> float:
    """Milliseconds since the navigation began until the points are painted."""
    page.evaluate(HELPERS)
    return page.evaluate(PAINTED)


def interactions(page: Page, n_points: int, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each kind of interaction with the map that is on the page.

    Args:
        page: with one map, nothing selected.
        n_points: on it.
        rounds: of each kind.
    """
    return hovers(page, n_points, rounds) | lassos(page, rounds)


def hovers(page: Page, n_points: int, rounds: int) -> dict[str, list[float]]:
    """Milliseconds until a point under the pointer is marked, and until its card is there."""
    page.evaluate(HELPERS)
    page.evaluate(PAINTED)
    points = np.random.default_rng(0).choice(n_points, 3 * rounds)
    times = [page.evaluate(HOVER, int(point)) for point in points]
    return {"hover_mark": [one["marked"] for one in times], "hover_card": [one["card"] for one in times]}


def lassos(page: Page, rounds: int) -> dict[str, list[float]]:
    """Milliseconds from the end of a lasso until its points are lit, and until the images of its samples are there."""
    page.evaluate(HELPERS)
    page.evaluate(PAINTED)
    random = np.random.default_rng(0)
    found: dict[str, list[float]] = {"lasso_chosen": [], "lasso_grid": []}
    for _ in range(rounds):
        left, top = random.uniform(0.05, 0.5, 2)
        times = page.evaluate(LASSO, [left, top, left + 0.35, top + 0.35])
        found["lasso_chosen"].append(times["chosen"])
        found["lasso_grid"].append(times["grid"])
    return found


def scrubbing(page: Page) -> dict[str, list[float]]:
    """Milliseconds of work for a frame of the scrubber, and between two frames."""
    page.evaluate(HELPERS)
    page.evaluate(PAINTED)
    times = page.evaluate(SCRUB)
    return {"scrub_frame": times["work"], "scrub_frames_apart": times["apart"]}


# What a finger on the wheel or a drag does: an event a frame; the work of a frame, and how far frames are apart.
FRAMES = 60
"""Of a zoom, and of a drag."""
MOVE = """async kind => {
  const map = window.points(), work = [], apart = [], w = map.width, h = map.height;
  let before = null;
  map.fit();
  await window.frames(3);
  map.find('fit').parentElement.parentElement.querySelector('[data-tool=pan]').click();
  if (kind === 'pan') window.pointer('pointerdown', w / 2, h / 2);
  for (let k = 0; k < 60; k++) {
    await window.frames(1);
    const now = performance.now();
    if (before !== null) apart.push(now - before);
    before = now;
    const box = map.over.getBoundingClientRect();
    if (kind === 'pan') window.pointer('pointermove', w / 2 + 80 * Math.sin(k / 5), h / 2 + 80 * Math.cos(k / 5));
    else map.over.dispatchEvent(new WheelEvent('wheel', {
      deltaY: k < 30 ? -60 : 60, clientX: box.left + 0.3 * w, clientY: box.top + 0.4 * h,
      bubbles: true, cancelable: true,
    }));
    const began = performance.now();
    map.paint();
    work.push(performance.now() - began);
  }
  if (kind === 'pan') window.pointer('pointerup', w / 2, h / 2);
  map.find('fit').parentElement.parentElement.querySelector('[data-tool=lasso]').click();
  map.fit();
  await window.frames(3);
  return {work, apart};
}"""
# another column colours the points: the choice in the panel until the map has been painted with it
RECOLOR = """async key => {
  const map = window.points(), choice = window.facets.querySelector('[data-fc=color]');
  choice.value = key;
  const began = performance.now();
  choice.dispatchEvent(new Event('change'));
  await window.until(() => (map.coloring.key === 'column') === (key !== '') && !map.frame
    && (!key || map.coloring.title === key.replaceAll('_', ' ')));
  await window.frames(2);
  return performance.now() - began;
}"""
# a drag over a histogram: work of a move and the frame of the map after it
BRUSH = """async rounds => {
  const map = window.points(), moves = [], apart = [];
  const canvas = window.facets.querySelector('.fc-card[data-column=confidence] canvas');
  const at = (kind, share) => {
    const box = canvas.getBoundingClientRect();
    canvas.dispatchEvent(new PointerEvent(kind, {
      clientX: box.left + share * box.width, clientY: box.top + 9, bubbles: true, pointerId: 1,
    }));
  };
  canvas.setPointerCapture = () => {};
  at('pointerdown', 0.1);
  let before = null;
  for (let k = 1; k <= 8 * rounds; k++) {
    await window.frames(1);
    const began = performance.now();
    if (before !== null) apart.push(began - before);
    before = began;
    at('pointermove', 0.1 + 0.8 * k / (8 * rounds));
    map.paint();
    moves.push(performance.now() - began);
  }
  at('pointermove', 0.1);
  at('pointerup', 0.1);
  await window.frames(3);
  return {moves, apart};
}"""
# Enter in the query line until what it finds is lit on the map
QUERY = """async () => {
  const map = window.points(), began = performance.now();
  await window.until(() => map.count > 0);
  await window.frames(2);
  return performance.now() - window.asked;
}"""


def moving(page: Page) -> dict[str, list[float]]:
    """Milliseconds of work for a frame while the map is zoomed and panned, and between two frames."""
    page.evaluate(HELPERS)
    zoom, pan = page.evaluate(MOVE, "zoom"), page.evaluate(MOVE, "pan")
    kinds = {"zoom": zoom, "pan": pan}
    return {
        f"{kind}_frame{end}": took[name]
        for kind, took in kinds.items()
        for name, end in (("work", ""), ("apart", "s_apart"))
    }


def recolored(page: Page, rounds: int) -> dict[str, list[float]]:
    """Milliseconds to colour by a column that is here already, and by one that is asked for first."""
    _facets(page)
    first = [page.evaluate(RECOLOR, key) for key in ("margin", "entropy", "distance", "runner_up")]
    again = [page.evaluate(RECOLOR, key) for _ in range(rounds) for key in ("margin", "runner_up")]
    page.evaluate(RECOLOR, "")
    return {"color": again, "color_first": first}


def brushed(page: Page, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of a move of a brush over a histogram, with the map painted anew, and between two frames."""
    _facets(page)
    brush = page.evaluate(BRUSH, rounds)
    return {"brush_move": brush["moves"], "brush_frames_apart": brush["apart"]}


def _facets(page: Page) -> None:
    page.evaluate(HELPERS)
    page.locator(".fc-card[data-column=confidence] canvas").wait_for()
    page.locator(".fc").evaluate("root => { window.facets = root; }")  # it stands in a tree of its own


def queries(page: Page, text: str, rounds: int) -> dict[str, list[float]]:
    """Milliseconds from Enter in the query line until the samples found are lit on the map."""
    page.evaluate(HELPERS)
    line = page.get_by_label("Query", exact=True)
    found = []
    for number in range(rounds):
        if page.evaluate("() => window.points().count"):
            page.evaluate("() => window.points().find('clear').click()")
            page.get_by_text("Nothing selected").wait_for()
            page.wait_for_timeout(500)
        line.fill(f"{text} and confidence > {number / 1000}")
        page.evaluate("""() => document.addEventListener('keydown', () => (window.asked = performance.now()),
          {capture: true, once: true})""")
        line.press("Enter")
        found.append(page.evaluate(QUERY))
    return {"query": found}


def received_mib(page: Page) -> float:
    """MiB that a page has received over its WebSocket and as files while it is opened anew."""
    session, received = page.context.new_cdp_session(page), [0.0]
    session.send("Network.enable")
    session.on("Network.webSocketFrameReceived", lambda e: received.append(len(e["response"]["payloadData"]) * 0.75))
    page.reload()
    page.wait_for_function("() => window.settled && window.settled()")
    page.wait_for_timeout(1500)
    session.detach()
    return _mib(sum(received))


class Spent:
    """Processor time of a page's main thread and of the server (Linux): what a busy machine does not change."""

    def __init__(self, page: Page, server: int) -> None:
        self.server = server
        self.session = page.context.new_cdp_session(page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.last = self._now()

    def since(self, count: int = 1) -> dict[str, float]:
        """Milliseconds since this was asked last, by page and server, for each of so many repetitions."""
        before, self.last = self.last, self._now()
        return {name: round((self.last[name] - before[name]) / count, 1) for name in before}

    def _now(self) -> dict[str, float]:
        known = {one["name"]: one["value"] for one in self.session.send("Performance.getMetrics")["metrics"]}
        told = Path(f"/proc/{self.server}/stat").read_text().rpartition(")")[2].split()
        ticks = int(told[11]) + int(told[12])  # as a user and in the system
        return {"page": 1000 * known["TaskDuration"], "server": 1000 * ticks / os.sysconf("SC_CLK_TCK")}


def empty_click(page: Page) -> float:
    """Milliseconds of a click that changes one word of an empty page, through the server: the least that can be had."""
    page.evaluate(HELPERS)
    page.locator('[data-testid="stMain"] [data-testid="stButton"] button').first.wait_for()
    return page.evaluate(AGAIN)


def browser_memory(page: Page) -> dict[str, float]:
    """MiB of JavaScript objects and of array buffers that a page keeps, after a garbage collection."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")
    session.detach()
    return {"objects": _mib(used["usedSize"]), "buffers": _mib(used.get("backingStorageSize", 0))}


def resident(pid: int) -> dict[str, Any] | None:
    """MiB of memory that a process holds now and held at most; None where the system does not tell."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return {name: round(int(lines[key].split()[0]) / 1024) for name, key in (("now", "VmRSS"), ("most", "VmHWM"))}


def _mib(n_bytes: float) -> float:
    return round(n_bytes / 2**20, 1)
