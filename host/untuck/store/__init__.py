"""Sessions on disk: raw packets as received, and every setting and command that affects their analysis."""

import logging

from untuck.store.session import Settings, StoredSession
from untuck.store.sessions import Recording, Store

logging.getLogger(__name__).addHandler(logging.NullHandler())  # no output unless the program configures logging

__all__ = ["Recording", "Settings", "Store", "StoredSession"]
