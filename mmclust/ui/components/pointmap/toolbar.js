// The buttons and the slider around the map.

import { goTo, pause, rest, togglePlay } from "./playback.js";
import { clear } from "./selection.js";
import { shared } from "./shared.js";

export function listenToBars(map) {
  const { root } = map;
  for (const button of root.querySelectorAll("[data-tool]")) button.onclick = () => useTool(map, button.dataset.tool);
  for (const button of root.querySelectorAll("[data-show]")) button.onclick = () => toggleShown(map, button);
  map.find("fit").onclick = () => map.fit();
  map.find("clear").onclick = () => clear(map);
  map.find("play").onclick = () => togglePlay(map);
  map.find("scrub").oninput = (event) => {
    pause(map);
    goTo(map, Number(event.target.value));
  };
  map.find("scrub").onchange = () => rest(map);
}

// One button per way to colour; it colours the maps beside as well.
export function showColorings(map) {
  map.find("colors").replaceChildren(
    ...map.file.colorings.map((coloring) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = coloring.title;
      button.title = coloring.help;
      button.dataset.key = coloring.key;
      button.onclick = () => {
        if (coloring.key !== "column") shared.columns.delete(map.group);
        map.setColoring(coloring.key);
        for (const peer of map.peers) if (peer.has(coloring.key)) peer.setColoring(coloring.key);
        shared.remembered.set(map.group, coloring.key);
      };
      return button;
    }),
  );
}

function useTool(map, tool) {
  map.tool = tool;
  for (const button of map.root.querySelectorAll("[data-tool]"))
    button.setAttribute("aria-pressed", button.dataset.tool === tool);
  map.over.dataset.tool = tool;
}

function toggleShown(map, button) {
  const what = button.dataset.show;
  map.show[what] = !map.show[what];
  button.setAttribute("aria-pressed", map.show[what]);
  map.draw();
}
