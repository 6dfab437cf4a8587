"""The parts of the Home page: what this is, a finished example, the list of runs."""

from collections.abc import Sequence
from contextlib import suppress
from html import escape

import streamlit as st

from mmclust import launch
from mmclust.auto import account
from mmclust.clustering import Clustering
from mmclust.escaping import markdown
from mmclust.evaluation.metric_names import MAIN, MAIN_CURVES, METRICS, TITLES
from mmclust.plots import curves as plots
from mmclust.runs import mend, trash
from mmclust.runs.queue import SWEEP
from mmclust.runs.record import RunRecord, Unreadable
from mmclust.ui.components import cluster_members, markup, pictures, run_descriptions
from mmclust.ui.components.pointmap import small_map
from mmclust.ui.components.results import verdicts
from mmclust.ui.shell import cache, curves, frame, hidden, login

PAGE_SIZE = 8
CONFIDENCE = "signal/confidence"
MOST_DELETED = 20
"""Runs of the trash that are listed."""


def hero(*, first_visit: bool) -> None:
    """What this is, in a few words, and where to start."""
    room = st.container(key="mm-hero-room")  # it is kept until it is drawn, as that of the example
    left, right = room.columns([7, 4], gap="large", vertical_alignment="center")
    with left:
        st.html(
            '<div class="mm-hero"><h1>Train and inspect deep clustering models</h1>'
            "<p>Deep clustering groups images and multi-view data without labels. Train a published method, tune its "
            "hyperparameters and inspect the result: latent space, clusters, confusions and explanations.</p></div>"
        )
    with right, st.container(horizontal=True, horizontal_alignment="right"):
        text = "Train your first clustering" if first_visit else "New training"
        if st.button(text, type="primary", icon=":material/play_arrow:", key="hero-train"):
            st.switch_page("train.py")
        if st.button("Browse data", icon=":material/photo_library:", key="hero-data"):
            st.switch_page("data.py")
        if st.button("Take a lesson", icon=":material/school:", key="hero-learn"):
            st.switch_page("learn.py")


def showcase(record: RunRecord) -> None:
    """A finished run at a glance: its map, its scores and the most confident images of its clusters."""
    snapshots = cache.store().get(record.run_id).snapshots()
    if not snapshots:
        return
    clustering = cache.clustering(record, *snapshots[-1])
    with st.container(border=True, key="mm-showcase"):
        title = "Example run" if record.example else "Latest finished run"
        st.markdown(
            f"**{title}: {markdown(run_descriptions.title(record))}** &nbsp; :gray[{len(clustering.ids):,} "
            f"{clustering.word}s, {record.epochs} epochs, trained for "
            f"{run_descriptions.duration(record.seconds)} without labels]"
        )
        verdicts.line(clustering.run)
        left, middle, right = st.columns([4, 4, 4], gap="medium")
        for column, name, draw in ((left, "map", _map), (middle, "scores", _scores), (right, "rows", _rows)):
            with column, st.container(key=f"mm-show-{name}"):  # the room of a figure is kept until it is drawn
                caption = draw(clustering)
            column.caption(caption)
        with st.container(horizontal=True):
            for page, text, icon in (
                ("map.py", "Explore the map", "scatter_plot"),
                ("clusters.py", "Browse clusters", "workspaces"),
                ("confusion.py", "See confusions", "grid_on"),
                ("explain.py", "Explain clusters", "visibility"),
            ):
                if st.button(text, icon=f":material/{icon}:", key=f"show-{page}"):
                    st.switch_page(page, query_params={"run": record.run_id})


def _map(clustering: Clustering) -> str:
    """Draw the map; gives its caption, as the other two do."""
    small_map.draw_assignments(clustering, key="show-map", height=290)
    return "Each point is a sample, each corner a cluster. Uncertain samples lie in the middle."


