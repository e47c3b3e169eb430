"""Samples from the clip over Bluetooth: every packet in order, once each, through lost packets and lost connections.

The clip keeps packets until they are acknowledged; a gap, a damaged packet or a new connection leads to a request to
send again from the first one that is missing. What the radio calls do is in ble_link.py, the order in inorder.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from untuck import wire
from untuck.errors import LinkError
from untuck.model import Packet
from untuck.sources.ble_link import Backend, HeardClip, Link, Timeouts, find_clips
from untuck.sources.clip_status import REFUSALS, ClipStatus
from untuck.sources.resend import MAX_ASKED, ResendTracker, Verdict
from untuck.vocabulary import facts

__all__ = ["Backend", "BleSource", "ClipStatus", "HeardClip", "Timeouts", "find_clips"]

ACK_EVERY = 10  # packets; the clip's ring holds 100 or more
ASK_AGAIN_S = 1.0  # a request to send again has this long to show
RETRY_S = 0.5  # pause between attempts to connect again


class _Lost:
    """In the queue: this connection is gone."""

    def __init__(self, link: Link) -> None:
        self.link = link


class BleSource:
    """A clip that streams, as an async context manager.

    Entering scans for a clip (the one with `address`, else the first heard), connects and starts a new stream at
    `rate_hz`; packets() then yields. A packet is acknowledged when the consumer has come back for the next one. Leaving
    without an error stops the clip, and what it took since is not wanted; after an error the clip keeps what was not
    acknowledged.
    Raises LinkError, whose text says what to do, from entering, packets() and stop().
    """

    def __init__(
        self,
        rate_hz: int = 100,
        address: str | None = None,
        backend: Backend | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self.name = ""
        self.address = address
        self.status: ClipStatus | None = None
        self.rssi_dbm = 0  # when it was last found
        self.reconnects = 0
        self.restarts = 0  # times the clip itself had started anew: its clock and numbers began again
        self._rate_hz = rate_hz
        self._backend = backend or Backend()
        self._timeouts = timeouts or Timeouts()
        self._order = ResendTracker()
        self._queue: asyncio.Queue[Packet | _Lost | None] = asyncio.Queue()
        self._link: Link | None = None
        self._asked_at = (-1, 0.0)  # sequence asked for last, and when
        self._end: int | None = None  # the stream ends before this number
        self._stopping = False

    @property
    def lost(self) -> int:
        """Packets that never came: the clip had no room to keep them any longer."""
        return self._order.lost

    @property
    def resent(self) -> int:
        """Packets that came only because they were asked for again."""
        return self._order.resent

    @property
    def corrupt(self) -> int:
        """Packets that came damaged; each was asked for again."""
        return self._order.corrupt

    async def __aenter__(self) -> Self:
        try:
            await self._connect()
            await self._start()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wanted_no_more = kind is None or issubclass(kind, asyncio.CancelledError)
        with contextlib.suppress(LinkError):
            if not self._stopping:
                await self.stop()
            # What came behind the last packet taken would else be kept by the clip, as a run of its own.
            await self._acknowledge(self._end or 0 if wanted_no_more else 0, last=True)
        await self._close()

    async def buzz(self, fault: str, side: int) -> None:
        """Sound a cue on the clip's own buzzer; one that it does not know is left out. Raises LinkError."""
        pattern = (facts(fault).clip_patterns or {}).get(side)
        if self._link is not None and pattern is not None:
            await self._link.post(wire.command(wire.CMD_CUE, pattern))

    async def configure(self, commands: list[bytes]) -> None:
        """Let the clip know what clip_coach.py says that it should. Raises LinkError if it refuses."""
        for command in commands:
            if self._link is not None:
                await self._command(self._link, command)

    async def stop(self) -> None:
        """Ask the clip to stop; packets() ends behind the last packet that the clip had taken.

        Raises LinkError if it does not answer; packets() then asks again over the next connection.
        """
        self._stopping = True
        if self._link is not None:
            status = await self._command(self._link, wire.command(wire.CMD_STOP))
            self._end = status.next_seq if status.stream_id == self._order.stream_id else 0
            self._queue.put_nowait(None)

    async def packets(self) -> AsyncIterator[Packet]:
        """Packets in order of their sequence numbers, each once, until stop() or an error."""
        silences = 0
        unacknowledged = 0
        while self._end is None or self._order.expected < self._end:
            try:
                # Behind the last packet nothing follows that would show a gap: the end is asked for sooner.
                wait_s = self._timeouts.silence_s if self._end is None else ASK_AGAIN_S
                async with asyncio.timeout(wait_s):  # wait_for of Python 3.11 loses a cancellation now and then
                    item = await self._queue.get()
            except TimeoutError:
                silences += 1
                await self._break_silence(silences)
                continue
            if isinstance(item, _Lost):
                if item.link is self._link:
                    await self._reconnect()
            elif item is not None:
                verdict = self._order.judge(item.data)
                if verdict is Verdict.TAKE:
                    silences = 0
                    yield item
                    unacknowledged += 1
                    if unacknowledged >= ACK_EVERY:
                        unacknowledged = 0
                        await self._acknowledge()
                elif verdict is not Verdict.OLD:
                    await self._ask_again()

    async def _break_silence(self, silences: int) -> None:
        if self._end is not None and silences <= MAX_ASKED:
            await self._ask_again()
        elif self._end is None and silences == 1:
            await self._reconnect()
        else:
            raise LinkError(
                f"No data from the clip for {self._timeouts.silence_s:g} s, even over a new connection: "
                "switch the clip off and on."
            )

    async def _connect(self) -> ClipStatus:
        link = Link(self._backend, self._timeouts, self._queue.put_nowait, lambda: self._queue.put_nowait(_Lost(link)))
        clip = await link.find(self.address)
        self._link = link
        self.status = await link.open()
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

    async def _command(self, link: Link, data: bytes, allowed: tuple[int, ...] = ()) -> ClipStatus:
        self.status = status = await link.command(data)
        if status.result != wire.RESULT_OK and status.result not in allowed:
            raise LinkError(f"The clip refused: {REFUSALS.get(status.result, f'result {status.result}.')}")
        return status

    async def _acknowledge(self, end: int = 0, last: bool = False) -> None:
        """What was taken is safe here, and all before `end` is not wanted; last: the connection ends behind this."""
        end = max(end, self._order.expected)
        if self._link is not None and end:
            with contextlib.suppress(LinkError):  # a lost connection is reported by its callback
                await self._link.post(wire.command(wire.CMD_ACK, self._order.stream_id, end - 1), sure=last)

    async def _ask_again(self) -> None:
        sequence, at_s = self._asked_at
        if self._link is None or (sequence == self._order.expected and time.monotonic() - at_s < ASK_AGAIN_S):
            return  # what is missing is on its way
        with contextlib.suppress(LinkError):
            await self._resend(self._link, self._order.ask())
            self._order.asked()

    async def _resend(self, link: Link, sequence: int) -> ClipStatus:
        allowed = (wire.RESULT_NOT_KEPT, wire.RESULT_WRONG_STREAM)
        status = await self._command(link, wire.command(wire.CMD_RESEND, self._order.stream_id, sequence), allowed)
        if status.result == wire.RESULT_NOT_KEPT:
            self._order.skip_to(status.oldest_seq)
        self._asked_at = (self._order.expected, time.monotonic())
        return status

    async def _reconnect(self) -> None:
        """Look for the clip until it is back, then go on where the stream broke off."""
        give_up_s = time.monotonic() + self._timeouts.outage_s
        while True:
            await self._close()
            try:
                await self._connect()
                await self._resume()
            except LinkError as error:
                if time.monotonic() >= give_up_s:
                    raise LinkError(
                        f"The connection was lost and did not come back within {self._timeouts.outage_s:g} s. {error}"
                    ) from error
                await asyncio.sleep(RETRY_S)
            else:
                self.reconnects += 1
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
            await self._start()
