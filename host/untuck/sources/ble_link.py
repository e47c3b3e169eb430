"""One Bluetooth connection to a clip: find, connect, command, close; each with a time-out and a helpful error.

bleak is the radio; tests use another backend. Handles known quirks of the platforms: calls that hang, reads that look
like notifications, a disconnect that takes seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from bleak import BleakClient
from bleak.backends.device import BLEDevice
from bleak.exc import BleakError

from untuck import wire
from untuck.errors import LinkError
from untuck.model import Packet
from untuck.sources import computer_clock, remedies
from untuck.sources.ble_scan import HeardClip, find_clip
from untuck.sources.clip_status import ClipStatus
from untuck.sources.radio_turn import radio_turn
from untuck.sources.remedies import Interrupted, shorten_addresses
from untuck.sources.stack import Adapter, Backend

log = logging.getLogger(__name__)

STATUS_AGAIN_S = 0.1
SETTLE_S = 0.1  # for the service to see that nobody listens
_SLICE_S = 0.25

T = TypeVar("T")


@dataclass(frozen=True)
class Timeouts:
    """Time-outs in seconds."""

    scan_s: float = 10.0
    connect_s: float = 20.0  # BlueZ: discovery alone can take several seconds
    call_s: float = 5.0  # a read, a write, an answer
    pair_s: float = 30.0  # some systems ask the user
    close_s: float = 5.0  # BlueZ takes 2-3 s
    silence_s: float = 10.0  # without a packet: reconnect
    outage_s: float = 120.0  # how long to search for a lost clip


async def _read_status(client: BleakClient) -> ClipStatus:
    """Read the status, which is empty until the clip trusts the link; it ends a link that it will not trust."""
    while True:
        if data := bytes(await client.read_gatt_char(wire.STATUS_UUID)):
            return ClipStatus.parse(data)
        await asyncio.sleep(STATUS_AGAIN_S)


class Link:
    """One connection, from open() to close(). Callbacks report packets and the loss of the connection."""

    def __init__(
        self,
        backend: Backend,
        timeouts: Timeouts,
        on_packet: Callable[[Packet], object],
        on_lost: Callable[[], None],
    ) -> None:
        self._backend = backend
        self._timeouts = timeouts
        self._on_packet = on_packet
        self._on_lost = on_lost
        self._stack = backend.open_stack()
        self._device: BLEDevice | None = None
        self._heard: HeardClip | None = None
        self._client: BleakClient | None = None
        self._is_open = False
        self._service_ended = False
        self._watch = contextlib.AsyncExitStack()
        self._calls: set[asyncio.Task[Any]] = set()  # in flight
        self._answer: asyncio.Future[ClipStatus] | None = None
        self._awaited = 0  # opcode of the command that waits for its answer
        self._one_at_a_time = asyncio.Lock()
        self.adapter: Adapter | None = None

    async def find(self, address: str | None, scan_s: float | None = None) -> HeardClip:
        """The clip with this address, or the first one heard. Raises LinkError if there is none."""
        self._device, heard, self.adapter = await find_clip(address, scan_s or self._timeouts.scan_s, self._backend)
        self._heard = heard
        return heard

    async def open(self, proven: bool = False, renew: bool = False) -> ClipStatus:
        """Connect to the found clip, pairing if necessary, read its status and subscribe. Raises LinkError.

        proven: the clip trusted this computer before. Otherwise a link that ends before the first status, even the
        second time, means that the two are not paired, whichever error the system gives. renew: the user wants to pair:
        what the computer remembers is removed first if the clip now lets anybody pair. The caller closes the link also
        after an error.
        """
        await self._meet_stale_pairing(renew)
        try:
            status = await self._open_once()
        except Interrupted as error:
            if proven:
                raise
            status = await self._open_again(error)
        self._is_open = True
        log.info(
            "connected: firmware %s, battery %s %%, %d kept runs", status.firmware, status.battery_pct, status.runs
        )
        return status

    async def _meet_stale_pairing(self, renew: bool) -> None:
        """Use no pairing that the clip has lost: at its first encryption Linux 6.1 ends bluetoothd."""
        assert self._device is not None and self._heard is not None
        pairing = self._heard.pairing
        if self._is_paired is False and not self._backend.pairs:
            raise LinkError(remedies.NOT_PAIRED)  # before it is connected: the name and address may be anybody's
        if not self._is_paired or not pairing:
            return
        if renew:
            log.info("removing the computer's side of the pairing: the clip lets a new host pair")
            await self.forget()
            await self.find(self._device.address)
        elif pairing == wire.PAIRING_FIRST:
            raise LinkError(remedies.NOT_PAIRED)

    async def _open_again(self, error: LinkError) -> ClipStatus:
        """Try once more. A pairing that the first try made is used if the clip has kept it, and forgotten if not."""
        assert self._device is not None and self._heard is not None
        was_paired, before = self._is_paired, self._heard.pairing
        log.info("opening failed, trying once more: %s", shorten_addresses(error))
        await self.close()
        try:
            now = (await self.find(self._device.address)).pairing
            if was_paired is False and (before, now) != (wire.PAIRING_FIRST, wire.PAIRING_SHUT) and now is not None:
                await self.forget()
                if now == wire.PAIRING_SHUT:
                    raise LinkError(remedies.NOT_PAIRED)
                await self.find(self._device.address)
            return await self._open_once()
        except LinkError as again:
            if was_paired is False:
                await self.forget()  # the clip has refused it; the system would assume it next time
            raise LinkError(remedies.NOT_PAIRED) if isinstance(again, Interrupted) else again from error

    async def _open_once(self) -> ClipStatus:
        assert self._device is not None
        limits = self._timeouts
        self._service_ended = False
        await self._watch.enter_async_context(self._stack.watch(self._on_service_end))
        agent = self._stack.pairing_agent(self._device.address) if self._backend.pairs else contextlib.nullcontext()
        async with agent:
            self._client = client = self._make_client()
            async with radio_turn():
                await self._bounded("connecting", limits.connect_s + limits.call_s, client.connect())
            self._stack.protect(client)
            read_s = limits.pair_s if self._stack.pairs_on_read else limits.call_s
            status = await self._bounded("reading the status", read_s, _read_status(client))
        for uuid, callback in ((wire.STATUS_UUID, self._status_came), (wire.STREAM_UUID, self._packet_came)):
            subscribing = client.start_notify(uuid, callback, bluez={"use_start_notify": False})
            await self._bounded("subscribing", limits.call_s, subscribing)
        if computer_clock.is_set():
            await self.post(wire.command(wire.CMD_TIME, int(time.time())))  # for the start times of kept runs
        else:  # the clip's own clock, set by an earlier session, is better; a first command makes this the clip's host
            await self.post(wire.command(wire.CMD_SEEN, 0, 0))
        return status

    def _make_client(self) -> BleakClient:
        backend: Any = {} if self._backend.client is None else {"backend": self._backend.client}
        assert self._device is not None
        try:
            return BleakClient(
                self._device,
                disconnected_callback=self._disconnected,
                services=[wire.SERVICE_UUID],
                timeout=self._timeouts.connect_s,
                pair=self._backend.pairs,  # before anything else on the link, where the system pairs on request
                **backend,
            )
        except Exception as error:
            raise remedies.remedy(error, "connecting") from error

    @property
    def connected(self) -> bool:
        """Whether the clip can be written to."""
        return self._client is not None and self._client.is_connected

    @property
    def _is_paired(self) -> bool | None:
        """Whether the computer assumed a pairing when the clip was found; None where the system does not say."""
        details = None if self._device is None else self._device.details
        props = details.get("props") if isinstance(details, dict) else None
        return None if props is None else bool(props.get("Paired"))

    async def forget(self) -> None:
        """Remove the computer's side of a pairing, which the clip may have lost, and close the link."""
        # macOS: NotImplementedError; BlueZ: KeyError for a device that it has removed
        with contextlib.suppress(LinkError, NotImplementedError, KeyError):
            await self._bounded("removing the pairing", self._timeouts.call_s, self._make_client().unpair())
        await self.close()

    async def command(self, data: bytes, wait_s: float | None = None) -> ClipStatus:
        """Write a command and wait for the status that answers it; the caller checks the result.

        wait_s: time-out for a command that takes the clip longer than call_s.
        """
        limit_s = wait_s or self._timeouts.call_s
        async with self._one_at_a_time:
            self._awaited = data[0]
            answer: asyncio.Future[ClipStatus] = asyncio.get_running_loop().create_future()
            self._answer = answer
            await self._write(data, limit_s, response=True)
            if not await self._ends(answer, limit_s):
                raise remedies.remedy(TimeoutError(), f"waiting for the clip's answer within {limit_s:g} s")
            if answer.cancelled():
                raise remedies.remedy(BleakError("disconnected"), "waiting for the clip's answer")
            return answer.result()

    async def post(self, data: bytes, sure: bool = False) -> None:
        """Write a command without waiting for an answer. sure: wait until the clip has received it (before close())."""
        await self._write(data, self._timeouts.call_s, response=sure)

    async def close(self) -> None:
        """Disconnect; a connection that is already lost is not an error."""
        client, self._client = self._client, None
        self._is_open = False
        await self._watch.aclose()
        if client is not None:
            if client.is_connected and not self._calls:
                await self._stop_notifications(client)
            task = self._start(client.disconnect())
            await asyncio.wait({task}, timeout=self._timeouts.close_s)
        if self._calls:  # they end with the connection
            await asyncio.wait(self._calls, timeout=self._timeouts.close_s)

    async def _stop_notifications(self, client: BleakClient) -> None:
        """End them before the connection: bluetoothd 5.66 crashes if both end at the same time (bluez issue 1781)."""
        for uuid in (wire.STREAM_UUID, wire.STATUS_UUID):
            task = self._start(client.stop_notify(uuid))
            await asyncio.wait({task}, timeout=self._timeouts.close_s)
        await asyncio.sleep(SETTLE_S)

    async def _write(self, data: bytes, limit_s: float, response: bool) -> None:
        if self._client is None or not self.connected:
            raise remedies.remedy(BleakError("not connected"), "writing")
        writing = self._client.write_gatt_char(wire.CONTROL_UUID, data, response=response)
        await self._bounded("writing", limit_s, writing)

    async def _ends(self, call: asyncio.Future[Any], limit_s: float) -> bool:
        """Whether the call ends within limit_s. What this program itself is late does not count: it may be compiling.

        False as well when the Bluetooth service has ended.
        """
        for _ in range(max(1, round(limit_s / _SLICE_S))):
            await asyncio.wait({call}, timeout=min(_SLICE_S, limit_s))
            if call.done() or self._service_ended:
                break
        return call.done()

    def _start(self, call: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin a call of the radio, whose exception nobody needs to fetch."""
        task = asyncio.create_task(call)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    async def _bounded(self, doing: str, limit_s: float, call: Coroutine[Any, Any, T]) -> T:
        """The result of a call of the radio. Raises LinkError, also after limit_s, when it closes the link.

        The call itself is never cancelled: bluetoothd 5.66 crashes if the caller of a GATT operation goes away.
        """
        task = self._start(call)
        if not await self._ends(task, limit_s):
            await self.close()
            if self._service_ended:
                raise LinkError(remedies.SERVICE_DOWN)
            raise remedies.remedy(TimeoutError("the link is closed"), f"{doing} within {limit_s:g} s")
        try:
            return task.result()
        except asyncio.CancelledError:
            if task.cancelled():  # by the radio, not by the user
                raise remedies.remedy(BleakError("disconnected"), doing) from None
            raise
        except Exception as error:
            raise remedies.remedy(error, doing) from error

    def _disconnected(self, _: BleakClient) -> None:
        log.info("disconnected%s", "" if self._client is None else " unexpectedly")
        if self._answer is not None:
            self._answer.cancel()  # none will come
        self._lost()

    def _on_service_end(self) -> None:
        self._service_ended = True
        self._lost()

    def _lost(self) -> None:
        if self._is_open:
            self._is_open = False  # reported once
            self._on_lost()

    def _packet_came(self, _: Any, data: bytearray) -> None:
        self._on_packet(Packet(bytes(data), time.monotonic()))

    def _status_came(self, _: Any, data: bytearray) -> None:
        with contextlib.suppress(LinkError):  # a damaged status is no answer: the command times out
            status = ClipStatus.parse(bytes(data))
            if self._answer is not None and not self._answer.done() and status.command == self._awaited:
                self._answer.set_result(status)
