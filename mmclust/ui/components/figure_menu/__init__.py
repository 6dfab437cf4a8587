"""One menu for every figure of a page: SVG, PDF, PNG and CSV, the whole run as a report, its training as a film."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import streamlit as st

from mmclust.clustering import Clustering
from mmclust.report.figures import FIGURES, KINDS, draw, written
from mmclust.ui.components.pictures import is_image
from mmclust.ui.shell import cache, hidden, jobs

if TYPE_CHECKING:
    from mmclust.report.figures.compared import Side

HELP = {
    "svg": "Vector graphic for the web and for editing",
    "pdf": "Vector graphic for papers",
    "png": "Picture of 300 dpi",
    "csv": "The numbers behind the figure",
}
COLORED = ("map", "maps")
"""Figures of which the colour of the points is chosen here."""


def menu(
    clustering: Clustering,
    names: Sequence[str],
    *,
    key: str = "figures",
    settings: Mapping[str, Any] | None = None,
) -> None:
    """Draw the menu.

    Args:
        clustering: the run at the epoch that the page shows.
        names: figures of the page, the most important first; those that the run cannot have are left out.
        key: of the menu on its page.
        settings: of the figures, such as the layouts of maps.
    """
    offered = [name for name in names if available(name, clustering)]
    with st.popover("Save", icon=":material/download:", key=f"{key}-menu", help="Save figures, a report or a film"):
        if offered:
            _figure(clustering, offered, key, dict(settings or {}))
        st.markdown("**The whole run**")
        _made(clustering, key, "report", "Report (HTML)", "text/html")
        _film(clustering, key)


def _figure(clustering: Clustering, offered: Sequence[str], key: str, settings: dict[str, Any]) -> None:
    name = offered[0]
    if len(offered) > 1:
        name = st.selectbox("Figure", offered, key=f"{key}-name", format_func=_title)
    else:
        st.markdown(f"**{FIGURES[name].title}**")
    if name not in COLORED:
        settings.pop("layouts", None)
    else:
        colors = ["cluster", "confidence"] if clustering.y_true is None else list(_colors())
        settings["color"] = st.selectbox("Colour", colors, key=f"{key}-color")
    dark = st.toggle("Dark ground", value=st.context.theme.type == "dark", key=f"{key}-dark")
    with st.container(horizontal=True, gap="small"):
        for kind in KINDS:
            st.download_button(
                kind.upper(),
                partial(_file, name, clustering, dark, settings, kind),
                f"{clustering.record.run_id}-{name}-epoch-{clustering.epoch}.{kind}",
                key=f"{key}-{kind}",
                on_click="ignore",
                help=HELP[kind],
            )


def _title(name: str) -> str:
    return FIGURES[name].title


def _colors() -> tuple[str, ...]:
    from mmclust.report.figures.maps import COLORS

    return COLORS


def _file(name: str, clustering: Clustering, dark: bool, settings: dict[str, Any], kind: str) -> bytes:
    return written(draw(name, clustering, dark=dark, **settings), kind)


def available(name: str, clustering: Clustering) -> bool:
    """Whether a run can have a figure."""
    views = range(len(clustering.data.views)) if clustering.dataset is not None else ()
    weights = (clustering.run.folder / "checkpoint.pt").exists()
    checks = {
        "matrix": clustering.counts is not None,
        "probes": clustering.y_true is not None,
        "views": bool(clustering.snapshot.view_logits),
        "flows": len(clustering.run.snapshots()) > 1,
        "clusters": clustering.dataset is not None,
        "gradcam": weights and any(is_image(clustering.data, view) for view in views),
        "attribution": weights and any(not is_image(clustering.data, view) for view in views),
    }
    return checks.get(name, True)


def of_runs(name: str, sides: Callable[[], Sequence["Side"]], settings: Mapping[str, Any]) -> None:
    """The menu of a figure of several runs.

    Args:
        name: of the figure, see `mmclust.report.figures.compared`.
        sides: reads the runs; called when a file is wanted.
        settings: of the figure.
    """
    with st.popover("Save figure", icon=":material/download:", key="runs-menu"):
        dark = st.toggle("Dark ground", value=st.context.theme.type == "dark", key="runs-dark")
        with st.container(horizontal=True, gap="small"):
            for kind in KINDS:
                work = partial(_runs_file, name, sides, dark, dict(settings), kind)
                key = f"runs-{kind}"
                st.download_button(
                    kind.upper(), work, f"runs-{name}.{kind}", key=key, on_click="ignore", help=HELP[kind]
                )


def _runs_file(
    name: str, sides: Callable[[], Sequence["Side"]], dark: bool, settings: dict[str, Any], kind: str
) -> bytes:
    from mmclust.report.figures import compared

    return written(compared.draw(name, sides(), dark=dark, **settings), kind)


def of_sweep(sweep_id: str) -> None:
    """The menu of a sweep's figure."""
    with st.popover("Save figure", icon=":material/download:", key="sweep-menu"):
        dark = st.toggle("Dark ground", value=st.context.theme.type == "dark", key="sweep-dark")
        with st.container(horizontal=True, gap="small"):
            for kind in KINDS:
                work = partial(_sweep_file, sweep_id, dark, kind)
                name = f"{sweep_id}-sensitivity.{kind}"
                key = f"sweep-{kind}"
                st.download_button(kind.upper(), work, name, key=key, on_click="ignore", help=HELP[kind])


