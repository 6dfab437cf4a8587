// HTML or SVG made by the server whose parts can be clicked, or reached by keyboard: parts with a `data-click` say what
// was clicked. Parts in a group `data-walk` share one tab stop; the arrow keys walk through them.

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".mm-clicks");
  if (root.shown !== data.html) {
    const focused = root.contains(document.activeElement) ? document.activeElement.dataset.click : null;
    root.innerHTML = root.shown = data.html;
    for (const group of root.querySelectorAll("[data-walk]")) start(parts(group), focused);
    if (focused) find(root, focused)?.focus();
  }
  if (typeof data.chosen === "string")
    for (const part of parts(root))
      part.setAttribute(part.getAttribute("role") === "option" ? "aria-selected" : "aria-pressed", part.dataset.click === data.chosen);
  root.onclick = (event) => {
    const part = event.target.closest("[data-click]");
    if (!part) return;
    const group = part.closest("[data-walk]");
    if (group) stop(parts(group), part);
    setTriggerValue("clicked", part.dataset.click);
  };
  root.onkeydown = (event) => {
    const part = event.target.closest?.("[data-click]");
    if (!part) return;
    if ((event.key === "Enter" || event.key === " ") && part.tagName !== "BUTTON") {
      event.preventDefault();
      setTriggerValue("clicked", part.dataset.click);
      return;
    }
    const group = part.closest("[data-walk]");
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!group || !step) return;
    event.preventDefault();
    const all = parts(group);
    const next = all[(all.indexOf(part) + step + all.length) % all.length];
    stop(all, next);
    next.focus();
  };
}

const parts = (group) => [...group.querySelectorAll("[data-click]")];
const find = (root, name) => root.querySelector(`[data-click="${CSS.escape(name)}"]`);
const start = (all, name) => stop(all, all.find((part) => part.dataset.click === name) ?? all[0]);

function stop(all, chosen) {
  for (const part of all) part.setAttribute("tabindex", part === chosen ? "0" : "-1");
}
