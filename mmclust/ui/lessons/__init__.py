"""The Learn page: one lesson at a time, in steps; place and prediction stand in the URL."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from mmclust.lessons.lesson import Guess, Lesson
from mmclust.lessons.lessons import LESSONS, TITLES
from mmclust.lessons.shipped import Shipped
from mmclust.ui.lessons.scenes import SCENES
from mmclust.ui.shell import cache, forms, frame, hidden, state

LESSON, STEP, GUESS = "lesson", "step", "guess"
"""Names in the URL; lessons and steps are counted from 1 there."""
STEPS = ("Look", "Predict", "Takeaway")
PREDICT, LAST = 2, len(STEPS)
PLACE, GUESSES, WIDGET = "learn:place", "learn:guesses", "learn:lesson"
"""Session keys: where the user is, what was predicted in each lesson, and the choice of the lesson."""


@dataclass(frozen=True)
class Told:
    """A lesson, and what stands beside each of its steps."""

    lesson: Lesson[Any]
    scenes: tuple[str, ...]


def draw_lessons() -> None:
    """Draw the lesson that the URL names, at its step."""
    st.html(Path(__file__).with_name("learn.css"))
    if hidden.hidden():
        frame.heading("Learn", "Five short lessons based on finished runs.")
        frame.empty("Accuracy is hidden", "Every lesson is about agreement with the classes. Reveal it at the top.")
        return
    lessons = cache.store().lessons()
    if lessons is None:
        frame.heading("Learn", "Five short lessons based on finished runs.")
        frame.empty(
            "The lesson runs are missing",
            "They ship with mmclust in assets/lessons; <code>python -m mmclust lessons</code> trains them again.",
            page="home.py",
            button="Back to Home",
        )
        return
    number, step = _place()
    name = list(LESSONS)[number - 1]
    told = _told(name, lessons.url)
    given = _given(name, told.lesson.guess)
    _sync_url(number, step, given)
    _head(number, step, told.lesson)
    with st.container(key="mm-lesson"):
        left, right = st.columns([5, 7], gap="large")
        with left:
            _words(name, step, told.lesson, given)
        with right:
            if step == PREDICT and given is None:
                st.html('<div class="mm-gap mm-veil"><p>The result appears here<br>after your prediction.</p></div>')
            else:
                st.html(f'<div class="mm-scene">{told.scenes[step - 1]}</div>')
    _ways(number, step, may_go_on=step != PREDICT or given is not None)


@st.cache_resource(show_spinner="Reading the runs of the lesson …", max_entries=32)
def _told(name: str, url: str) -> Told:
    # `url` names a cache of exactly these files, so that new ones are read.
    store = cache.store().lessons()
    assert store is not None and store.url == url
    shipped = Shipped(store, cache.dataset)
    lesson = LESSONS[name](shipped)
    limit = lesson.form.get("limit")
    data = cache.dataset(lesson.form["dataset"], int(limit) if limit else None)
    return Told(lesson, tuple(scene(lesson.found, data) for scene in SCENES[name]))


def _place() -> tuple[int, int]:
    """Number of the lesson and of the step: from the URL, else where this user was."""
    last: tuple[int, int] = st.session_state.get(PLACE, (1, 1))
    number = _number(LESSON, len(LESSONS)) or last[0]
    return number, _number(STEP, LAST) or (last[1] if number == last[0] else 1)


def _number(name: str, most: int) -> int | None:
    text = st.query_params.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 3 and 1 <= int(text) <= most else None


def _given(name: str, guess: Guess) -> float | str | None:
    """What was predicted in a lesson: from the URL, else earlier in this session; None before that."""
    guesses: dict[str, float | str] = st.session_state.setdefault(GUESSES, {})
    wanted = guess.read(st.query_params.get(GUESS, ""))
    if wanted is not None:
        guesses[name] = wanted
    return guesses.get(name)


def _sync_url(number: int, step: int, given: float | str | None) -> None:
    """Make the URL say what the page shows, also after a click in the navigation has cleared it."""
    st.session_state[PLACE] = (number, step)
    st.query_params[LESSON], st.query_params[STEP] = str(number), str(step)
    if given is None or step == 1:
        st.query_params.pop(GUESS, None)
    else:
        st.query_params[GUESS] = given if isinstance(given, str) else f"{given:g}"


def _go(number: int, step: int) -> None:
    st.query_params.pop(GUESS, None)
    st.query_params[LESSON], st.query_params[STEP] = str(number), str(step)


def _head(number: int, step: int, lesson: Lesson[Any]) -> None:
    done = st.session_state.setdefault("learn:done", set())
    if step == LAST:
        done.add(number)
    titles = list(TITLES.values())
    left, right = st.columns([9, 4], vertical_alignment="center")
    with left:
        st.session_state[WIDGET] = number
        st.segmented_control(
            "Lesson",
            range(1, len(LESSONS) + 1),
            key=WIDGET,
            required=True,
            label_visibility="collapsed",
            format_func=lambda n: f"{n} · {titles[n - 1]}" + (" ✓" if n in done else ""),
            on_change=lambda: _go(st.session_state[WIDGET] or number, 1),
        )
    with right:
        items = "".join(
            f'<li class="{"mm-now" if n == step else "mm-past" if n < step else ""}"'
            f"{' aria-current=step' if n == step else ''}>{word}</li>"
            for n, word in enumerate(STEPS, start=1)
        )
        st.html(f'<ol class="mm-steps" aria-label="Step {step} of {LAST}">{items}</ol>')
    st.html(f'<div class="mm-head mm-question"><h1>{lesson.question}</h1></div>')


def _words(name: str, step: int, lesson: Lesson[Any], given: float | str | None) -> None:
    """The text of a step, with its controls."""
    if step == PREDICT:
        st.markdown(lesson.guess.question)
        if given is None:
            _ask(name, lesson.guess)
        else:
            st.markdown(lesson.guess.verdict(given))
            st.markdown(lesson.reveal)
            st.button("Predict again", icon=":material/undo:", type="tertiary", on_click=_forget, args=(name,))
        return
    st.markdown(lesson.look if step == 1 else lesson.beyond)
    if step == LAST:
        st.markdown(f"**Takeaway.** {lesson.takeaway}")
        _links(lesson)


def _ask(name: str, guess: Guess) -> None:
    """The control to predict with, and the button that shows the result."""
    key = f"learn:guess:{name}"
    if guess.options:
        value = st.radio(
            "Your prediction",
            list(guess.options),
            index=None,
            key=key,
            format_func=guess.options.__getitem__,
            help="There is no wrong prediction.",
        )
    else:
        low, high, step = (int(end) for end in (guess.low, guess.high, guess.step))
        unit = guess.unit.replace("%", "%%")
        value = st.slider(
            "Your prediction",
            low,
            high,
            (low + high) // 2 // step * step,
            step,
            key=key,
            format=f"%d {unit}",
            help="There is no wrong prediction. Use the arrow keys to move the slider.",
        )

    def show() -> None:
        # not `value`: the control may have been moved since it was drawn
        st.session_state[GUESSES][name] = st.session_state[key]

    st.button(
        "Show the result",
        type="primary",
        icon=":material/visibility:",
        disabled=value is None,
        on_click=show,
        shortcut="S",
    )


def _forget(name: str) -> None:
    st.session_state[GUESSES].pop(name, None)
    st.query_params.pop(GUESS, None)


def _links(lesson: Lesson[Any]) -> None:
    with st.container(horizontal=True, gap="small", key="mm-lesson-links"):
        for place, link in enumerate(lesson.links):
            if st.button(link.words, icon=":material/open_in_new:", key=f"learn:link:{place}"):
                st.switch_page(link.page, query_params={state.RUN: link.run})
        if st.button(
            "Try it: train with these settings",
            icon=":material/play_arrow:",
            key="learn:try",
            help=", ".join(f"{name} {value}" for name, value in lesson.form.items()),
        ):
            forms.forget()
            st.session_state["training-tab"] = "Method"
            st.switch_page("train.py", query_params=dict(lesson.form))


def _ways(number: int, step: int, *, may_go_on: bool) -> None:
    """Back and Next, at the same place on every step."""
    with st.container(horizontal=True, key="mm-lesson-ways", gap="small"):
        before = (number, step - 1) if step > 1 else (number - 1, LAST)
        st.button(
            "Back",
            icon=":material/arrow_back:",
            disabled=before[0] < 1,
            on_click=_go,
            args=before,
            shortcut="B",
            help="Previous step",
        )
        after = (number, step + 1) if step < LAST else (number + 1, 1)
        if after[0] <= len(LESSONS):
            st.button(
                "Next" if step < LAST else f"Next lesson: {list(TITLES.values())[number]}",
                icon=":material/arrow_forward:",
                icon_position="right",
                type="primary" if may_go_on else "secondary",
                disabled=not may_go_on,
                on_click=_go,
                args=after,
                shortcut="N",
                help="Next step",
            )
