"""The ways to start a session in the coach's window: with a clip, a simulated runner or a recorded session.

`open` of each is an async context manager that yields a source with the settings of its session.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from untuck.outside_text import printable
from untuck.session.clip_session import connected_clip
from untuck.session.connected_clip import show_notices
from untuck.session.packet_loop import Source, View
from untuck.session.request import SessionRequest, missing_clip, with_paired_clip
from untuck.session_commands import SessionCommand
from untuck.simulate.scenario import Scenario
from untuck.simulate.source import RunnerSource
from untuck.sources.ble import Backend, HeardClip, Timeouts
from untuck.sources.replay import ReplaySource
from untuck.store import Settings, StoredSession
from untuck.store.config import Config
from untuck.store.profiles import Profiles


@dataclass(frozen=True, eq=False)
class ReadySession:
    """A source that is ready to run.

    mode: the command under which it is recorded, "" not to record; commands, number: those of a recorded session;
    request: of a session with a clip; show_notices: shows what the runner should know before the start; stored_as: the
    names under which the store knows the clips of pelvis and trunk, if other than `name`.
    """

    source: Source
    name: str
    mode: str
    settings: Settings
    commands: tuple[SessionCommand, ...] = ()
    number: int | None = None
    request: SessionRequest | None = None
    show_notices: Callable[[View], None] | None = None
    stored_as: tuple[str, str] = "", ""


class SessionStart(Protocol):
    """A way to start a session. text: as the window shows it; work: shown while it starts; key: identifies it."""

    @property
    def key(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def work(self) -> str: ...

    def open(self) -> AbstractAsyncContextManager[ReadySession]:
        """The source, ready to run. Raises UntuckError if that fails."""


@dataclass(frozen=True)
class ClipStart:
    """A clip over Bluetooth: the one named in the runner's settings, else the paired one."""

    request: SessionRequest = field(default_factory=lambda: SessionRequest(Config()))
    name: str = ""
    backend: Backend | None = None
    timeouts: Timeouts | None = None
    work: str = "looking for the clip"

    @classmethod
    def of(cls, request: SessionRequest) -> ClipStart:
        """With the clip that the runner has paired with."""
        config = with_paired_clip(request.config, Profiles().open(request.config.name))
        return cls(replace(request, config=config))

    @property
    def key(self) -> str:
        return f"clip {self.request.config.clip.address} {self.request.config.name}"

    @property
    def text(self) -> str:
        address, runner = self.request.config.clip.address, self.request.config.name
        lacking = missing_clip(replace(self.request.config, name=""))[0]
        clip = f"Clip {self.name or address}" if address else lacking
        return f"{runner}: {clip}" if runner else clip

    def at(self, clip: HeardClip) -> ClipStart:
        """The same runner with this clip."""
        config = self.request.config
        config = replace(config, clip=replace(config.clip, address=clip.address))
        return replace(self, request=replace(self.request, config=config), name=clip.name)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[ReadySession]:
        async with connected_clip(self.request, self.backend, self.timeouts) as clip:
            yield ReadySession(
                source=clip.stream,
                name=self.request.config.name or f"clip {clip.source.name}",
                mode=self.request.mode,
                settings=clip.settings,
                request=self.request,
                show_notices=partial(show_notices, clip=clip),
                stored_as=(f"clip {clip.source.name}", clip.trunk_name),
            )


@dataclass
class SimulatedStart:
    """A simulated runner; each start has the next seed."""

    seed: int = 0
    minutes: float | None = None
    fast: bool = False
    rate_hz: int = 100
    key: str = "demo"
    text: str = "A simulated runner"
    work: str = "preparing the simulated runner"
    clips: int = 1

    @asynccontextmanager
    async def open(self) -> AsyncIterator[ReadySession]:
        seed, self.seed = self.seed, self.seed + 1
        scenario = Scenario.default(self.minutes, clips=self.clips)
        make = partial(RunnerSource, scenario, seed, self.rate_hz, not self.fast, clips=self.clips)
        source = await asyncio.to_thread(make)
        settings = Settings(rate_hz=self.rate_hz, notes=f"simulated, seed {seed}", trunk=self.clips == 2)
        yield ReadySession(source, f"simulated runner {seed}", "demo", settings)


@dataclass
class ReplayStart:
    """A recorded session. speed: times as fast as it was recorded; 0: at once, to scroll through."""

    session: StoredSession
    speed: float = 1.0
    work: str = "reading the session"

    @property
    def key(self) -> str:
        return f"session {self.session.id}"

    @property
    def text(self) -> str:
        return printable(f"Session {self.session.id}: {self.session.source}")

    @asynccontextmanager
    async def open(self) -> AsyncIterator[ReadySession]:
        damage = await asyncio.to_thread(self.session.damage_words)
        yield ReadySession(
            source=ReplaySource(self.session.packets(), self.speed),
            show_notices=(lambda view: view.say(damage)) if damage else None,
            name=self.text,
            mode="",
            settings=self.session.settings(),
            commands=self.session.commands(),
            number=self.session.id,
        )
