// The map as a widget of notebooks (anywidget): draws what Python sends, and sends the selection back.
// `draw` is what map.js exports; Python puts that module before this one.

const THEME = {
  "--st-font": "var(--jp-ui-font-family, system-ui, sans-serif)",
  "--st-text-color": "var(--jp-ui-font-color1, #222222)",
  "--st-background-color": "var(--jp-layout-color0, #ffffff)",
  "--st-secondary-background-color": "var(--jp-layout-color2, #f3f3f3)",
  "--st-primary-color": "#0b7285",
};

function render({ model, el }) {
  for (const [name, value] of Object.entries(THEME)) el.style.setProperty(name, value);
  el.innerHTML = model.get("markup");
  const url = URL.createObjectURL(new Blob([model.get("content")]));
  let told = 0, close;
  const setTriggerValue = (name, [number, bits]) => {
    told = number;
    model.set("bits", bits);
    model.save_changes();
  };
  const show = () => {
    const data = { url, alt: model.get("alt"), group: url, height: model.get("height"), selection: model.get("bits"), answered: told };
    close = draw({ data, parentElement: el, setTriggerValue });
  };
  model.on("change:bits", show);
  const theme = new MutationObserver(show); // JupyterLab changes this attribute of the page
  theme.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-name"] });
  show();
  return () => {
    theme.disconnect();
    model.off("change:bits", show);
    close();
    URL.revokeObjectURL(url);
  };
}

export default { render };
