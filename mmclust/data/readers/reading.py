"""What a reader asks and tells while it reads: open questions with a guess, and what it understood.

Files leave things open, such as whether a sample is a row or a column. A reader asks with a guess filled in; whoever
reads without answering gets the guess, a page shows the question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mmclust.data.dataset import MultiViewDataset, ViewSpec


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


class Reading:
    """One reading of one file: answers go in, questions and notes come out.

    Args:
        answers: by the name of the question; answers that are no option of their question are ignored.
    """

    def __init__(self, answers: Mapping[str, str] | None = None) -> None:
        self.answers = dict(answers or {})
        self.questions: list[Question] = []
        self.told: list[str] = []

    def ask(self, name: str, text: str, options: Sequence[str], guess: str) -> str:
        """The answer to a question, or the guess where there is none."""
        given = self.answers.get(name, guess)
        answer = given if given in options else guess
        self.questions.append(Question(name=name, text=text, options=tuple(options), answer=answer))
        return answer

    def demand(self, name: str, text: str, options: Sequence[str], refusal: str) -> str:
        """The answer to a question that nobody may guess.

        Raises:
            ValueError: `refusal`, where it is not answered.
        """
        given = self.answers.get(name, "")
        answer = given if given in options else ""
        self.questions.append(Question(name=name, text=text, options=tuple(options), answer=answer, must=True))
        if not answer:
            raise ValueError(refusal)
        return answer

    def tell(self, text: str) -> None:
        """Note something that was understood, as a part of a sentence."""
        if text not in self.told:
            self.told.append(text)


def understood(dataset: MultiViewDataset, told: Sequence[str] = ()) -> str:
    """What was understood of a file, in one sentence such as "2 views: 2,000 x 216, 2,000 x 76; 10 classes."."""
    shapes = [_size(dataset.n_samples, view) for view in dataset.spec.views]
    if len(shapes) == 1:
        parts = [shapes[0] if dataset.spec.views[0].kind == "image" else f"1 view: {shapes[0]}"]
    else:
        parts = [f"{len(shapes)} views: {', '.join(shapes)}"]
    n_classes = dataset.spec.n_clusters
    parts.append(f"{n_classes} classes" if dataset.labels is not None else "no classes")
    if dataset.texts is not None:
        parts.append(f"{sum(map(bool, dataset.texts)):,} captions")
    if dataset.split is not None and not dataset.has_parts:
        parts.append("all in one part, so methods train and are evaluated on all")
    elif dataset.split is not None:
        parts.append(f"{int((dataset.split == 0).sum()):,} to train on and {int(dataset.split.sum()):,} to test")
    return "; ".join([*parts, *told]) + "."


def _size(n_samples: int, view: ViewSpec) -> str:
    if view.kind == "vector":
        return f"{n_samples:,} x {view.shape[0]:,}"
    channels, height, width = view.shape
    return f"{n_samples:,} {'gray' if channels == 1 else 'colour'} images of {width} x {height}"
