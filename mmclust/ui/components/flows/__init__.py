"""Flows of the samples between epochs, runs, views or classes; a click on a flow selects its samples."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from mmclust.analysis import groupings as tables
from mmclust.clustering import Clustering
from mmclust.plots import flows as plots
from mmclust.ui.components import clicks, picker, run_descriptions, run_search, selection
from mmclust.ui.components.flows import groupings
from mmclust.ui.components.flows.groupings import Grouping
from mmclust.ui.shell import state

MOST_STAGES = 6
FIRST_STAGES = 4
"""Epochs shown at first."""


def stages(clustering: Clustering, fused: Clustering) -> list[Grouping] | None:
    """Draw the choice of what stands side by side, and give it; None where there is nothing to choose from.

    Args:
        clustering: by the chosen assignment.
        fused: the same run by its fused assignment.
    """
    offered = _offered(clustering, fused)
    if not offered:
        return None
    names = list(offered)
    st.segmented_control(
        "Between",
        names,
        key=state.linked("between", names, names[0]),
        required=True,
        help="The groupings to show side by side.",
    )
    return offered[state.link("between", names[0])]()


def draw_flows(clustering: Clustering, stages: list[Grouping], found: selection.Selection | None) -> None:
    """The drawing, and the samples that are selected.

    Args:
        clustering: by the chosen assignment.
        stages: from left to right.
        found: what is selected now.
    """
    if len(stages) < 2:
        st.caption("Choose at least two to see the flow between them.")
        return
    left, right = st.columns([8, 4], gap="medium")
    with left:
        _draw(clustering, stages, found)
    with right:
        if found is None:
            st.caption(
                f"Click a flow or a bar to select its {clustering.word}s on all pages. Keyboard: Tab to the "
                "flows, use the arrow keys to move from the largest to the smallest, press Enter to select."
            )
        else:
            with st.container(height=520, border=False):
                selection.images(clustering, found.rows)


def _offered(clustering: Clustering, fused: Clustering) -> dict[str, Callable[[], list[Grouping]]]:
    """What can be set side by side; each draws its own choice and gives the stages."""
    found: dict[str, Callable[[], list[Grouping]]] = {}
    if len(groupings.epochs(clustering)) > 1:
        found["epochs"] = lambda: _epochs(clustering)
    if groupings.others(clustering):
        found["runs"] = lambda: _runs(clustering)
    if len(picker.sources(fused)) > 1:
        found["views"] = lambda: [
            groupings.alone(clustering, fused, number) for number in picker.sources(fused).values()
        ]
    if clustering.unmerged is not None:
        unmerged = clustering.unmerged
        found["merging"] = lambda: [groupings.clusters(unmerged, "before"), _now(clustering, "merged")]
    if clustering.plain is not None:
        plain = clustering.plain
        found["annotation"] = lambda: [groupings.clusters(plain, "original"), _now(clustering, "annotation")]
    if clustering.y_true is not None:
        found["classes"] = lambda: [groupings.classes(clustering), _now(clustering, "clusters")]
    return found


def _now(clustering: Clustering, title: str) -> Grouping:
    return groupings.clusters(clustering, title)


def _epochs(clustering: Clustering) -> list[Grouping]:
    saved = groupings.epochs(clustering)
    spread = sorted({saved[round(i)] for i in np.linspace(0, len(saved) - 1, min(FIRST_STAGES, len(saved)))})
    chosen = st.multiselect(
        "Epochs",
        saved,
        spread,
        max_selections=MOST_STAGES,
        key=f"flow-epochs-{clustering.record.run_id}",
        width=480,
        help=f"Two to {MOST_STAGES} epochs, from left to right.",
    )
    return [groupings.epoch(clustering, epoch) for epoch in sorted(chosen)]


def _runs(clustering: Clustering) -> list[Grouping]:
    every = groupings.others(clustering)
    others = run_search.few_linked(every, "other")
    names = list(others)
    st.selectbox(
        "Other run",
        names,
        key=state.linked("other", names, names[0]),
        width=380,
        format_func=lambda run_id: run_descriptions.line(others[run_id]) if run_id in others else run_id,
        help="Another run on the same data, at its last epoch.",
    )
    run_search.popover(list(every.values()), lambda run_id: state.set_linked("other", run_id), key="other-search")
    return [_now(clustering, "this run"), groupings.run(clustering, others[state.link("other", names[0])])]


def _draw(clustering: Clustering, stages: list[Grouping], found: selection.Selection | None) -> None:
    keys = tuple(stage.key for stage in stages)
    names = tuple((stage.title, stage.names) for stage in stages)
    known, counts = clustering.derive(("flow tables", keys), lambda: _counted(stages))
    chosen = st.session_state.get("flow") or ""
    marked = chosen and found is not None and np.array_equal(_rows(stages, chosen), found.rows)
    drawing = clustering.derive(("flows", keys, names), lambda: _drawing(clustering, stages, known, counts))
    clicks.clickable(
        drawing.svg,
        key="flows",
        chosen=chosen if marked else "",
        on_click=lambda part: _select(clustering, stages, part),
    )
    notes = []
    if not known.all():
        notes.append(f"{int(known.sum()):,} of {len(known):,} {clustering.word}s are in all groupings.")
    if drawing.left_out:
        notes.append(f"{drawing.left_out:,} {clustering.word}s are in flows too thin to draw.")
    if notes:
        st.caption(" ".join(notes))


def _counted(stages: list[Grouping]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Which samples all stages know, and the tables of neighbouring stages over them."""
    known = np.all([stage.values >= 0 for stage in stages], axis=0)
    values = [np.where(known, stage.values, -1) for stage in stages]
    sizes = [len(stage.names) for stage in stages]
    pairs = range(len(stages) - 1)
    return known, [tables.joint(values[i], values[i + 1], sizes[i], sizes[i + 1]) for i in pairs]


