// Plotly knows no CSS: its text takes the page's colour here, now and when the reader switches to light or dark.
(() => {
  function paint() {
    const style = getComputedStyle(document.body);
    const ink = style.color, card = style.getPropertyValue("--card").trim();
    const line = style.getPropertyValue("--line").trim();
    for (const plot of document.querySelectorAll(".js-plotly-plot")) {
      Plotly.relayout(plot, {
        "font.color": ink, "hoverlabel.bgcolor": card, "hoverlabel.bordercolor": line, "hoverlabel.font.color": ink,
      });
      Plotly.Plots.resize(plot);
    }
  }
  paint();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
})();
