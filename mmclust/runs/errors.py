"""What can go wrong between a run and its store; every message is one sentence for the user."""


class UnknownRun(ValueError):
    """No run has that id."""


class UnreadableRun(ValueError):
    """What the store holds of a run cannot be read."""


class StoreUnavailable(ValueError):
    """The database cannot be read or written."""


class RunLost(ValueError):
    """The run was deleted, or taken over by another process, while it was executed here."""
