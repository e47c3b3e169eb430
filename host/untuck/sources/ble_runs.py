"""Kept runs (recorded by the clip while no host listened): list, fetch with resume, and delete once stored on the host.

A run is fetched in windows of bytes; missing bytes are requested again from the point of interruption, if necessary
over a new connection. The clip deletes a run only if the checksum is right. What the clip claims has limits of size,
number and time. wire_runs.py has the frames, ble_link.py the radio calls.
"""

from __future__ import annotations

import asyncio
import logging
import struct
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from untuck import wire, wire_runs
from untuck.errors import LinkError
from untuck.model import Packet
from untuck.sources.ble_link import Link, Timeouts
from untuck.sources.bounded_queue import BoundedQueue
from untuck.sources.clip_status import ClipStatus, rejection
from untuck.sources.remedies import shorten_addresses
from untuck.sources.stack import Backend
from untuck.vocabulary import Role

log = logging.getLogger(__name__)

WINDOW_BYTES = 16384  # requested at once: about 70 notifications
SILENCE_S = 2.0  # without a frame: request the missing bytes again
MAX_SILENCES = 4  # in a row
STOP_POLL_S = 0.2
LIST_S = 30.0  # for the list of all runs
SLOWEST_BYTES_S = 2_000  # of a transfer; a good link has 20,000 and more
CHECK_BYTES_S = 100_000  # minimum speed at which the clip computes the checksum of a run
MOST_BYTES = 16_000_000  # of all runs on a clip: its flash has 8 MB
MOST_RUNS = 1_000

_RESTART = "switch the clip off and on, and install its firmware again if that comes back (docs/builder.md)."


@dataclass(frozen=True)
class KeptRun:
    """A run in the clip's flash: its number, its size in bytes, its start (Unix seconds, 0: unknown)."""

    run: int
    bytes: int
    started_unix_s: int
    fetched: bool
    recording: bool


