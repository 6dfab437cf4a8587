"""The annotations of runs as stored: named lists of steps, of which the last ones may be undone."""

import json
import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from mmclust.evaluation.annotation import Step, from_json, to_json
from mmclust.runs import beside, columns
from mmclust.runs.database import Database
from mmclust.runs.tables import ANNOTATIONS
from mmclust.runs.texts import clean

log = logging.getLogger(__name__)

LONGEST_NAME = 100
MOST_STEPS = 500


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """What a user laid over the clusters of a run, at one version."""

    annotation_id: str
    run_id: str
    name: str
    epoch: int
    """At which it was begun: the codes of this epoch decided how clusters were split."""
    steps: tuple[Step, ...]
    """All steps; those that were undone last."""
    n_applied: int
    version: int
    """Counts the changes."""
    created: float
    """Seconds since 1970, UTC."""

    @property
    def applied(self) -> tuple[Step, ...]:
        """The steps that hold."""
        return self.steps[: self.n_applied]


class Annotations:
    """The annotations in a store. They belong to runs of it, or to the bundled example."""

    def __init__(self, store: Database) -> None:
        self.store = store

    def of(self, run_id: str) -> list[Annotation]:
        """All annotations of a run that can be read, the oldest first."""
        query = select(ANNOTATIONS).where(ANNOTATIONS.c.run_id == run_id).order_by(ANNOTATIONS.c.created)
        with self.store.reading() as connection:
            rows = connection.execute(query).mappings().all()
        found = []
        for row in rows:
            try:
                found.append(_from_row(row))
            except (ValueError, TypeError) as error:
                log.warning("annotation %s is left out, it cannot be read: %s", row["annotation_id"], error)
        return found

    def get(self, annotation_id: str) -> Annotation:
        """One annotation as stored now.

        Raises:
            ValueError: it was deleted.
        """
        query = select(ANNOTATIONS).where(ANNOTATIONS.c.annotation_id == annotation_id)
        with self.store.reading() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise ValueError("this annotation was deleted; choose another one, or begin a new one")
        try:
            return _from_row(row)
        except (ValueError, TypeError) as error:
            raise ValueError(f"this annotation cannot be read ({error}); delete it and begin a new one") from error

    def create(self, run_id: str, name: str, *, epoch: int) -> Annotation:
        """A new annotation without steps.

        Raises:
            ValueError: the name is empty or taken.
        """
        made = Annotation(
            annotation_id=secrets.token_hex(6),
            run_id=run_id,
            name=_clean(name),
            epoch=epoch,
            steps=(),
            n_applied=0,
            version=0,
            created=time.time(),
        )
        values = {name: getattr(made, name) for name in made.__dataclass_fields__} | {"steps": "[]"}
        try:
            with self.store.writing() as connection:
                connection.execute(insert(ANNOTATIONS).values(**values))
            beside.keep_of_run(self.store, run_id)
        except IntegrityError as error:
            raise ValueError(f"this run has an annotation called {made.name} already; choose another name") from error
        return made

    def rename(self, annotation: Annotation, name: str) -> Annotation:
        """Give an annotation another name.

        Raises:
            ValueError: the name is empty or taken, or the annotation was changed meanwhile.
        """
        try:
            return self._change(annotation, name=_clean(name))
        except IntegrityError as error:
            raise ValueError(
                f"this run has an annotation called {_clean(name)} already; choose another name"
            ) from error

    def delete(self, annotation_id: str) -> None:
        """Forget an annotation; the run stays as it is."""
        this = ANNOTATIONS.c.annotation_id == annotation_id
        with self.store.writing() as connection:
            run_id = connection.scalar(select(ANNOTATIONS.c.run_id).where(this))
            connection.execute(delete(ANNOTATIONS).where(this))
        if run_id is not None:
            beside.keep_of_run(self.store, run_id)

    def add(self, annotation: Annotation, step: Step) -> Annotation:
        """Take one more step after those that hold; steps that were undone are dropped.

        Raises:
            ValueError: there are too many steps, or the annotation was changed meanwhile.
        """
        steps = (*annotation.applied, step)
        if len(steps) > MOST_STEPS:
            raise ValueError(f"an annotation holds {MOST_STEPS} steps; begin another one")
        return self._change(annotation, steps=steps, n_applied=len(steps))

    def undo(self, annotation: Annotation) -> Annotation:
        """Take back the last step that holds; without one nothing happens."""
        return self._change(annotation, n_applied=max(0, annotation.n_applied - 1))

    def redo(self, annotation: Annotation) -> Annotation:
        """Take again the step that was undone last; without one nothing happens."""
        return self._change(annotation, n_applied=min(len(annotation.steps), annotation.n_applied + 1))

    def _change(self, annotation: Annotation, *, steps: Sequence[Step] | None = None, **values: Any) -> Annotation:
        """Write a change of the version that the user saw, or refuse."""
        if steps is not None:
            values["steps"] = json.dumps(to_json(steps))
        this = (ANNOTATIONS.c.annotation_id == annotation.annotation_id, ANNOTATIONS.c.version == annotation.version)
        with self.store.writing() as connection:
            done = connection.execute(update(ANNOTATIONS).where(*this).values(version=annotation.version + 1, **values))
        if not done.rowcount:
            raise ValueError(
                f"the annotation {annotation.name} was changed or deleted in another window; look at it and try again"
            )
        beside.keep_of_run(self.store, annotation.run_id)
        return self.get(annotation.annotation_id)


def _clean(name: str) -> str:
    """A name as stored."""
    cleaned = " ".join(clean(name, at_most=10 * LONGEST_NAME, lines=True).split())[:LONGEST_NAME]
    if not cleaned:
        raise ValueError("an annotation needs a name of at least one character")
    return cleaned


def _from_row(row: Mapping[Any, Any]) -> Annotation:
    columns.check(ANNOTATIONS, row)
    return Annotation(**{**row, "steps": from_json(json.loads(row["steps"]))})
