"""What a session in the coach's window can be started with: a clip, a simulated runner, a recorded session.

Each opening is an async context manager around a source with the settings of its session. The window's desk runs them;
what a clip or a recording needs before packets come lives here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from untuck.cli.live import Source
from untuck.model import Steer
from untuck.sources.ble import Backend, BleSource, Timeouts
from untuck.sources.replay import ReplaySource
from untuck.sources.runner import RunnerSource, Story
from untuck.store import Settings, StoredSession


@dataclass(frozen=True, eq=False)
class Opened:
    """A source ready to run. mode: the command to record it under, "" not to record; steers: those of a recording."""

    source: Source
    name: str
    mode: str
    settings: Settings
    steers: tuple[Steer, ...] = ()


class Opening(Protocol):
    """Something to start with: key and text as the window shows it, and what opening it is called meanwhile."""

    @property
    def key(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def work(self) -> str: ...

    def open(self) -> AbstractAsyncContextManager[Opened]:
        """The source, ready. Raises UntuckError if it cannot be had."""


@dataclass(frozen=True)
class ClipOpening:
    """A clip over Bluetooth: the one with `address`, else the first heard."""

    rate_hz: int = 100
    address: str | None = None
    name: str = ""
    backend: Backend | None = None
    timeouts: Timeouts | None = None
    work: str = "looking for the clip"

    @property
    def key(self) -> str:
        return f"clip {self.address or ''}".strip()

    @property
    def text(self) -> str:
        return f"Clip {self.name or self.address}" if self.address else "The first clip heard"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Opened]:
        async with BleSource(self.rate_hz, self.address, self.backend, self.timeouts) as source:
            firmware = source.status.firmware if source.status is not None else ""
            yield Opened(source, f"clip {source.name}", "run", Settings(rate_hz=self.rate_hz, firmware=firmware))


@dataclass
class DemoOpening:
    """A simulated runner; every further one has another seed."""

    seed: int = 0
    minutes: float | None = None
    fast: bool = False
    rate_hz: int = 100
    key: str = "demo"
    text: str = "A simulated runner"
    work: str = "the simulated runner gets ready"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Opened]:
        seed, self.seed = self.seed, self.seed + 1
        story = Story.default(self.minutes)
        source = await asyncio.to_thread(RunnerSource, story, seed, self.rate_hz, not self.fast)
        settings = Settings(rate_hz=self.rate_hz, notes=f"simulated, seed {seed}")
        yield Opened(source, f"simulated runner {seed}", "demo", settings)


@dataclass
class ReplayOpening:
    """A recorded session, `speed` times as fast as it was; 0: at once, to be scrolled through."""

    session: StoredSession
    speed: float = 1.0
    work: str = "reading the session"

    @property
    def key(self) -> str:
        return f"session {self.session.id}"

    @property
    def text(self) -> str:
        return f"Session {self.session.id}: {self.session.source}"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Opened]:
        source = ReplaySource(self.session.packets(), self.speed)
        yield Opened(source, self.text, "", self.session.settings(), self.session.steers())