class ClipRuns:
    """The kept runs of one clip, as an async context manager; entering finds the clip and connects.

    All methods raise LinkError, whose text says what to do.
    """

    def __init__(
        self, address: str | None = None, backend: Backend | None = None, timeouts: Timeouts | None = None
    ) -> None:
        self.name = ""
        self.address = address
        self.status: ClipStatus | None = None
        self.refused: tuple[str, ...] = ()  # sentences about runs that list() left out
        self._backend = backend or Backend()
        self._timeouts = timeouts or Timeouts()
        self._frames: BoundedQueue[bytes | None] = BoundedQueue()  # None: the connection is lost
        self._link: Link | None = None

    async def __aenter__(self) -> Self:
        await self._connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    @property
    def role(self) -> Role:
        """Where the clip says that it is worn."""
        return Role.PELVIS if self.status is None else self.status.role

    async def list(self) -> Sequence[KeptRun]:
        """All runs that fit on a clip, oldest first; `refused` says which do not."""
        self._frames = BoundedQueue()
        deadline_s = time.monotonic() + LIST_S
        status = await self._command(wire.command(wire.CMD_LIST))
        if status.runs > MOST_RUNS:
            raise LinkError(f"The clip claims to have {status.runs} runs, more than fit: {_RESTART}")
        runs: dict[int, KeptRun] = {}
        while len(runs) < status.runs:
            frame = await self._next_frame(deadline_s)
            if frame is None:
                raise LinkError("The clip did not list all its runs: bring it nearer and try again.")
            if (run := _listed(frame)) is not None:
                runs[run.run] = run
        return self._fitting(list(runs.values()))

    def _fitting(self, runs: Sequence[KeptRun]) -> Sequence[KeptRun]:
        fitting, refused, total = [], [], 0
        for run in runs:
            if total + run.bytes > MOST_BYTES:
                refused.append(_too_large(run))
            else:
                fitting.append(run)
                total += run.bytes
        self.refused = tuple(refused)
        return fitting

    async def split(self) -> None:
        """End the run that the clip records now, so that it can be fetched; the clip goes on in another run."""
        await self._command(wire.command(wire.CMD_SPLIT))

    async def stop(self) -> None:
        """Stop the clip; returns once what it recorded is in its flash."""
        status = await self._command(wire.command(wire.CMD_STOP))
        give_up_s = time.monotonic() + self._timeouts.call_s
        while status.conditions & wire.COND_RECORDING:
            if time.monotonic() > give_up_s:
                raise LinkError("The clip does not end its recording: switch it off and on, then try again.")
            await asyncio.sleep(STOP_POLL_S)
            status = await self._command(wire.command(wire.CMD_SPLIT))

    async def forget_losses(self, packets: int, runs: int) -> None:
        """Report to the clip that these counts of lost packets and deleted runs were read."""
        if self._link is not None:
            await self._link.post(wire.command(wire.CMD_SEEN, packets, runs), sure=True)

    async def fetch(self, run: KeptRun, have: bytes = b"", progress: Callable[[bytes], None] = lambda _: None) -> bytes:
        """A run's bytes. have: the first bytes, if fetched before. progress is called with the bytes of each window.

        After a lost connection it reconnects and requests the rest. A run that is larger than a clip is refused.
        """
        if run.bytes > MOST_BYTES:
            raise LinkError(_too_large(run))
        data = bytearray(have)
        give_up_s = time.monotonic() + self._timeouts.outage_s
        deadline_s = give_up_s + (run.bytes - len(data)) / SLOWEST_BYTES_S
        while len(data) < run.bytes:
            begin = len(data)
            try:
                await self._fetch_window(run, data, deadline_s)
                give_up_s = min(time.monotonic() + self._timeouts.outage_s, deadline_s)
            except LinkError as error:
                if time.monotonic() > give_up_s:
                    raise
                log.warning("run %d, byte %d: reconnecting: %s", run.run, len(data), shorten_addresses(error))
                await self._reconnect(give_up_s)
            progress(bytes(data[begin:]))
        log.info("run %d: fetched %d bytes", run.run, len(data))
        return bytes(data)

    async def confirm(self, run: KeptRun, data: bytes, delete: bool = True) -> None:
        """Report to the clip that these bytes are stored: it deletes the run, or marks it as fetched."""
        checksum = zlib.crc32(data)
        wait_s = self._timeouts.call_s + len(data) / CHECK_BYTES_S
        await self._command(wire.command(wire.CMD_CONFIRM, run.run, len(data), checksum, int(delete)), wait_s)

    async def _fetch_window(self, run: KeptRun, data: bytearray, deadline_s: float) -> None:
        silences = 0
        end = min(len(data) + WINDOW_BYTES, run.bytes)
        while len(data) < end:
            if time.monotonic() > deadline_s:
                raise LinkError("The clip sends this run too slowly: bring it nearer and try again.")
            self._frames = BoundedQueue()
            await self._command(wire.command(wire.CMD_FETCH, run.run, len(data), end - len(data)))
            before = len(data)
            window_s = min(deadline_s, time.monotonic() + SILENCE_S + WINDOW_BYTES / SLOWEST_BYTES_S)
            while len(data) < end:
                frame = await self._next_frame(window_s)
                if frame is None or not _append(data, frame, run.run, end):
                    break
            silences = 0 if len(data) > before else silences + 1
            if len(data) < end:
                log.info("run %d: requesting again from byte %d", run.run, len(data))
            if silences > MAX_SILENCES:
                raise LinkError("The clip sends no more of this run: bring it nearer and try again.")

    async def _next_frame(self, deadline_s: float) -> bytes | None:
        """The next frame, None after SILENCE_S without one, or at the deadline. Raises LinkError without connection."""
        wait_s = min(SILENCE_S, deadline_s - time.monotonic())
        if wait_s <= 0:
            return None  # also if frames wait: they may come faster than they are read
        try:
            async with asyncio.timeout(wait_s):
                frame = await self._frames.get()
        except TimeoutError:
            return None
        if frame is None:
            raise LinkError("The connection was lost while fetching: bring the clip nearer and try again.")
        return frame

    async def _connect(self) -> None:
        def on_frame(packet: Packet) -> None:
            self._frames.offer(packet.data)

        self._link = link = Link(self._backend, self._timeouts, on_frame, lambda: self._frames.put_nowait(None))
        try:
            clip = await link.find(self.address)
            self.status = await link.open(proven=self.status is not None)
        except BaseException:
            await self._close()
            raise
        self.name, self.address = clip.name, clip.address

    async def _reconnect(self, give_up_s: float) -> None:
        while True:
            await self._close()
            try:
                return await self._connect()
            except LinkError:
                if time.monotonic() > give_up_s:
                    raise

    async def _close(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    async def _command(self, data: bytes, wait_s: float | None = None) -> ClipStatus:
        if self._link is None:
            raise LinkError("The connection is closed: connect again.")
        self.status = status = await self._link.command(data, wait_s)
        if status.result != wire.RESULT_OK:
            log.info("command 0x%02x was rejected with result %d", data[0], status.result)
            raise LinkError(rejection(status.result))
        return status


def _too_large(run: KeptRun) -> str:
    return f"Run {run.run} claims {run.bytes / 1e6:.2f} MB and is not fetched, as no clip holds so much: {_RESTART}"


def _listed(frame: bytes) -> KeptRun | None:
    """The run of a frame of the list, None for another frame."""
    if len(frame) != struct.calcsize(wire_runs.FRAME_RUN_FORMAT) or frame[0] != wire_runs.FRAME_RUN:
        return None
    _, run, size, started, flags = struct.unpack(wire_runs.FRAME_RUN_FORMAT, frame)
    return KeptRun(run, size, started, bool(flags & wire_runs.RUN_FETCHED), bool(flags & wire_runs.RUN_RECORDING))


def _append(data: bytearray, frame: bytes, run: int, end: int) -> bool:
    """Append a frame's bytes, up to `end`; False if frames before it are missing."""
    if len(frame) <= wire_runs.FRAME_DATA_HEADER_SIZE or frame[0] != wire_runs.FRAME_DATA:
        return True  # another frame: keep waiting
    _, number, offset = struct.unpack_from(wire_runs.FRAME_DATA_FORMAT, frame)
    if number != run or offset < len(data):
        return True
    if offset > len(data):
        return False
    data += frame[wire_runs.FRAME_DATA_HEADER_SIZE :][: end - len(data)]
    return True
