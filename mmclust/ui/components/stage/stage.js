// The stage: a map, curves and rows of clusters that all show the moment under one play head.
//
// Streamlit calls the exported function whenever the page's data change, while a run trains about once a second. What has
// been fetched stays, so that only new epochs come. Playing and scrubbing happen here and ask the server nothing.

import { Stage } from "./play.js";

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".sg");
  if (!root.stage) root.stage = new Stage(root);
  root.stage.update(data);
  return () => {
    root.stage?.destroy();
    root.stage = null;
  };
}
