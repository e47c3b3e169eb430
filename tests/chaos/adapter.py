"""The computer's Bluetooth adapter on a TCP port, with the faults of a busy system between it and the program."""

from __future__ import annotations

import asyncio
import random
import struct

from bumble import hci
from virtual_clip.hci_adapter import HciAdapter
from virtual_clip.radio_channel import RadioChannel

_ATT, _NOTIFICATION = 0x0004, 0x1B
_STOPPED_HOLDS = 100  # notifications that a system keeps for a program that does not read


class Adapter:
    """Serves one program at a time; a program that ends loses its links, as with a reset of the adapter.

    repeats, swaps: share of notifications that come twice, or after the next one. stopped: the program is stopped: what
    it cannot take is dropped after a while.
    """

    def __init__(self, channel: RadioChannel, address: str, rng: random.Random) -> None:
        self.port = 0
        self.repeats = self.swaps = 0.0
        self._stopped = False
        self._held = 0
        self._channel = channel
        self._address = address
        self._rng = rng
        self._late: bytes | None = None
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Open the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port."""
        assert self._server is not None
        self._server.close()

    def set_stopped(self, stopped: bool) -> None:
        """The program is stopped, or goes on."""
        self._stopped, self._held = stopped, 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        adapter = HciAdapter(self._channel, self._address, lambda data: self._pass(writer, data))
        try:
            while data := await reader.read(4096):
                adapter.feed(data)
        except ConnectionError:
            pass
        adapter.on_hci_reset_command(hci.HCI_Reset_Command())
        await asyncio.sleep(0.05)  # until the clip has heard of it
        self._channel.drop_out(adapter)
        writer.close()

    def _pass(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if not _is_notification(data):
            writer.write(data)
            return
        if self._stopped:
            self._held += 1
            if self._held > _STOPPED_HOLDS:
                return
        late, self._late = self._late, None
        if late is None and self._rng.random() < self.swaps:
            self._late = data
            return
        writer.write(data)
        if self._rng.random() < self.repeats:
            writer.write(data)
        if late is not None:
            writer.write(late)


def _is_notification(data: bytes) -> bool:
    """Whether these bytes of H4 are an ACL packet with a whole notification."""
    if len(data) < 10 or data[0] != hci.HCI_ACL_DATA_PACKET:
        return False
    return struct.unpack_from("<H", data, 7)[0] == _ATT and data[9] == _NOTIFICATION