def _drawing(
    clustering: Clustering, stages: list[Grouping], known: np.ndarray, counts: list[np.ndarray]
) -> plots.Drawing:
    # From the last stage back to the first and forth again: what came out of it then stands level with it.
    back = tables.straightened([table.T for table in reversed(counts)], np.arange(len(stages[-1].names)))
    orders = tables.straightened(counts, back[-1])
    columns = [
        plots.Stage(
            title=stage.title,
            names=stage.names,
            colors=stage.colors,
            sizes=np.bincount(stage.values[known], minlength=len(stage.names)),
            order=order,
        )
        for stage, order in zip(stages, orders, strict=True)
    ]
    alt = f"Flows of {int(known.sum()):,} {clustering.word}s between {', '.join(stage.title for stage in stages)}"
    return plots.flows(columns, counts, alt=alt, word=f"{clustering.word}s")


def _rows(stages: list[Grouping], part: str) -> np.ndarray:
    """Places in the clustering's arrays of the samples of a flow or bar; none where other stages were chosen since."""
    shown = _of_part(stages, part)
    return np.flatnonzero(np.all([s.values == g for s, g in shown], axis=0)) if shown else np.empty(0, int)


def _of_part(stages: list[Grouping], part: str) -> list[tuple[Grouping, int]]:
    """The stages of a flow or bar, `flow:STAGE:FROM:TO` or `group:STAGE:GROUP`, each with its group."""
    _, stage, *groups = part.split(":")
    shown = stages[int(stage) : int(stage) + len(groups)]
    found = [(s, int(group)) for s, group in zip(shown, groups, strict=False)]
    return found if len(found) == len(groups) and all(g < len(s.names) for s, g in found) else []


def _select(clustering: Clustering, stages: list[Grouping], part: str) -> None:
    """Select the samples of a flow or of a bar, on all pages."""
    st.session_state["flow"] = part
    words = [f"{s.names[g]} ({s.title})" for s, g in _of_part(stages, part)]
    title = f"From {words[0]} to {words[1]}" if len(words) > 1 else "".join(words)
    selection.select(clustering, _rows(stages, part), title)
