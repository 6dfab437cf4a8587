// The stage by keyboard: space plays, arrows step, F fills the screen, S saves.

import { savePicture } from "./saving.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

export function listenToKeys(stage) {
  const { root } = stage;
  const press = (event) => {
    const from = event.composedPath()[0];
    const inside = event.composedPath().includes(root);
    if (!stage.moments || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!inside && from !== document.body) return; // keys that were meant for another part of the page
    if (event.key === " " && from.matches?.("button")) return;
    if (!does(stage, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  document.addEventListener("keydown", press, true);
  stage.find("full").onclick = () => fill(stage);
  stage.find("save").onclick = () => savePicture(stage);
  return () => document.removeEventListener("keydown", press, true);
}

// Do what a key stands for; returns whether it stands for anything.
function does(stage, key) {
  if (key === " ") stage.toggle();
  else if (STEPS[key]) stage.step(STEPS[key]);
  else if (key === "Home") stage.step(-stage.last - 1);
  else if (key === "End") stage.step(stage.last + 1);
  else if (key === "f" || key === "F") fill(stage);
  else if (key === "s" || key === "S") savePicture(stage);
  else return false;
  return true;
}

function fill({ root }) {
  const within = root.getRootNode();
  if (within.fullscreenElement) document.exitFullscreen();
  else root.requestFullscreen?.().then(() => root.focus());
}
