// The legend: groups with their counts, which can be hidden, and the same as a table for readers of the screen.

import { escape } from "../escape.js";

export function showLegend(map) {
  if (map.coloring.kind === "scale") return showScale(map);
  const counts = countsOf(map);
  const chips = map.coloring.names.map((_, group) => counts.all[group] && chipOf(map, group, counts));
  map.find("legend").replaceChildren(...chips.filter(Boolean));
  showTable(map, counts);
}

function showScale(map) {
  const { low, high, colors } = map.coloring;
  map.find("legend").innerHTML = `<span>${escape(low)}</span>
    <i class="pm-ramp" style="background:linear-gradient(90deg,${colors.join(",")})"></i><span>${escape(high)}</span>`;
  map.find("table").innerHTML = "";
}

// Points of each group: all of them, and those that are selected.
function countsOf(map) {
  const all = new Uint32Array(map.coloring.names.length), inside = new Uint32Array(map.coloring.names.length);
  for (let i = 0; i < map.n; i++) {
    all[map.values[i]]++;
    inside[map.values[i]] += map.selected[i];
  }
  return { all, inside };
}

function chipOf(map, group, { all, inside }) {
  const { names, colors } = map.coloring, name = names[group], n = all[group].toLocaleString();
  const chip = document.createElement("button");
  chip.type = "button";
  chip.setAttribute("aria-pressed", !map.hidden.has(group));
  chip.title = `${name}: ${n} points. Click hides or shows it, double-click shows it alone.`;
  const count = map.count ? `${inside[group].toLocaleString()} / ${n}` : n;
  chip.innerHTML = `<i style="background:${colors[group % colors.length]}"></i>${escape(name)} <small>${count}</small>`;
  chip.onclick = () => toggleGroup(map, group);
  chip.ondblclick = () => showAlone(map, group, all);
  return chip;
}

function showTable(map, { all, inside }) {
  const { names, title } = map.coloring;
  const rows = names.map(
    (name, group) => `<tr><th>${escape(name)}</th><td>${all[group]}</td><td>${inside[group]}</td></tr>`,
  );
  map.find("table").innerHTML = `<caption>Points by ${escape(title)}</caption>
    <tr><th>${escape(title)}</th><th>points</th><th>selected</th></tr>${rows.join("")}`;
}

function toggleGroup(map, group) {
  if (!map.hidden.delete(group)) map.hidden.add(group);
  applyFilter(map);
}

function showAlone(map, group, all) {
  const others = [...all.keys()].filter((g) => g !== group && all[g]);
  const alone = others.every((g) => map.hidden.has(g)) && !map.hidden.has(group);
  map.hidden = new Set(alone ? [] : others);
  applyFilter(map);
}

function applyFilter(map) {
  const same = map.peers.filter((peer) => peer.colorKey === map.colorKey);
  for (const peer of same) peer.hidden = new Set(map.hidden);
  for (const one of [map, ...same]) {
    showLegend(one);
    one.draw();
  }
}
