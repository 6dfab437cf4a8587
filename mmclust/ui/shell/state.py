"""What a user has chosen: session keys and their place in the URL.

Keys of `st.session_state` that widgets share are declared here; the run and the epoch also stand in the URL, so
that a link shows the same thing to somebody else.
"""

from collections.abc import Mapping, Sequence

import streamlit as st

RUN, EPOCH, ANNOTATION, N_CLUSTERS = "run", "epoch", "annotation", "k"
"""Names in the URL; the widgets that set them use the keys below."""

RUN_WIDGET, EPOCH_WIDGET = "run_picker", "epoch_picker"
_ACCEPTED = "accepted-of-the-url"


def run_id() -> str | None:
    """The chosen run: from the URL, else what was chosen earlier in this session."""
    if (named := st.query_params.get(RUN)) and named != st.session_state.get(RUN):
        st.session_state[RUN] = named
        st.session_state.pop(EPOCH, None)
    return st.session_state.get(RUN)


def choose_run(run_id: str) -> None:
    """Choose a run, at its last epoch, and put it in the URL."""
    if st.session_state.get(RUN) != run_id:
        st.session_state.pop(EPOCH, None)
        st.query_params.pop(EPOCH, None)
        st.query_params.pop(N_CLUSTERS, None)  # each run keeps its own
    st.session_state[RUN] = run_id
    st.query_params[RUN] = run_id


def epoch() -> int | None:
    """The chosen epoch of the chosen run; None: the last one."""
    named = st.query_params.get(EPOCH, "")
    if named.isdigit():
        st.session_state[EPOCH] = int(named)
    return st.session_state.get(EPOCH)


def forget_epoch() -> None:
    """Forget the chosen epoch; the URL is left as it is until the page has chosen another."""
    st.session_state.pop(EPOCH, None)


def choose_epoch(epoch: int | None) -> None:
    """Choose an epoch (None: the last one) and put it in the URL."""
    if epoch is None:
        st.session_state.pop(EPOCH, None)
        st.query_params.pop(EPOCH, None)
    else:
        st.session_state[EPOCH] = epoch
        st.query_params[EPOCH] = str(epoch)


def annotation(run_id: str) -> str | None:
    """The annotation that is switched on for a run: from the URL, else what was chosen earlier in this session."""
    if named := st.query_params.get(ANNOTATION):
        st.session_state[ANNOTATION] = (run_id, named)
    of_run, chosen = st.session_state.get(ANNOTATION, (None, None))
    return chosen if of_run == run_id else None


def choose_annotation(run_id: str, annotation_id: str | None) -> None:
    """Switch an annotation on (None: off) and put it in the URL."""
    if annotation_id is None:
        st.session_state.pop(ANNOTATION, None)
        st.query_params.pop(ANNOTATION, None)
    else:
        st.session_state[ANNOTATION] = (run_id, annotation_id)
        st.query_params[ANNOTATION] = annotation_id


def n_clusters(run_id: str) -> int | None:
    """The number that a run's clusters are merged to: from the URL, else as chosen for that run in this session."""
    kept: dict[str, int] = st.session_state.setdefault(N_CLUSTERS, {})
    named = st.query_params.get(N_CLUSTERS, "")
    if named.isdecimal() and len(named) < 10:
        kept[run_id] = int(named)
    return kept.get(run_id)


def choose_n_clusters(run_id: str, number: int | None) -> None:
    """Merge a run's clusters to a number of them (None: not at all) and put it in the URL."""
    kept: dict[str, int] = st.session_state.setdefault(N_CLUSTERS, {})
    if number is None:
        kept.pop(run_id, None)
        st.query_params.pop(N_CLUSTERS, None)
    else:
        kept[run_id] = number
        st.query_params[N_CLUSTERS] = str(number)


def accept(name: str) -> None:
    """Note that what the URL said by a name was taken, although it need not stand there: it is the default."""
    st.session_state.setdefault(_ACCEPTED, set()).add(name)


def accepted() -> frozenset[str]:
    """Names of the URL whose values were taken in this run of the page."""
    return frozenset(st.session_state.get(_ACCEPTED, ()))


def forget_accepted() -> None:
    """Begin a run of the page."""
    st.session_state[_ACCEPTED] = set()


def sync_url(run_id: str, epoch: int | None) -> None:
    """Make the URL say what the page shows, also after a click in the navigation has cleared it."""
    choose_run(run_id)
    choose_epoch(epoch)


def linked(name: str, options: Sequence[str], default: str, *, former: Mapping[str, str] | None = None) -> str:
    """Session key of a choice that stands in the URL by its own name, whatever words the widget shows for it.

    Streamlit's own binding would write those words, which hold names of data sets and may change.

    Args:
        name: in the URL.
        options: what may be chosen; of anything else in the URL the page says so (`links`).
        default: the choice that needs no place in the URL.
        former: options by the names that they have in links of earlier versions.
    """
    key = f"linked:{name}"
    found = st.session_state.get(key)
    asked = st.query_params.get(name, "")
    if (former or {}).get(asked, asked) in options:
        accept(name)
    if found not in options:
        wanted = st.query_params.get(name, "")
        wanted = (former or {}).get(wanted, wanted)
        found = wanted if wanted in options else default
    # written every time: a browser whose page was run again before it was drawn would show no choice at all
    st.session_state[key] = found
    return key


def set_linked(name: str, value: str) -> None:
    """Make a `linked` choice for the next run of the page, whose widget may be drawn already."""
    st.query_params[name] = value
    st.session_state.pop(f"linked:{name}", None)


def link(name: str, default: str) -> str:
    """Put a `linked` choice into the URL, and give it."""
    chosen = st.session_state.get(f"linked:{name}") or default
    if chosen == default:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = chosen
    return chosen
