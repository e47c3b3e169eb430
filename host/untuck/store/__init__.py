"""Sessions on disk: raw packets as they came, and everything that steers their analysis."""

from untuck.store.session import Settings, StoredSession
from untuck.store.sessions import Recording, Store

__all__ = ["Recording", "Settings", "Store", "StoredSession"]
