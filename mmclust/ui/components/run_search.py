"""A run among thousands: boxes offer the newest ones, the server finds the others."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import streamlit as st

from mmclust.escaping import markdown
from mmclust.runs.memo import Memo
from mmclust.runs.record import RunRecord
from mmclust.ui.components import run_descriptions

MOST = 200
"""Runs that a box offers: each of them is sent to the browser at every click."""
SHOWN = 8
"""Found runs that are shown, the newest first."""


def few(records: Iterable[RunRecord], chosen: Collection[RunRecord] = ()) -> dict[str, RunRecord]:
    """The newest runs and the chosen ones, by id: what a box offers.

    Args:
        records: newest first.
        chosen: runs that must be in it.
    """
    found: dict[str, RunRecord] = {}
    for record in records:
        if len(found) == MOST:
            break
        found[record.run_id] = record
    return found | {record.run_id: record for record in chosen if record.run_id not in found}


def few_linked(records: Mapping[str, RunRecord], name: str) -> dict[str, RunRecord]:
    """`few`, with the run that a `linked` choice stands on or the URL asks for.

    Args:
        records: by id, newest first.
        name: of the choice in the URL.
    """
    wanted = (st.session_state.get(f"linked:{name}"), st.query_params.get(name))
    return few(records.values(), [records[run_id] for run_id in wanted if run_id is not None and run_id in records])


def popover(records: Sequence[RunRecord], choose: Callable[[str], None], *, key: str) -> None:
    """A button that finds a run by words, where there are more than a box offers; nothing otherwise.

    Args:
        records: to be searched, newest first.
        choose: given the id of the run that is clicked.
        key: of the widgets.
    """
    if len(records) <= MOST:
        return
    with st.popover("", icon=":material/search:", key=key, help=f"Find any of {len(records):,} runs"):
        text = st.text_input(
            f"Find among {len(records):,} runs",
            key=f"{key}-text",
            placeholder="words of its name, data set, method, settings or id",
            help=f"The box offers the newest {MOST}. All words must occur; press Enter to search.",
        )
        if not text.strip():
            return
        found = matching(records, text)
        more = f", the newest {SHOWN} of them here" if len(found) > SHOWN else ""
        st.caption(f"{len(found):,} run{'' if len(found) == 1 else 's'} found{more}.")
        for record in found[:SHOWN]:
            st.button(
                markdown(run_descriptions.line(record)),
                key=f"{key}-{record.run_id}",
                type="tertiary",
                on_click=choose,
                args=(record.run_id,),
            )


def matching(records: Iterable[RunRecord], text: str) -> list[RunRecord]:
    """The runs in whose words all the given ones occur, in any order and case."""
    words = text.lower().split()
    return [record for record in records if all(word in _words(record) for word in words)]


def _told(record: RunRecord) -> str:
    spec = record.spec
    words = [run_descriptions.whole(record), run_descriptions.about(record), spec.preset, *spec.tags]
    words += [f"{name}={value}" for name, value in spec.config.items()]
    return " ".join((*words, spec.dataset, spec.method)).lower()


_words = Memo(_told)
