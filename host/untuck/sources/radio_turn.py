"""Whose turn it is on the computer's radio: a scan, or a connection in the making, excludes the others.

BlueZ rejects a second scan of one program, and systems fail to make two connections at a time. Links that are open are
not concerned.
"""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


def radio_turn() -> asyncio.Lock:
    """The lock to hold while scanning or connecting, of the running event loop; who waited longest gets it next."""
    return _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
