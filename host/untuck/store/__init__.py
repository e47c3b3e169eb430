"""Sessions on disk: raw packets as received, and every setting and command that affects their analysis.

Names are loaded when they are first used: who handles only values of a session needs no SQLite.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from untuck.store.session import Settings, StoredSession
    from untuck.store.sessions import Recording, Store

logging.getLogger(__name__).addHandler(logging.NullHandler())  # no output unless the program configures logging

__all__ = ["Recording", "Settings", "Store", "StoredSession"]

_LAZY = {
    "Recording": "untuck.store.sessions",
    "Settings": "untuck.store.session",
    "Store": "untuck.store.sessions",
    "StoredSession": "untuck.store.session",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'untuck.store' has no attribute '{name}'")
    return getattr(import_module(_LAZY[name]), name)
