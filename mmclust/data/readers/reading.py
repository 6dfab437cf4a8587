"""What a reader asks and tells while it reads: open questions with a guess, what was understood, what was left out.

Files leave things open, such as whether a sample is a row or a column. A reader asks with a guess filled in; whoever
reads without answering gets the guess, a page shows the question. Nothing is left out without a word: `leave_out` takes
it down, with the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec

SHOWN = 4
"""So many names stand in a sentence; the others are counted."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """Something that a file leaves open."""

    name: str
    """What the answer is given under."""
    text: str
    options: tuple[str, ...]
    answer: str
    """The guess, or what was answered; empty where there is no guess and no answer yet."""
    must: bool = False
    """Whether there is no guess: nothing is read before it is answered."""
    answered: bool = False
    """Whether somebody has chosen; else it is open."""


@dataclass(frozen=True)
class LeftOut:
    """A part of what was given that is in no view, and why."""

    what: str
    reason: str

    def __str__(self) -> str:
        return f"{self.what} ({self.reason})"


class Reading:
    """One reading of one file: answers go in; questions, notes and what was left out come out.

    Args:
        answers: by the name of the question; answers that are no option of their question are ignored.
    """

    def __init__(self, answers: Mapping[str, str] | None = None) -> None:
        self.answers = dict(answers or {})
        self.questions: list[Question] = []
        self.told: list[str] = []
        self.left_out: list[LeftOut] = []
        self.advice: list[str] = []

    def ask(self, name: str, text: str, options: Sequence[str], guess: str) -> str:
        """The answer to a question, or the guess where there is none."""
        return self._answer(name, text, options, guess)

    def demand(self, name: str, text: str, options: Sequence[str], refusal: str) -> str:
        """The answer to a question that nobody may guess.

        Raises:
            ValueError: `refusal`, where it is not answered.
        """
        answer = self._answer(name, text, options, "", must=True)
        if not answer:
            raise ValueError(refusal)
        return answer

    def _answer(self, name: str, text: str, options: Sequence[str], guess: str, *, must: bool = False) -> str:
        known = next((question for question in self.questions if question.name == name), None)
        if known is not None and known.options == tuple(options):
            return known.answer
        given = self.answers.get(name, "")
        answer = given if given in options else guess
        question = Question(
            name=name, text=text, options=tuple(options), answer=answer, must=must, answered=given in options
        )
        self.questions.append(question)
        return answer

    def tell(self, text: str) -> None:
        """Note something that was understood, as a part of a sentence."""
        if text not in self.told:
            self.told.append(text)

    def advise(self, sentence: str) -> None:
        """Say what can be done with data of this form, or what would have to change."""
        if sentence not in self.advice:
            self.advice.append(sentence)

    def leave_out(self, what: str, reason: str) -> None:
        """Take down what is in no view and why, e.g. "24 files (.heic)"."""
        if (found := LeftOut(what, reason)) not in self.left_out:
            self.left_out.append(found)

    @property
    def open(self) -> list[Question]:
        """Questions that nobody has answered yet."""
        return [question for question in self.questions if not question.answered]

    def part(self) -> "Reading":
        """A reading of one of several files, with the same answers; `take` brings back what it found."""
        return Reading(self.answers)

    def take(self, other: "Reading", where: str = "") -> None:
        """Take over what was asked, told and left out of one file among several, called `where`."""
        of = f" ({where})" if where else ""
        for question in other.questions:
            if question not in self.questions:
                self.questions.append(question)
        for told in other.told:
            self.tell(f"{told}{of}")
        for one in other.left_out:
            self.leave_out(f"{one.what} in {where}" if where else one.what, one.reason)
        for sentence in other.advice:
            self.advise(sentence)

    def dump(self) -> dict[str, Any]:
        """All but the answers, as JSON has it."""
        return {
            "questions": [asdict(question) for question in self.questions],
            "told": list(self.told),
            "left_out": [asdict(one) for one in self.left_out],
            "advice": list(self.advice),
        }

    def restore(self, dumped: Mapping[str, Any]) -> None:
        """Take over what `dump` gave of an earlier reading of the same file with the same answers."""
        other = Reading()
        other.questions = [Question(**q | {"options": tuple(q["options"])}) for q in dumped["questions"]]
        other.told = list(dumped["told"])
        other.left_out = [LeftOut(**one) for one in dumped["left_out"]]
        other.advice = list(dumped["advice"])
        self.take(other)


def document(dataset: MultiViewDataset, reading: Reading) -> dict[str, Any]:
    """What was understood, asked and left out of a data set, as JSON: printed, shown, and kept with every run."""
    return _document(dataset.spec, dataset.n_samples, understood(dataset, reading), reading)


def outline(
    spec: DataSpec,
    n_samples: int,
    reading: Reading,
    *,
    labels: np.ndarray | None,
    split: np.ndarray | None,
    texts: np.ndarray | None,
) -> dict[str, Any]:
    """As `document`, of a data set whose pictures have not been read yet."""
    return _document(spec, n_samples, _sentence(spec, n_samples, labels, texts, split, reading), reading)


def _document(spec: DataSpec, n_samples: int, sentence: str, reading: Reading) -> dict[str, Any]:
    asked = [
        {"name": q.name, "text": q.text, "options": list(q.options), "answer": q.answer, "open": not q.answered}
        for q in reading.questions
    ]
    return {
        "understood": sentence,
        "n_samples": n_samples,
        "n_clusters": spec.n_clusters,
        "views": [view.name for view in spec.views],
        "shapes": [list(view.shape) for view in spec.views],
        "classes": list(spec.classes),
        "questions": asked,
        "left_out": [str(one) for one in reading.left_out],
        "advice": list(reading.advice),
    }


def understood(dataset: MultiViewDataset, reading: Reading | Sequence[str] = ()) -> str:
    """What was understood of a file, in one sentence such as "2 views: 2,000 x 216, 2,000 x 76; 10 classes."."""
    return _sentence(dataset.spec, dataset.n_samples, dataset.labels, dataset.texts, dataset.split, reading)


def _sentence(
    spec: DataSpec,
    n_samples: int,
    labels: np.ndarray | None,
    texts: np.ndarray | None,
    split: np.ndarray | None,
    reading: Reading | Sequence[str],
) -> str:
    told = [*reading.told, *_left_out(reading)] if isinstance(reading, Reading) else list(reading)
    parts = [_views(spec, n_samples)]
    parts.append(f"{spec.n_clusters} classes" if labels is not None else "no classes")
    if labels is not None and (n_without := int((labels < 0).sum())):
        parts.append(f"{n_without:,} without a class, which are clustered but not scored")
    if texts is not None:
        parts.append(f"{sum(map(bool, texts)):,} captions")
    if split is not None:
        is_one = bool(split.all()) or not split.any()
        alone = "all in one part, so methods train and are evaluated on all"
        parts.append(alone if is_one else _parts(split))
    return "; ".join([*parts, *told]) + "."


def _views(spec: DataSpec, n_samples: int) -> str:
    shapes = [_size(n_samples, view) for view in spec.views]
    if len(shapes) > 1:
        return f"{len(shapes)} views: {', '.join(shapes)}"
    return shapes[0] if spec.views[0].kind == "image" else f"1 view: {shapes[0]}"


def _parts(split: np.ndarray) -> str:
    return f"{int((split == 0).sum()):,} to train on and {int(np.sum(split)):,} to test"


def _left_out(reading: Reading) -> list[str]:
    return [f"left out: {', '.join(map(str, reading.left_out))}"] if reading.left_out else []


def _size(n_samples: int, view: ViewSpec) -> str:
    if view.kind == "vector":
        return f"{n_samples:,} x {view.shape[0]:,}"
    channels, height, width = view.shape
    return f"{n_samples:,} {'gray' if channels == 1 else 'colour'} images of {width} x {height}"


def listed(names: Sequence[str]) -> str:
    """Names for a sentence; of many the first few, and how many more there are."""
    shown = ["".join(c if c.isprintable() else "?" for c in name)[:60] for name in names[:SHOWN]]
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(shown) + more
