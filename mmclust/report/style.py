"""Look and behaviour of a report page: it follows the reader's light or dark setting and prints well."""

STYLE = """
:root { color-scheme: light dark; --page: #f7f8fa; --card: #ffffff; --ink: #1c2330; --soft: #5d6778;
  --line: #e3e7ee; --accent: #3c78e4; }
@media (prefers-color-scheme: dark) { :root { --page: #0e1117; --card: #161b24; --ink: #e8ecf3; --soft: #9aa5b8;
  --line: #283040; --accent: #6c9cf0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 34px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.02em; }
h2 { font-size: 21px; margin: 0 0 4px; letter-spacing: -0.01em; }
p { margin: 0 0 14px; max-width: 78ch; }
p.soft, figcaption, .soft { color: var(--soft); }
nav { display: flex; flex-wrap: wrap; gap: 6px 18px; margin: 18px 0 0; }
a { color: var(--accent); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 12px; margin: 26px 0; }
.tile, section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.tile { padding: 14px 16px; }
.tile b { display: block; font-size: 25px; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: 14px; }
section { padding: 22px 24px; margin: 18px 0; break-inside: avoid; }
.two { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 18px 24px; }
@media (max-width: 860px) { .two { grid-template-columns: minmax(0, 1fr); } }
.two > * { min-width: 0; }
figure { margin: 0; }
figcaption { font-size: 14px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 15px; }
th, td { text-align: right; padding: 7px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 500; }
th:first-child, td:first-child { text-align: left; }
tr:last-child td { border-bottom: 0; }
.dot { display: inline-block; width: 11px; height: 11px; border-radius: 50%; margin-right: 9px; }
.rows { display: grid; grid-template-columns: minmax(120px, max-content) minmax(0, 1fr); gap: 10px 18px;
  align-items: center; }
.rows .soft, .cams .soft { font-size: 14px; display: block; }
.rows img, .cams img { max-width: 100%; display: block; }
.strips { display: grid; gap: 3px; margin-bottom: 14px; }
.strips img { max-width: 100%; }
h3 { font-size: 17px; margin: 18px 0 10px; }
ul { margin: 0 0 14px; padding-left: 22px; }
.cams { display: grid; grid-template-columns: minmax(120px, max-content) repeat(2, minmax(0, 1fr)); gap: 14px 18px;
  align-items: center; }
.cams .head { color: var(--soft); font-size: 14px; }
pre { background: var(--page); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; overflow-x: auto;
  font-size: 14px; }
@media print { section { border-color: #ccc; } nav { display: none; } }
"""

SCRIPT = """
(function () {
  function paint() {
    var style = getComputedStyle(document.body);
    var ink = style.color, card = style.getPropertyValue('--card').trim();
    var line = style.getPropertyValue('--line').trim();
    document.querySelectorAll('.js-plotly-plot').forEach(function (plot) {
      Plotly.relayout(plot, {'font.color': ink, 'hoverlabel.bgcolor': card, 'hoverlabel.bordercolor': line,
        'hoverlabel.font.color': ink});
      Plotly.Plots.resize(plot);
    });
  }
  paint();
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);
})();
"""
"""Plotly knows no CSS: its text takes the page's colour here, now and when the reader switches."""
