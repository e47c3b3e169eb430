"""Packets from the clip over Bluetooth: each once and in order, despite lost packets and lost connections.

The clip stores packets until they are acknowledged. After a gap, a damaged packet or a reconnection the host requests
them again from the first missing one. ble_link.py has the radio calls, resend.py the order of packets.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from untuck import wire
from untuck.errors import LinkError
from untuck.model import Packet
from untuck.sources.ble_link import Link, Timeouts
from untuck.sources.ble_scan import HeardClip, find_clips
from untuck.sources.bounded_queue import BoundedQueue
from untuck.sources.clip_status import ClipStatus, rejection
from untuck.sources.remedies import Interrupted, shorten_addresses
from untuck.sources.resend import MAX_ASKED, ResendTracker, Verdict
from untuck.sources.stack import Backend
from untuck.vocabulary import facts

__all__ = ["Backend", "BleSource", "ClipStatus", "HeardClip", "Timeouts", "find_clips"]

log = logging.getLogger(__name__)

ACK_EVERY = 10  # packets; the clip's ring holds 100 or more
ASK_AGAIN_S = 1.0  # time for a resend request to take effect
RETRY_S = 0.5
RESCAN_S = 2.0  # a scan in each attempt: one that lasts hears nothing more once the adapter was off


class _Lost:
    """Queue entry: this connection is lost."""

    def __init__(self, link: Link) -> None:
        self.link = link


class BleSource:
    """A streaming clip, as an async context manager.

    Entering scans for a clip (the one with `address`, else the first heard), connects and starts a new stream at
    `rate_hz`; packets() yields its packets. The clip keeps each until it is acknowledged: when stored() reports it, or,
    if not `durable`, when the consumer requests the next one. Leaving without an error stops the clip and discards what
    nobody has taken; what was taken and not reported as stored stays on the clip, as all does after an error.
    retry_s: pause between attempts to reconnect. Entering, packets() and stop() raise LinkError, whose text says what
    to do.
    """

    def __init__(
        self,
        rate_hz: int = 100,
        address: str | None = None,
        backend: Backend | None = None,
        timeouts: Timeouts | None = None,
        *,
        durable: bool = False,
        retry_s: float = RETRY_S,
    ) -> None:
        self.keeper = self
        self.name = ""
        self.address = address
        self.status: ClipStatus | None = None
        self.rssi_dbm = 0  # at the last scan
        self.reconnects = 0
        self.restarts = 0  # how often the clip restarted: its clock and sequence numbers began again
        self._rate_hz = rate_hz
        self._backend = backend or Backend()
        self._timeouts = timeouts or Timeouts()
        self._order = ResendTracker()
        self._queue: BoundedQueue[Packet | _Lost | None] = BoundedQueue()
        self._link: Link | None = None
        self._asked_at = (-1, 0.0)  # sequence number of the last resend request, and when
        self._end: int | None = None  # the stream ends before this sequence number
        self._stopping = False
        self.silent = False  # packets() has given up a connected clip that sent none: it keeps what it has
        self._durable = durable
        self._retry_s = retry_s
        self._stored: tuple[int, int] | None = None  # stream and number of the last packet that is reported as stored,
        self._yielded: tuple[int, int] | None = None  # and of the last one taken, if durable
        self._acknowledging: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether the clip can be written to."""
        return self._link is not None and self._link.connected

    @property
    def lost(self) -> int:
        """Packets that never came: the clip had no memory to store them any longer."""
        return self._order.lost

    @property
    def resent(self) -> int:
        """Packets that came only after a resend request."""
        return self._order.resent

    @property
    def corrupt(self) -> int:
        """Packets that came damaged; each was requested again."""
        return self._order.corrupt

    async def __aenter__(self) -> Self:
        try:
            try:
                await self._connect()
                await self._start()
            except Interrupted as error:  # it began, so it may work: a link can break at its start too
                log.info("starting failed, trying once more: %s", shorten_addresses(error))
                await self._close()
                await self._connect()
                await self._start()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        discard = (kind is None or issubclass(kind, asyncio.CancelledError)) and not self.silent
        with contextlib.suppress(LinkError):
            if not self._stopping:
                await self.stop()
            # Otherwise the clip would keep the remaining packets as a run.
            rest = self._end or 0 if discard and self._yielded in (None, self._stored) else 0
            await self._acknowledge(max(self._need_not_keep, rest), last=True)
        await self._close()

    async def buzz(self, fault: str, side: int) -> None:
        """Play a cue on the clip's buzzer; a cue that the clip does not have is ignored. Raises LinkError."""
        pattern = (facts(fault).clip_patterns or {}).get(side)
        if self._link is not None and pattern is not None:
            await self._link.post(wire.command(wire.CMD_CUE, pattern))

    async def configure(self, commands: list[bytes]) -> None:
        """Send commands to the clip, such as those of clip_setup.py. Raises LinkError if the clip rejects one."""
        for command in commands:
            if self._link is not None:
                await self._command(self._link, command)

    async def stop(self) -> None:
        """Stop the clip; packets() ends after the last packet that the clip recorded.

        Raises LinkError if the clip does not answer; packets() then tries again after the next reconnection.
        """
        self._stopping = True
        if self._link is not None:
            status = await self._command(self._link, wire.command(wire.CMD_STOP))
            self._end = self._order.end(status.stream_id, status.next_seq, time.monotonic())
            self._queue.put_nowait(None)

    async def packets(self) -> AsyncIterator[Packet]:
        """Packets in the order of their sequence numbers, each once, until stop() or an error."""
        silences = 0
        unacknowledged = 0
        taken_s = time.monotonic()
        while self._end is None or self._order.expected < self._end:
            try:
                # No packet follows the last one to reveal a gap, so the end is requested sooner.
                wait_s = self._timeouts.silence_s if self._end is None else ASK_AGAIN_S
                async with asyncio.timeout(wait_s):  # wait_for of Python 3.11 can lose a cancellation
                    item = await self._queue.get()
            except TimeoutError:
                silences += 1
                await self._break_silence(silences)
                taken_s = time.monotonic()
                continue
            if isinstance(item, _Lost):
                if item.link is self._link:
                    await self._reconnect()
                    taken_s = time.monotonic()
            elif item is not None:
                verdict = self._order.receive(item.data, item.arrival_s)
                if verdict is Verdict.TAKE:
                    silences = 0
                    if self._durable:
                        self._yielded = _key(item)
                    yield item
                    taken_s = time.monotonic()
                    unacknowledged += 1
                    if unacknowledged >= ACK_EVERY and not self._durable:
                        unacknowledged = 0
                        self.stored(item)
                else:
                    log.debug("dropped a packet of %d bytes: %s", len(item.data), verdict.value)
                    if verdict not in (Verdict.OLD, Verdict.FAR):
                        await self._ask_again()
                    if time.monotonic() > taken_s + self._timeouts.silence_s:  # nothing of what comes is of use
                        silences += 1
                        await self._break_silence(silences)
                        taken_s = time.monotonic()

    async def remaining(self) -> AsyncIterator[Packet]:
        """Stop the clip; the packets that it recorded before and that packets() has not yielded. Raises LinkError."""
        await self.stop()
        async for packet in self.packets():
            yield packet

    def stored(self, packet: Packet) -> None:
        """Acknowledge a packet and all before it, soon and in the background."""
        self._stored = _key(packet)
        if self._acknowledging is None or self._acknowledging.done():
            self._acknowledging = asyncio.create_task(self._acknowledge_stored())

    async def _acknowledge_stored(self) -> None:
        sent = None
        while sent != self._stored:
            sent = self._stored
            await self._acknowledge(self._need_not_keep)

    @property
    def _need_not_keep(self) -> int:
        """The number after the last packet of this stream that the clip need not keep, 0 for none."""
        if not self._durable:
            return self._order.expected
        return self._stored[1] + 1 if self._stored is not None and self._stored[0] == self._order.stream_id else 0

    async def _break_silence(self, silences: int) -> None:
        if self._end is not None and silences <= MAX_ASKED:
            await self._ask_again()
        elif self._end is None and silences == 1:
            log.warning("no packet for %g s: reconnecting", self._timeouts.silence_s)
            await self._reconnect()
        else:
            self.silent = True
            raise LinkError(
                f"No data from the clip for {self._timeouts.silence_s:g} s, even over a new connection: "
                "switch the clip off and on."
            )

    async def _connect(self, scan_s: float | None = None) -> ClipStatus:
        link = Link(self._backend, self._timeouts, self._queue.offer, lambda: self._queue.put_nowait(_Lost(link)))
        clip = await link.find(self.address, scan_s)
        self._link = link
        self.status = await link.open(proven=self.status is not None)
        self.name, self.address, self.rssi_dbm = clip.name, clip.address, clip.rssi_dbm
        return self.status

    async def _close(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    async def _start(self) -> None:
        assert self._link is not None
        status = await self._command(self._link, wire.command(wire.CMD_START, self._rate_hz))
        self._order.begin(status.stream_id)
        log.info("stream %04x started at %d Hz", status.stream_id, status.rate_hz)

    async def _command(self, link: Link, data: bytes, allowed: tuple[int, ...] = ()) -> ClipStatus:
        self.status = status = await link.command(data)
        if status.result != wire.RESULT_OK and status.result not in allowed:
            log.info("command 0x%02x was rejected with result %d", data[0], status.result)
            raise LinkError(rejection(status.result))
        return status

    async def _acknowledge(self, end: int, last: bool = False) -> None:
        """Acknowledge all packets before `end`. last: the connection is closed afterwards."""
        if self._link is not None and self._link.connected and end:
            with contextlib.suppress(LinkError):  # a callback reports a lost connection
                await self._link.post(wire.command(wire.CMD_ACK, self._order.stream_id, end - 1), sure=last)

    async def _ask_again(self) -> None:
        sequence, at_s = self._asked_at
        if self._link is None or (sequence == self._order.expected and time.monotonic() - at_s < ASK_AGAIN_S):
            return  # already requested
        with contextlib.suppress(LinkError):
            wanted = self._order.ask()
            log.info("packet %d is missing: requesting it again", wanted)
            await self._resend(self._link, wanted)
            self._order.asked()

    async def _resend(self, link: Link, sequence: int) -> ClipStatus:
        allowed = (wire.RESULT_NOT_KEPT, wire.RESULT_WRONG_STREAM)
        status = await self._command(link, wire.command(wire.CMD_RESEND, self._order.stream_id, sequence), allowed)
        if status.result == wire.RESULT_NOT_KEPT:
            log.warning("packet %d is no longer on the clip, whose oldest is %d", sequence, status.oldest_seq)
            if not self._order.skip_to(status.oldest_seq, status.next_seq, time.monotonic()):
                log.warning("number %d is not believed until it is confirmed", status.next_seq)
        self._asked_at = (self._order.expected, time.monotonic())
        return status

    async def _reconnect(self) -> None:
        """Search for the clip until it is back, then continue the stream where it was interrupted."""
        give_up_s = time.monotonic() + self._timeouts.outage_s
        while True:
            await self._close()
            try:
                await self._connect(RESCAN_S)
                await self._resume()
            except LinkError as error:
                if time.monotonic() >= give_up_s:
                    raise LinkError(
                        f"The connection was lost and did not come back within {self._timeouts.outage_s:g} s. {error}"
                    ) from error
                log.info("reconnecting failed, trying again: %s", shorten_addresses(error))
                await asyncio.sleep(self._retry_s)
            else:
                self.reconnects += 1
                log.info("reconnected")
                return

    async def _resume(self) -> None:
        assert self._link is not None and self.status is not None
        same = self.status.stream_id == self._order.stream_id
        if same:
            status = await self._resend(self._link, self._order.resume(self.status.next_seq))
            same = status.result != wire.RESULT_WRONG_STREAM
        if self._stopping:
            await self.stop()
        elif not same:
            self.restarts += 1
            log.warning("the clip has restarted: starting a new stream")
            await self._start()


def _key(packet: Packet) -> tuple[int, int]:
    """Stream and sequence number of a packet."""
    _, _, stream_id, sequence, *_ = wire.unpack_header(packet.data)
    return stream_id, sequence
