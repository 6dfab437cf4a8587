"""Speed of the map in Chromium: first paint, pointer, lasso, scrubber, and what browser and server keep in memory.

Times are taken inside the browser, from the event to the second frame after what it changes is there.
"""

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
  await window.until(() => window.points()?.file && !window.points().frame && window.points().image);
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
    page.evaluate(HELPERS)
    page.evaluate(PAINTED)
    random = np.random.default_rng(0)
    found: dict[str, list[float]] = {"hover_mark": [], "hover_card": [], "lasso_chosen": [], "lasso_grid": []}
    for point in random.choice(n_points, 3 * rounds):
        times = page.evaluate(HOVER, int(point))
        found["hover_mark"].append(times["marked"])
        found["hover_card"].append(times["card"])
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
