"""The computer's Bluetooth stack, beyond what bleak offers: its adapters, consent to pairing, and its end.

Linux needs all three from a program (bluez.py); other systems have one adapter and ask the user themselves.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from bleak import BleakClient
from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import BaseBleakScanner

from untuck.errors import LinkError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Adapter:
    """A Bluetooth adapter of this computer. name: such as hci0, which can change when the computer restarts."""

    name: str
    address: str
    powered: bool

    def __str__(self) -> str:
        return f"{self.name} ({self.address})"


class Stack:
    """A stack that has one adapter and asks the user itself."""

    pairs_on_read = False  # the first read of protected data starts pairing, and lasts until the user has answered
    response_s = 1.0  # for the scan response, which some report after the advertisement, or from their memory

    async def choose_adapter(self, wanted: str, clip: str | None) -> Adapter | None:
        """The adapter to use; None: the system chooses. Raises LinkError if no adapter can be used.

        wanted: name or address, "" for the one that is paired with the clip of address `clip` (None: with any clip).
        """
        if wanted:
            raise LinkError("The adapter can be chosen on Linux only: leave out --adapter and clip.adapter.")
        return None

    def protect(self, client: BleakClient) -> None:
        """Make the system encrypt the link before each access to the clip's data, where it does so only on request."""

    @contextlib.asynccontextmanager
    async def pairing_agent(self, clip: str) -> AsyncIterator[None]:
        """Inside the context, pairing with this clip is consented to."""
        yield

    @contextlib.asynccontextmanager
    async def watch(self, on_gone: Callable[[], None]) -> AsyncIterator[None]:
        """Inside the context, `on_gone` is called when the stack ends, which breaks all connections unannounced."""
        yield


class CoreBluetoothStack(Stack):
    """macOS: it pairs at the first read of protected data."""

    pairs_on_read = True


class WinRtStack(Stack):
    """Windows: it encrypts a link when data needs it, which a program may demand for each characteristic."""

    def protect(self, client: BleakClient) -> None:
        """Demand encryption. Not tried on a computer with Windows: if it fails, the link is used as it is."""
        try:
            gatt = importlib.import_module("winrt.windows.devices.bluetooth.genericattributeprofile")
            for characteristic in client.services.characteristics.values():
                characteristic.obj.protection_level = gatt.GattProtectionLevel.ENCRYPTION_REQUIRED
        except Exception as error:
            log.warning("Windows did not take the demand for encryption: %r", error)


@dataclass(frozen=True)
class Backend:
    """The radio: bleak's classes and the stack, None for those of the platform; tests use the virtual radio's.

    adapter: name or address of the adapter, "" for the one that is paired with the clip. pairs: whether a link may
    pair; otherwise only a clip that is paired already is connected.
    """

    scanner: type[BaseBleakScanner] | None = None
    client: type[BaseBleakClient] | None = None
    stack: Stack | None = None
    adapter: str = ""
    pairs: bool = True

    def open_stack(self) -> Stack:
        """The stack that these classes belong to; a client that is not the platform's may name its own as `stack`."""
        stack: Stack | None = self.stack or getattr(self.client, "stack", None)
        if stack is not None:
            return stack
        if self.scanner is None and sys.platform.startswith("linux"):
            from untuck.sources.bluez import BluezStack

            return BluezStack()
        kinds = {"darwin": CoreBluetoothStack, "win32": WinRtStack}
        return kinds.get(sys.platform, Stack)()