def _scores(clustering: Clustering) -> str:
    figures = [
        (METRICS[name].title, f"{clustering.scores[name]:.1%}", METRICS[name].about)
        for name in MAIN
        if name in clustering.scores
    ]
    st.html(markup.tiles(figures))
    points = curves.read(clustering.run)
    names = [name for name in MAIN_CURVES if name in points]
    if names:
        option = plots.score_curves(curves.thin(points, names), names=names)
        option["grid"] |= {"top": 34}
        option["yAxis"] |= {"name": ""}
        st.echarts_chart(option, height=200, key="show-scores", alt="ACC, NMI and ARI in percent against epochs")
        return "Agreement with the true classes during training. Classes are used for evaluation only."
    if CONFIDENCE in points:
        names = {CONFIDENCE: "Confidence"}
        option = plots.named_curves(curves.thin(points, [CONFIDENCE]), [CONFIDENCE], names, percent=True)
        st.echarts_chart(option, height=260, key="show-scores", alt="Mean confidence in percent against epochs")
        return "Mean probability of the assigned cluster during training. It uses no labels."
    return "No curves yet."


def prepare(clustering: Clustering) -> None:
    """Compute beforehand what takes longest in the showcase."""
    _row_html(clustering)
    small_map.content(clustering)
    curves.thin(curves.read(clustering.run), list(MAIN_CURVES))


def _rows(clustering: Clustering) -> str:
    st.html(_row_html(clustering))
    return "The most confident samples, one row per cluster."


def _row_html(clustering: Clustering) -> str:
    names = tuple(clustering.cluster_name(k) for k in range(len(clustering.sizes)))
    return clustering.derive(("showcase", names), lambda: _compute_rows(clustering))


def _compute_rows(clustering: Clustering) -> str:
    rows = []
    for cluster in range(min(10, len(clustering.sizes))):
        confident = cluster_members.members(clustering, cluster, "most confident", 12)
        images = pictures.samples(
            clustering, confident, px=26, mark=False, kind="row", only=[pictures.image_view(clustering.data) or 0]
        )
        rows.append(f'<div class="mm-row"><i style="background:{clustering.colors[cluster]}"></i>{images}</div>')
    return "".join(rows)


