"""What the runner hears of a session: cues, spoken guidance, a drill's hum, on the sound device or the clip's buzzer.

Composes player and guide: the cue policy and the guide decide what sounds when, the mixer how. Owns where sound goes
when a device is lost or found, and the messages about it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from untuck.errors import LinkError
from untuck.events import CueDecided, Event, MovingChanged, StrideMeasured
from untuck.model import Cue
from untuck.session.guidance import Guide
from untuck.sound.mixer import Hearing
from untuck.sound.player import Player
from untuck.store.config import SoundConfig
from untuck.vocabulary import Moving

if TYPE_CHECKING:
    from untuck.session.packet_pipeline import PacketPipeline

END_S = 4.0  # how long the end waits for what still sounds

Buzz = Callable[[str, int], Awaitable[None]]  # a cue on the clip's own buzzer: fault and side


class Voice:
    """Sounds a session's events; needs a running event loop for the buzzer. Close it.

    say: takes lines about the sound device, also from another thread. buzz: the clip's buzzer, None if there is none.
    guide: None for a session that needs no guidance.
    """

    def __init__(
        self, say: Callable[[str], None], sound: SoundConfig, guide: Guide | None = None, buzz: Buzz | None = None
    ) -> None:
        self._say = say
        self._buzz = buzz if sound.buzzer else None
        self._sound = sound
        self._guide = guide if sound.guide else None
        self._loop = asyncio.get_running_loop()
        self._buzzing: set[asyncio.Future[None]] = set()
        hearing = Hearing(sound.volume_pct / 100.0, sound.cues, sound.ear)
        self._player = Player(hearing, self._changed_elsewhere, patient=True, speaks=self._guide is not None)
        self._changed(self._player.backend)
        if self._guide is not None:
            self.speak(self._guide.begin())

    def hear(self, events: Iterable[Event], line: PacketPipeline) -> None:
        """Sound what these events call for."""
        for event in events:
            match event:
                case CueDecided(cue=cue):
                    self._cue(cue)
                case StrideMeasured(stride=stride) if self._sound.sonify:
                    self._player.hum(beyond_band(stride, line))
                case MovingChanged(moving=moving) if moving != Moving.RUNNING:
                    self._player.hum(0.0)
                case _:
                    pass
            if self._guide is not None:
                for phrase in self._guide.take(event):
                    self.speak(phrase)

    def speak(self, phrase: str) -> None:
        """Say a phrase of sound.phrases, if guidance is wanted."""
        if self._guide is not None:
            self._player.say(phrase)

    def close(self) -> None:
        """Let what sounds come to its end, then give the device back."""
        self._player.hum(0.0)
        self._player.wait(END_S)
        self._player.close()

    def _cue(self, cue: Cue) -> None:
        if self._player.play(cue.fault, cue.side) or self._buzz is None:
            return
        buzzing = asyncio.ensure_future(self._try_buzz(cue))
        self._buzzing.add(buzzing)  # asyncio keeps no reference of its own
        buzzing.add_done_callback(self._buzzing.discard)

    async def _try_buzz(self, cue: Cue) -> None:
        assert self._buzz is not None
        with suppress(LinkError):  # a lost connection shows in the missing packets
            await self._buzz(cue.fault, cue.side)

    def _changed_elsewhere(self, backend: str) -> None:
        """From the player's thread."""
        with suppress(RuntimeError):  # the loop has ended: nobody listens any more
            self._loop.call_soon_threadsafe(self._changed, backend)

    def _changed(self, backend: str) -> None:
        if backend:
            self._say(f"sound through {backend}")
        elif self._buzz is not None:
            self._say("no sound device: cues sound on the clip's buzzer until there is one.")
        else:
            self._say("no sound device: cues are shown, not heard.")


def beyond_band(stride: np.void, line: PacketPipeline) -> float:
    """How far a stride's tilt is outside the band around the baseline, in degrees; 0 within it or without baseline."""
    baseline = line.pipeline.baseline
    if baseline is None or not stride["valid"]:
        return 0.0
    off_deg = float(stride["tilt_deg"] - baseline.tilt_deg[baseline.at(stride["cadence_spm"])])
    band_deg = line.pipeline.params.tuck_off_deg
    return off_deg - band_deg if off_deg > band_deg else min(off_deg + band_deg, 0.0)
