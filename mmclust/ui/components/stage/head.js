// The head: run, epoch and figures of the moment that is shown.

import { escape } from "../escape.js";

// The value of a curve at an epoch: the last one known then; undefined before the first.
export function valueAt(curve, epoch) {
  if (!curve) return undefined;
  const at = curve.epoch.findLastIndex((x) => x <= epoch + 1e-6);
  return at < 0 ? undefined : curve.value[at];
}

export const percent = (value) => (value === undefined || value === null ? "–" : `${(100 * value).toFixed(1)}%`);

export function figuresOf(stage) {
  const { data, moment } = stage;
  const found = data.figures.map(({ curve, title, about }) => {
    const value = valueAt(data.curves.find((one) => one.name === curve), moment.epoch) ?? moment.scores[curve];
    return { title, about, text: percent(value) };
  });
  const { used, n_clusters } = moment;
  found.push({ title: "Clusters", about: "Clusters that hold samples", text: used < n_clusters ? `${used} of ${n_clusters}` : `${used}` });
  return found;
}

export function showHead(stage) {
  stage.find("title").textContent = stage.data.title;
  stage.find("epoch").textContent = `epoch ${stage.moment.epoch}`;
  stage.find("figures").innerHTML = figuresOf(stage)
    .map(({ title, about, text }) => `<div title="${escape(about)}"><dt>${escape(title)}</dt><dd>${text}</dd></div>`)
    .join("");
}
