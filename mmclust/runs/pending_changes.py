"""Values of hyper-parameters that users want in a run that trains, until it has taken them."""

import json
import logging
from typing import Any

from sqlalchemy import Connection, select

from mmclust.runs.tables import PENDING_CHANGES

log = logging.getLogger(__name__)


def read(connection: Connection, run_id: str, *, after: int = 0) -> list[tuple[int, str, Any]]:
    """Id, name and value of each change asked of a run, the first one first; one that cannot be read is left out.

    Args:
        connection: to the store.
        run_id: the run.
        after: only those with a larger id.
    """
    query = (
        select(PENDING_CHANGES)
        .where(PENDING_CHANGES.c.run_id == run_id, PENDING_CHANGES.c.id > after)
        .order_by(PENDING_CHANGES.c.id)
    )
    found = []
    for change in connection.execute(query):
        try:
            found.append((change.id, str(change.name), json.loads(change.value)))
        except (ValueError, TypeError) as error:
            log.warning("a change asked of run %s cannot be read and is left out: %s", run_id, error)
    return found