def _sweep_file(sweep_id: str, dark: bool, kind: str) -> bytes:
    from mmclust.report.figures.sweeps import sensitivity

    return written(sensitivity(cache.store(), sweep_id, dark=dark), kind)


def _film(clustering: Clustering, key: str) -> None:
    from mmclust.report import film

    if len(clustering.run.snapshots()) < 2:
        st.caption("A film needs two saved epochs; this run has one.")
        return
    kinds = film.kinds()
    asked = st.segmented_control(
        "Film",
        kinds,
        default=kinds[0],
        required=True,
        key=f"{key}-film-kind",
        help="The saved epochs one after the other: WebP is smaller than GIF and has more colours.",
    )
    kind = asked or kinds[0]
    if "mp4" not in kinds:
        st.caption("MP4 needs ffmpeg on the server; browsers and slides also play WebP and GIF.")
    _made(clustering, key, kind, f"Film ({kind.upper()})", "video/mp4" if kind == "mp4" else f"image/{kind}")


def _made(clustering: Clustering, key: str, what: str, label: str, mime: str) -> None:
    """A button that begins the work, then its progress, then the button that downloads the file."""
    if what == "report" and hidden.hidden():
        st.caption("The report tells the accuracy; reveal it first.")
        return
    about = (clustering.record.run_id, clustering.version, what, hidden.hidden(), st.context.theme.type == "dark")
    begun = st.session_state.setdefault("files-begun", set())
    if about not in begun:
        if not st.button(f"Make: {label}", key=f"{key}-make-{what}", icon=":material/movie:"):
            return
        begun.add(about)
    work = _report if what == "report" else partial(_make_film, kind=what, dark=st.context.theme.type == "dark")
    made = jobs.result(("file", *about), partial(work, clustering), label=label, height=70, border=False)
    if made is None:
        return
    ending = "html" if what == "report" else what
    name = f"{clustering.record.run_id}.{ending}"
    st.download_button(
        f"Download: {label}", made, name, mime, key=f"{key}-get-{what}", on_click="ignore", type="primary"
    )


def _make_film(clustering: Clustering, report: jobs.OnProgress, *, kind: str, dark: bool) -> bytes:
    from mmclust.report import film

    return film.film(clustering, kind, dark=dark, progress=report)


def _report(clustering: Clustering, report: jobs.OnProgress) -> bytes:
    """The page of `mmclust export`."""
    from mmclust import models
    from mmclust.report.page import write_report

    method = None
    run, data = clustering.run, clustering.dataset
    if data is not None and (run.folder / "checkpoint.pt").exists():
        method = models.restore(run, data.spec)
    report(0.2)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        write_report(run, data, method, path)
        return path.read_bytes()
