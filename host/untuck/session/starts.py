"""What a session in the coach's window can be started with: a clip, a simulated runner, a recorded session.

Each start is an async context manager around a source with the settings of its session. The window's desk runs them;
what a clip or a recording needs before packets come lives here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from untuck.session.clip_session import SessionRequest, connected_clip, tell, with_own_clip
from untuck.session.live import Source, View
from untuck.session_commands import SessionCommand
from untuck.simulate.runner import RunnerSource, Scenario
from untuck.sources.ble import Backend, HeardClip, Timeouts
from untuck.sources.replay import ReplaySource
from untuck.store import Settings, StoredSession
from untuck.store.config import Config
from untuck.store.profiles import Profiles


@dataclass(frozen=True, eq=False)
class ReadySession:
    """A source ready to run. mode: the command to record it under, "" not to record; steers, number: those of a
    recording.

    wanted: what goes with a clip's session, settings and profile; greet: tells what the runner should know before.
    """

    source: Source
    name: str
    mode: str
    settings: Settings
    commands: tuple[SessionCommand, ...] = ()
    number: int | None = None
    wanted: SessionRequest | None = None
    greet: Callable[[View], None] | None = None


class SessionStart(Protocol):
    """Something to start with: key and text as the window shows it, and what start it is called meanwhile."""

    @property
    def key(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def work(self) -> str: ...

    def open(self) -> AbstractAsyncContextManager[ReadySession]:
        """The source, ready. Raises UntuckError if it cannot be had."""


@dataclass(frozen=True)
class ClipStart:
    """A clip over Bluetooth for a runner: the one that the settings name, else the paired one, else the first heard."""

    wanted: SessionRequest = field(default_factory=lambda: SessionRequest(Config()))
    name: str = ""
    backend: Backend | None = None
    timeouts: Timeouts | None = None
    work: str = "looking for the clip"

    @classmethod
    def of(cls, wanted: SessionRequest) -> ClipStart:
        """For this runner, named after the clip that they have paired with."""
        config = with_own_clip(wanted.config, Profiles().open(wanted.config.name))
        return cls(replace(wanted, config=config))

    @property
    def key(self) -> str:
        return f"clip {self.wanted.config.clip.address} {self.wanted.config.name}"

    @property
    def text(self) -> str:
        address, runner = self.wanted.config.clip.address, self.wanted.config.name
        clip = f"Clip {self.name or address}" if address else "The first clip heard"
        return f"{runner}: {clip}" if runner else clip

    def at(self, clip: HeardClip) -> ClipStart:
        """The same with this clip."""
        config = self.wanted.config
        config = replace(config, clip=replace(config.clip, address=clip.address))
        return replace(self, wanted=replace(self.wanted, config=config), name=clip.name)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[ReadySession]:
        async with connected_clip(self.wanted, self.backend, self.timeouts) as found:
            name = self.wanted.config.name or f"clip {found.source.name}"
            yield ReadySession(
                *(found.source, name, self.wanted.mode, found.settings),
                wanted=self.wanted,
                greet=partial(tell, found=found),
            )


@dataclass
class SimulatedStart:
    """A simulated runner; every further one has another seed."""

    seed: int = 0
    minutes: float | None = None
    fast: bool = False
    rate_hz: int = 100
    key: str = "demo"
    text: str = "A simulated runner"
    work: str = "the simulated runner gets ready"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[ReadySession]:
        seed, self.seed = self.seed, self.seed + 1
        scenario = Scenario.default(self.minutes)
        source = await asyncio.to_thread(RunnerSource, scenario, seed, self.rate_hz, not self.fast)
        settings = Settings(rate_hz=self.rate_hz, notes=f"simulated, seed {seed}")
        yield ReadySession(source, f"simulated runner {seed}", "demo", settings)


@dataclass
class ReplayStart:
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
    async def open(self) -> AsyncIterator[ReadySession]:
        source = ReplaySource(self.session.packets(), self.speed)
        yield ReadySession(source, self.text, "", self.session.settings(), self.session.commands(), self.session.id)
