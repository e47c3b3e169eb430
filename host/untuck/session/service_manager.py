"""Messages to systemd when it has started this program as a service: ready, what it does, alive.

systemd names a datagram socket in NOTIFY_SOCKET (sd_notify(3)); without it nothing is sent.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ALIVE_SHARE = 0.3  # of the watchdog's time, between two messages


def report(**values: str) -> None:
    """Send values such as READY="1" or STATUS="waiting for the clip"; nothing happens where nobody listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
        return
    text = "\n".join(f"{name}={' '.join(value.split())}" for name, value in values.items())
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(text.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)


@contextmanager
def alive() -> Iterator[None]:
    """Inside the context the running event loop reports that it works, as often as the service's watchdog asks."""
    limit_us = os.environ.get("WATCHDOG_USEC", "")
    if not limit_us.isdecimal() or not int(limit_us):
        yield
        return

    async def beat() -> None:
        while True:
            report(WATCHDOG="1")
            await asyncio.sleep(ALIVE_SHARE * int(limit_us) / 1e6)

    beating = asyncio.get_running_loop().create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
