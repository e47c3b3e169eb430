"""The packets of a runner's two clips as one source, in the order in which they arrive.

The pelvis's clip decides: the session ends with it. The trunk's may be absent at the start, vanish and return; it is
looked for in the background for as long as the session lasts, and its errors are lines for the runner. Each clip keeps
its packets until they are stored, by its own link.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

from untuck.errors import LinkError
from untuck.model import Packet
from untuck.sources.ble import BleSource, Timeouts
from untuck.sources.remedies import shorten_addresses
from untuck.sources.stack import Backend
from untuck.vocabulary import Role

START_WAIT_S = 5.0  # how long a session waits for the trunk's clip before it begins without
SEARCH_S = 2.0  # of each attempt to find it, for which the pelvis's clip may have to wait
RETRY_S = 2.0  # between the attempts

_WRONG_ROLE = (
    "the clip {} is used on the upper back but says that it is the one of the waistband: exchange the clips, or set "
    "its role with `untuck pair --role trunk`"
)

_log = logging.getLogger(__name__)


def trunk_source(
    rate_hz: int, address: str, backend: Backend | None = None, timeouts: Timeouts | None = None
) -> BleSource:
    """A source for the trunk's clip, not entered, for TwoClips. While the session lasts, it never gives up."""
    timeouts = replace(timeouts or Timeouts(), outage_s=math.inf, scan_s=SEARCH_S)
    return BleSource(rate_hz, address, backend, timeouts, durable=True, retry_s=RETRY_S)


