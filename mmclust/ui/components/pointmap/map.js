// The map: points on a canvas that one can pan, zoom, select, walk over and play through time.
//
// Streamlit calls the exported function whenever the page's data change. Positions, groups and confidences come once,
// as one binary file whose address names its content, so that the browser keeps it; colours, filters and time change here
// without asking the server. Only the selection goes back, as one bit per point. Maps of one group share selection, colours,
// filters and the sample under the pointer at once, without the server.

import { PointMap } from "./pointmap.js";

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".pm");
  if (!root.map) root.map = new PointMap(root);
  root.map.update(data, setTriggerValue);
  return () => {
    root.map?.destroy();
    root.map = null;
  };
}