def runs(records: list[RunRecord]) -> None:
    """All runs of this home, newest first, with what can be done with each."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("## Your runs", width="stretch")
        hidden.toggle()
    if not records:
        frame.empty(
            "No runs yet",
            "Training on the bundled digits takes about a minute on a laptop and needs no download.",
            page="train.py",
            button="Start training",
            key="no-runs",
        )
        return
    swept = [record for record in records if record.spec.launcher == SWEEP]
    if swept and not st.toggle(
        f"Show sweep runs ({len(swept):,})",
        key="swept",
        help="Runs created by sweeps and by reproductions of paper tables.",
    ):
        records = [record for record in records if record.spec.launcher != SWEEP]
    page = 1
    if len(records) > PAGE_SIZE:
        page = st.pagination(-(-len(records) // PAGE_SIZE), key="runs-page") or 1
    for record in records[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]:
        _run(record)


def unreadable(damaged: Sequence[Unreadable]) -> None:
    """A line for each run that cannot be read, with the way to be rid of it."""
    for run in damaged:
        with st.container(border=True, key=f"mm-unreadable-{run.run_id}"):
            words, action = st.columns([10, 3], vertical_alignment="center", gap="small")
            with words:
                st.html(f"<b>{escape(run.run_id)}</b> cannot be read ({escape(run.reason)})")
            with action.container(horizontal=True, horizontal_alignment="right"):
                if st.button("Remove with its files", icon=":material/delete:", key=f"remove-{run.run_id}"):
                    cache.store().delete(run.run_id)
                    st.rerun()


def _run(record: RunRecord) -> None:
    with st.container(border=True, key=f"mm-run-{record.run_id}"):
        name, figures, state, actions = st.columns([23, 18, 17, 10], vertical_alignment="center", gap="small")
        about = f"{markdown(run_descriptions.about(record))} · " if record.title else ""
        judged = verdicts.badge(account.read(cache.store().get(record.run_id).folder))
        name.markdown(
            f"**{markdown(run_descriptions.with_seed(record))}** &nbsp; {run_descriptions.badge(record)}  \n"
            f":gray[{about}{record.spec.preset} · {run_descriptions.ago(record.created)} · `{record.run_id}`]"
            + f"  \n{judged}"
            * bool(judged)
        )
        with figures:
            if record.metrics:
                st.html(markup.chips([(f"{record.metrics[n]:.1%}", TITLES[n]) for n in MAIN]))
        with state:
            if record.active:
                st.progress(
                    record.step / record.total_steps if record.total_steps else 0.0,
                    text=run_descriptions.progress(record),
                )
            else:
                st.caption(markdown(record.error) or run_descriptions.progress(record))
        with actions.container(horizontal=True, horizontal_alignment="right"):
            _actions(record)


def _actions(record: RunRecord) -> None:
    target = "train.py" if record.active or record.resumable else "clusters.py"
    if st.button("Watch" if record.active else "Open", key=f"open-{record.run_id}"):
        st.switch_page(target, query_params={"run": record.run_id})
    if not login.may_change(record.creator):
        return
    with st.popover("", icon=":material/more_horiz:", help="Rename or delete"):
        given = st.text_input("Name", record.title, key=f"name-{record.run_id}", max_chars=80)
        if given != record.title:
            cache.store().get(record.run_id).rename(given)
            st.rerun()
        if record.resumable and st.button("Resume", icon=":material/play_arrow:", key=f"resume-{record.run_id}"):
            login.check_quota()
            launch.resume(cache.store(), record.run_id)
            st.switch_page("train.py", query_params={"run": record.run_id})
        _delete(record)


def _delete(record: RunRecord) -> None:
    """Ask, then move a run to the trash."""
    asked = f"asked-{record.run_id}"
    if not st.session_state.get(asked):
        st.button(
            "Delete …",
            icon=":material/delete:",
            key=f"delete-{record.run_id}",
            disabled=record.status == "running",
            on_click=lambda: st.session_state.update({asked: True}),
        )
        return
    st.caption("The run leaves all lists and goes to the trash, below this list, where it can be restored.")
    if st.button("Move to the trash", type="primary", icon=":material/delete:", key=f"really-{record.run_id}"):
        del st.session_state[asked]
        cache.store().delete(record.run_id)
        st.rerun()


def deleted() -> None:
    """The trash, if there is anything in it; for the one local user."""
    store = cache.store()
    runs = [] if login.signs_in() else trash.listed(store)
    if not runs:
        return
    size = sum(run.n_bytes for run in runs) / 2**20
    with st.expander(f"Trash: {len(runs):,} run{'s' if len(runs) > 1 else ''}, {size:,.0f} MiB", key="trash"):
        for run in runs[:MOST_DELETED]:
            words, actions = st.columns([9, 4], vertical_alignment="center", gap="small")
            with words:
                st.html(f"<b>{escape(run.title or run.run_id)}</b> {escape(run_descriptions.ago(run.deleted))}")
            with actions.container(horizontal=True, horizontal_alignment="right"):
                if st.button("Restore", icon=":material/undo:", key=f"restore-{run.run_id}"):
                    trash.restore(store, run.run_id)
                    st.rerun()
                if st.button("Remove for good", icon=":material/delete_forever:", key=f"drop-{run.run_id}"):
                    trash.drop(store, run.run_id)
                    st.rerun()


def lost() -> None:
    """Say that there are folders of runs that the store does not know, and offer to add them; nothing otherwise."""
    store = cache.store()
    names = [] if login.signs_in() else mend.lost(store)
    if not names:
        return
    st.warning(
        f"{len(names):,} run{'s have folders' if len(names) > 1 else ' has a folder'} here and no record: the store "
        "was lost or replaced. They can be read from their folders.",
        icon=":material/healing:",
    )
    if st.button("Bring them back", key="bring-back"):
        for name in names:
            with suppress(ValueError):  # `check` tells what is wrong with it
                mend.repair(store, mend.Fault(run_id=name, sentence="", repair="add"))
        st.rerun()