class TwoClips:
    """A packet_loop.Source of two clips, as an async context manager; each packet has the role of its clip.

    pelvis: entered already; trunk: of `trunk_source`. Entering waits for the trunk's clip for wait_s at most (None:
    START_WAIT_S). has_rest: after leaving, whether the trunk's clip may have packets that never came.
    """

    def __init__(self, pelvis: BleSource, trunk: BleSource, wait_s: float | None = None) -> None:
        self.pelvis = pelvis
        self.trunk = trunk
        self.keeper = self
        self.buzz = pelvis.buzz
        self.has_rest = False
        self._wait_s = START_WAIT_S if wait_s is None else wait_s
        self._joined = asyncio.Event()
        self._joining: asyncio.Task[None] | None = None
        self._taking: dict[Role, asyncio.Task[Packet]] = {}
        self._taken: dict[Role, deque[Packet]] = {role: deque() for role in Role}  # and not yielded yet
        self._yielded: dict[Role, Packet] = {}  # the last one of each clip,
        self._stored: dict[Role, Packet] = {}  # and the last one that is reported as stored
        self._notices: list[str] = []
        self._say: Callable[[str], None] = self._notices.append
        self._reported = False

    @property
    def joined(self) -> bool:
        """Whether the trunk's clip has taken part."""
        return self._joined.is_set()

    async def __aenter__(self) -> Self:
        self._joining = asyncio.create_task(self._join())
        try:
            async with asyncio.timeout(self._wait_s):
                await self._joined.wait()
        except TimeoutError:
            _log.info("the session begins without the trunk's clip")
        except asyncio.CancelledError:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._joining is not None
        self._joining.cancel()
        await asyncio.wait({self._joining})
        await self._stop_taking()
        if kind is None or issubclass(kind, asyncio.CancelledError):
            for role, packets in self._taken.items():
                if packets and self._yielded.get(role) == self._stored.get(role):
                    self.stored(packets[-1])  # nobody takes it any more: discard it, as BleSource does what is left
        if self.joined:
            self.has_rest = bool(self.trunk.lost) or self.trunk.silent or not self.trunk.connected
            await self.trunk.__aexit__(kind, error, trace)

    def report_to(self, say: Callable[[str], None]) -> None:
        """Give `say` the lines about the trunk's clip from now on, and those that came before."""
        if not self.joined and not self._notices:
            self._notices.append("No trunk yet: the clip on the upper back is looked for while you run.")
        for text in self._notices:
            say(text)
        self._notices.clear()
        self._say = say

    async def packets(self) -> AsyncIterator[Packet]:
        """The packets of both until the pelvis's end. Raises LinkError for the pelvis's clip."""
        streams = {Role.PELVIS: self.pelvis.packets(), Role.TRUNK: self._of_trunk()}
        async for packet in self._merged(streams, Role.PELVIS):
            yield packet

    async def remaining(self) -> AsyncIterator[Packet]:
        """Stop both clips; the packets that they recorded before and that have not been yielded.

        A trunk's clip that is not connected is left as it is. Raises LinkError for the pelvis's, after all packets.
        """
        clips = {Role.PELVIS: self.pelvis.remaining()}
        if self.trunk.connected:
            clips[Role.TRUNK] = _without_error(self.trunk.remaining())
        async for packet in self._merged(clips, None):
            yield packet

    def stored(self, packet: Packet) -> None:
        """Acknowledge a packet, and all before it, to the clip that sent it."""
        self._stored[packet.role] = packet
        (self.trunk if packet.role == Role.TRUNK else self.pelvis).stored(packet)

    async def _join(self) -> None:
        """Connect the trunk's clip and start its stream, as soon as that works."""
        while True:
            try:
                await self.trunk.__aenter__()
            except LinkError as error:
                self._report(error)
                await asyncio.sleep(RETRY_S)
            else:
                _log.info("the trunk's clip takes part")
                if self.trunk.status is not None and self.trunk.status.role != Role.TRUNK:
                    self._say(_WRONG_ROLE.format(self.trunk.name))
                return self._joined.set()

    async def _of_trunk(self) -> AsyncIterator[Packet]:
        """The trunk's packets; after an error, which is reported, its clip is tried again."""
        await self._joined.wait()
        while True:
            try:
                async for packet in self.trunk.packets():
                    self._reported = False
                    yield packet
                return
            except LinkError as error:
                self._report(error)
                await asyncio.sleep(RETRY_S)

    async def _merged(
        self, streams: Mapping[Role, AsyncIterator[Packet]], decides: Role | None
    ) -> AsyncIterator[Packet]:
        """The packets of the streams in order of arrival, until the one that decides has ended; None: until all have.

        One packet of each is taken ahead at most. If the task is cancelled, such a packet comes first the next time.
        """
        going = dict(streams)
        failure: LinkError | None = None
        for packet in self._in_order():
            yield packet
        try:
            while decides in going if decides is not None else going:
                for role in going.keys() - self._taking.keys():
                    self._taking[role] = asyncio.ensure_future(anext(going[role]))
                await asyncio.wait(self._taking.values(), return_when=asyncio.FIRST_COMPLETED)
                for role in [role for role, task in self._taking.items() if task.done()]:
                    try:
                        self._take(role, self._taking.pop(role).result())
                    except StopAsyncIteration:
                        del going[role]
                    except LinkError as error:
                        failure = error
                        del going[role]
                for packet in self._in_order():
                    yield packet
            if failure is not None:
                raise failure
        finally:
            await self._stop_taking()

    def _in_order(self) -> Iterator[Packet]:
        """The packets that were taken, in order of arrival; each is gone once it is yielded."""
        while waiting := [packets for packets in self._taken.values() if packets]:
            packet = min(waiting, key=lambda packets: packets[0].arrival_s).popleft()
            self._yielded[packet.role] = packet
            yield packet

    def _take(self, role: Role, packet: Packet) -> None:
        self._taken[role].append(packet._replace(role=role))

    async def _stop_taking(self) -> None:
        """Take no more; a packet that has just come is kept."""
        taking, self._taking = self._taking, {}
        for task in taking.values():
            task.cancel()
        if taking:
            await asyncio.wait(taking.values())
        for role, task in taking.items():
            if not task.cancelled() and task.exception() is None:
                self._take(role, task.result())

    def _report(self, error: LinkError) -> None:
        _log.info("the trunk's clip: %s", shorten_addresses(error))
        if not self._reported:
            self._say(f"No trunk: {error} The search goes on while you run.")
        self._reported = True


async def _without_error(packets: AsyncIterator[Packet]) -> AsyncIterator[Packet]:
    """The packets until the link fails."""
    with suppress(LinkError):
        async for packet in packets:
            yield packet
