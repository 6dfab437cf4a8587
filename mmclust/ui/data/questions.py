"""What a file leaves open: each question with what is taken now beside what another answer would make of the file."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
import streamlit as st

from mmclust.data import readers
from mmclust.data.dataset import MultiViewDataset
from mmclust.data.readers import labels
from mmclust.data.readers.reading import Question, Reading, understood
from mmclust.escaping import markdown
from mmclust.ui.components import descriptions, sample_cards
from mmclust.ui.shell import jobs

ANSWERS = "add:answers"
"""Session key: what the user has answered, by question; guesses are not among them."""
QUICK_S = 3.0
"""A file that is read within this time is read once more for each answer that is compared."""
SKETCHED = 6
"""Samples of a sketch of one view; of several, half as many."""
MOST_CLASSES = 6


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """One reading of a file, small enough to stand beside another."""

    sentence: str
    html: str = ""
    """Some samples and the sizes of the classes; empty where the file cannot be read so."""


def answers() -> dict[str, str]:
    """What the user has answered so far."""
    return dict(st.session_state.get(ANSWERS, {}))


def forget() -> None:
    """Forget all answers, and what was chosen to be compared."""
    for key in [key for key in st.session_state if str(key).startswith("add:other:")]:
        del st.session_state[key]
    st.session_state.pop(ANSWERS, None)


def draw(path: Path, data: MultiViewDataset | None, reading: Reading, seconds: float) -> None:
    """Open questions with both readings side by side; answered ones in short, to be changed.

    Args:
        path: of the file or folder.
        data: what it is read as now; None where a question has to be answered first.
        reading: what was asked.
        seconds: how long reading took.
    """
    if not reading.questions:
        return
    n_open = len(reading.open)
    count = f"{n_open} open question{'s' if n_open > 1 else ''}" if n_open else "No open questions"
    st.markdown(f"### {count} about the file")
    now = None if data is None else sketch(data, reading)
    for question in reading.open:
        with st.container(border=True, key=f"add-question-{_key(question)}"):
            st.markdown(f"{_badge(question)} {markdown(question.text)}")
            _side_by_side(path, question, reading, now, quick=seconds < QUICK_S)
    answered = [question for question in reading.questions if question.answered]
    if answered:
        with st.container(border=True, key="add-answered"):
            for question in answered:
                _answered(question)


def sketch(data: MultiViewDataset, reading: Reading) -> Sketch:
    """A reading in a sentence, some samples, and the sizes of the classes."""
    n_shown = max(3, SKETCHED // len(data.views))
    chosen = np.sort(np.random.default_rng(0).permutation(data.n_samples)[:n_shown])
    captions = [
        descriptions.class_name(data, int(i)) or descriptions.caption(data, int(i), 30) or f"row {i + 1}"
        for i in chosen
    ]
    colors = descriptions.class_colors(data, chosen)
    cards = sample_cards.cards(data, chosen, height=40, labels=captions, colors=colors)
    return Sketch(sentence=understood(data, reading), html=f"{cards}{_classes(data)}")


def _classes(data: MultiViewDataset) -> str:
    """HTML of the classes with their sizes, in one line."""
    if data.labels is None:
        return ""
    counts = np.bincount(data.labels[data.labels >= 0], minlength=data.spec.n_clusters)
    named = list(zip(descriptions.class_names(data), counts, strict=False))
    shown = ", ".join(f"{escape(name[:30])} ({n:,})" for name, n in named[:MOST_CLASSES])
    more = f" and {len(named) - MOST_CLASSES:,} more" if len(named) > MOST_CLASSES else ""
    return f"<small>Classes: {shown}{more}</small>"


def _side_by_side(path: Path, question: Question, reading: Reading, now: Sketch | None, *, quick: bool) -> None:
    """What is taken now on the left, another answer on the right; of a question without a guess, every answer."""
    if not question.answer:
        columns = st.columns(max(2, min(3, len(question.options))), gap="medium")
        for place, option in zip(columns, question.options, strict=False):
            with place:
                st.markdown(f"**{markdown(option)}**")
                _button(question, option, "Use this")
                _alternative(path, reading, question, option, quick=quick)
        return
    left, right = st.columns(2, gap="medium")
    others = [option for option in question.options if option != question.answer]
    others.sort(key=lambda option: option == labels.NONE)  # what might hold the classes says more than none
    with left:
        st.markdown(f"Taken now, as a guess: **{markdown(question.answer)}**")
        _button(question, question.answer, "Confirm")
        if now is not None:
            _draw(now)
    with right:
        other = others[0]
        if len(others) == 1:
            st.markdown(f"The other answer: **{markdown(other)}**")
        else:
            other = st.selectbox(
                "Compare with",
                others,
                key=f"add:other:{question.name}",
                label_visibility="collapsed",
                help="Another answer, to compare what the file would be read as.",
            )
        _button(question, other, "Use this instead")
        _alternative(path, reading, question, other, quick=quick)


def _alternative(path: Path, reading: Reading, question: Question, option: str, *, quick: bool) -> None:
    """What another answer would make of the file; of a file that is read slowly, when it is asked for."""
    given = reading.answers | {question.name: option}
    asked = f"add:look:{question.name}:{option}"
    if not quick and not st.session_state.get(asked):
        st.button(
            "Preview",
            key=f"{asked}:button",
            icon=":material/visibility:",
            on_click=st.session_state.__setitem__,
            args=(asked, True),
            help="Read the file once more with this answer.",
        )
        return
    found = jobs.result(
        ("sketch", str(path), tuple(sorted(given.items()))),
        lambda report: _sketched(path, given, report),
        label="Reading",
        height=160,
        border=False,
    )
    if found is not None:
        _draw(found)


def _sketched(path: Path, given: Mapping[str, str], report: jobs.OnProgress) -> Sketch:
    reading = Reading(given)
    try:
        return sketch(readers.read(path, reading, progress=lambda fraction, _: report(fraction)), reading)
    except ValueError as error:
        return Sketch(sentence=f"Not read: {error}.")
    finally:
        readers.forget(path, given)


def _draw(found: Sketch) -> None:
    if found.html:
        st.html(found.html)
    st.caption(markdown(found.sentence))


def _answered(question: Question) -> None:
    """A question that was answered, and its answers to change it."""
    key = f"add:answer:{question.name}"
    st.session_state[key] = question.answer
    st.selectbox(
        markdown(question.text),
        question.options,
        key=key,
        on_change=_change,
        args=(question.name, key),
        help="Your answer; choose another to change it.",
    )
    st.button(
        "Reopen",
        key=f"add:reopen:{question.name}",
        type="tertiary",
        icon=":material/undo:",
        on_click=_reopen,
        args=(question.name,),
        help="Take the answer back and compare the readings again.",
    )


def _button(question: Question, option: str, label: str) -> None:
    st.button(
        label,
        key=f"add:use:{question.name}:{option}",
        icon=":material/check:" if label == "Confirm" else None,
        on_click=_answer,
        args=(question.name, option),
        help=f"Answer: {option}",
    )


def _answer(name: str, option: str) -> None:
    st.session_state[ANSWERS] = answers() | {name: option}


def _change(name: str, key: str) -> None:
    _answer(name, st.session_state[key])


def _reopen(name: str) -> None:
    st.session_state[ANSWERS] = {key: answer for key, answer in answers().items() if key != name}


def _badge(question: Question) -> str:
    return ":red-badge[answer needed]" if question.must else ":orange-badge[open]"


def _key(question: Question) -> str:
    return "".join(c if c.isalnum() else "-" for c in question.name)[:40]


def timed(
    path: Path, given: Mapping[str, str], report: jobs.OnProgress
) -> tuple[MultiViewDataset | None, Reading, float]:
    """The data set, or None where a question has to be answered first; what was asked; and how long reading took.

    Raises:
        ValueError: the file cannot be read, in one sentence.
    """
    reading, began = Reading(given), time.monotonic()
    try:
        data = readers.read(path, reading, progress=lambda fraction, _: report(fraction))
    except ValueError:
        if not any(question.must and not question.answer for question in reading.questions):
            raise
        data = None
    return data, reading, time.monotonic() - began
