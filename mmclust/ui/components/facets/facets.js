// The panel of columns: charts that filter one another and the maps of their group, search, and what colours the points.
//
// A column comes once, when it is first shown, as a binary file with a value for each sample id; everything that follows
// happens here. Only what is selected, and which charts stand there, goes back to the server.

import { Panel } from "./panel.js";

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".fc");
  if (!root.panel) root.panel = new Panel(root);
  root.panel.update(data, setTriggerValue);
  return () => {
    root.panel?.destroy();
    root.panel = null;
  };
}
