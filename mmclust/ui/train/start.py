"""The button that starts a run, and what may stand in its way: missing data, an identical run, a quota."""

import streamlit as st

from mmclust import launch, specs
from mmclust.data import catalogue
from mmclust.escaping import markdown
from mmclust.runs.spec import RunSpec
from mmclust.sweeps import known
from mmclust.ui.components import run_descriptions
from mmclust.ui.shell import cache, frame, login, state
from mmclust.ui.train.choice import Choice

_AGAIN = "form-again-wanted"
"""Session key: a run that is there already is wanted once more."""
_USEFUL = ("finished", "running", "queued", "paused")
"""Status of runs that are offered in place of an identical one."""
STARTED = "training-started"
"""In the session: a run was started, so that the page shows it next."""


def button(choice: Choice) -> None:
    """Draw the button, or say what is missing; a run that it starts becomes the run of the page."""
    entry = catalogue.find(choice.dataset)
    missing = entry is not None and not entry.available()
    if entry is not None and missing:
        st.warning(f"{entry.title} is not available on this machine. {entry.how_to_get}", icon=":material/download:")
    waits = missing or not choice.clusters.is_known
    busy = next((record for record in login.runs(examples=False) if record.active), None)
    if busy is not None:
        st.caption(f"**New run**, beside {markdown(run_descriptions.title(busy))}, which is {busy.status}.")
    # the run that trains is what counts now: nothing is louder than it
    kind = "primary" if busy is None else "secondary"
    asked = st.button("Start training", type=kind, icon=":material/play_arrow:", width="stretch", disabled=waits)
    if asked or _wanted_again():
        try:
            spec = plan(choice)
            if asked and _offers(spec):
                return
            run = submit(spec)
        except ValueError as error:
            st.warning(markdown(frame.sentence(error)), icon=":material/info:")
            return
        state.choose_run(run)
        st.session_state[STARTED] = True
        st.rerun()


def _wanted_again() -> bool:
    """Whether the user wants a run that is there already once more."""
    return bool(st.session_state.pop(_AGAIN, False))


def _offers(spec: RunSpec) -> bool:
    """Offer an identical run that has finished, trains or waits, rather than repeat it; whether there is one."""
    wanted = known.key(spec)
    same = next((r for r in login.runs(examples=False) if r.status in _USEFUL and known.key(r.spec) == wanted), None)
    if same is None:
        return False
    with st.container(border=True):
        st.markdown(f"This run is there already: **{markdown(run_descriptions.line(same))}**.")
        with st.container(horizontal=True):
            st.button("Open it", type="primary", key="form-open-same", on_click=_open, args=(same.run_id,))
            st.button("Train it again", key="form-again", on_click=st.session_state.update, args=({_AGAIN: True},))
    return True


def _open(run_id: str) -> None:
    state.choose_run(run_id)
    st.session_state["training-tab"] = "Training"


def plan(choice: Choice) -> RunSpec:
    """The spec of the run that the form asks for.

    Raises:
        ValueError: it is not possible; the sentence says why.
    """
    login.check_quota()
    n_classes = cache.describe(choice.dataset).n_clusters
    spec = specs.build_spec(
        choice.dataset,
        choice.method.name,
        preset=choice.preset,
        changes=choice.changes,
        budget_min=choice.budget_min,
        epochs=choice.epochs,
        seed=choice.seed,
        clusters=None if choice.clusters.n_clusters == n_classes else choice.clusters.n_clusters,
        suggested=choice.clusters.suggested,
        tags=choice.clusters.tags,
        limit=choice.limit,
        device=choice.device,
        precision=choice.precision,
        launcher=choice.launcher,
    )
    if reason := specs.validate(spec):
        raise ValueError(reason)
    specs.look(spec, cache.dataset)
    return spec


def submit(spec: RunSpec) -> str:
    """Store and hand over a run; gives its id."""
    run = cache.store().create(spec)
    launch.submit(cache.store(), run.id, spec.launcher)
    return run.id
