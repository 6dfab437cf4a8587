"""What a file is understood to hold, printed alike by `datasets` and `train`; answers to what it leaves open."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmclust.data.readers.reading import Reading


def add_answer(parser: argparse.ArgumentParser) -> None:
    """Declare the option that answers what a file leaves open."""
    parser.add_argument(
        "--answer",
        action="extend",
        nargs="+",
        default=[],
        metavar="QUESTION=ANSWER",
        help="answer to an open question about the file, as printed by `datasets PATH`",
    )


def parsed(pairs: Sequence[str]) -> dict[str, str]:
    """Answers by question, from texts such as `classes=species`.

    Raises:
        ValueError: a text of another form.
    """
    found = {}
    for pair in pairs:
        name, equals, answer = pair.partition("=")
        if not (name and equals):
            raise ValueError(f"--answer {pair!r} is not understood; write --answer 'question=answer'")
        found[name.strip()] = answer.strip()
    return found


def check(reading: "Reading", path: Path) -> None:
    """Refuse answers to what was not asked, and such as were not offered.

    Raises:
        ValueError: what is asked instead.
    """
    asked = {question.name: question for question in reading.questions}
    if unknown := [name for name in reading.answers if name not in asked]:
        raise ValueError(f"{path.name} leaves {unknown[0]!r} not open; it asks for {', '.join(asked) or 'nothing'}")
    for name, answer in reading.answers.items():
        if answer not in asked[name].options:
            raise ValueError(f"{name}={answer!r} is not possible; choose one of {', '.join(asked[name].options)}")


def lines(document: Mapping[str, Any], previews: Mapping[str, Mapping[str, str]] | None = None) -> list[str]:
    """The sentence of a document, its questions with what every answer would make of the file, and its advice."""
    found = [document["understood"]]
    for question in document["questions"]:
        word = "open" if question["open"] else "answered"
        found.append(f"{word}: {question['text']} Taken as: {question['answer']}.")
        for option in question["options"]:
            if option != question["answer"]:
                seen = (previews or {}).get(question["name"], {}).get(option, "")
                found.append(f"      --answer '{question['name']}={option}'{f'  would be: {seen}' if seen else ''}")
    return found + [f"note: {sentence}" for sentence in document["advice"]]


def refuse_open(document: Mapping[str, Any]) -> None:
    """Refuse to go on while something is open.

    Raises:
        ValueError: what is open, and how to answer it.
    """
    left = [question for question in document["questions"] if question["open"]]
    if left:
        first = left[0]
        raise ValueError(
            f"{len(left)} {'question is' if len(left) == 1 else 'questions are'} open, and --strict trains nothing "
            f"before they are answered; {first['text']} Write --answer '{first['name']}={first['answer']}' or another "
            f"of {', '.join(first['options'])}"
        )
