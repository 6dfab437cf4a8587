"""Values of hyper-parameters that users want in a run that trains, until it has taken them."""

import json
import logging
from typing import Any

from sqlalchemy import Connection, select

from mmclust.runs.tables import WISHES

log = logging.getLogger(__name__)


def read(connection: Connection, run_id: str, *, after: int = 0) -> list[tuple[int, str, Any]]:
    """Id, name and value of each wish for a run, the first one first; one that cannot be read is left out.

    Args:
        connection: to the store.
        run_id: the run.
        after: only those with a larger id.
    """
    query = select(WISHES).where(WISHES.c.run_id == run_id, WISHES.c.id > after).order_by(WISHES.c.id)
    found = []
    for wish in connection.execute(query):
        try:
            found.append((wish.id, str(wish.name), json.loads(wish.value)))
        except (ValueError, TypeError) as error:
            log.warning("a wish for run %s cannot be read and is left out: %s", run_id, error)
    return found
