"""Everything the runner hears in a session: cues, spoken guidance, the hum of a drill.

The cue policy and the guide decide what sounds when, the mixer how. Sound goes to the sound device, or to the clip's
buzzer while there is no device.
"""

from __future__ import annotations

import asyncio
import logging
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

END_S = 4.0  # how long `close` waits for sounds to end

Buzz = Callable[[str, int], Awaitable[None]]  # a cue on the clip's own buzzer: fault and side

_log = logging.getLogger(__name__)


class Voice:
    """Sounds a session's events; needs a running event loop for the buzzer. The caller must close it.

    say: receives messages about the sound device; buzz: the clip's buzzer, None if there is none; guide: None for a
    session without spoken guidance; begins: the session begins now, with the guide's first phrase.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        sound: SoundConfig,
        guide: Guide | None = None,
        buzz: Buzz | None = None,
        *,
        begins: bool = True,
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
        if self._guide is not None and begins:
            self.speak(self._guide.begin())

    def take(self, events: Iterable[Event], packets: PacketPipeline) -> None:
        """Sound the cues, phrases and hum that these events cause."""
        for event in events:
            match event:
                case CueDecided(cue=cue):
                    self._cue(cue)
                case StrideMeasured(stride=stride) if self._sound.sonify:
                    self._player.hum(beyond_band(stride, packets))
                case MovingChanged(moving=moving) if moving != Moving.RUNNING:
                    self._player.hum(0.0)
                case _:
                    pass
            if self._guide is not None:
                for phrase in self._guide.take(event):
                    self.speak(phrase)

    def speak(self, phrase: str) -> None:
        """Speak a phrase of sound.phrases, if this session has guidance."""
        if self._guide is not None:
            self._player.say(phrase)

    def close(self) -> None:
        """Let sounds end, then release the device."""
        self._player.hum(0.0)
        self._player.wait(END_S)
        self._player.close()

    def _cue(self, cue: Cue) -> None:
        if self._player.play(cue.fault, cue.side) or self._buzz is None:
            return
        buzzing = asyncio.ensure_future(self._try_buzz(cue))
        self._buzzing.add(buzzing)  # asyncio keeps only a weak reference
        buzzing.add_done_callback(self._buzzing.discard)

    async def _try_buzz(self, cue: Cue) -> None:
        assert self._buzz is not None
        with suppress(LinkError):  # a lost connection is reported by the missing packets
            await self._buzz(cue.fault, cue.side)

    def _changed_elsewhere(self, backend: str) -> None:
        """Called in the player's thread."""
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._changed, backend)

    def _changed(self, backend: str) -> None:
        _log.info("sound through %s", backend or ("the clip's buzzer" if self._buzz is not None else "nothing"))
        if backend:
            self._say(f"sound through {backend}")
        elif self._buzz is not None:
            self._say("no sound device: cues sound on the clip's buzzer until there is one.")
        else:
            self._say("no sound device: cues are shown, not heard.")


def beyond_band(stride: np.void, packets: PacketPipeline) -> float:
    """How far a stride's tilt is outside the band around the baseline, in degrees; 0 within it or without baseline."""
    baseline = packets.pipeline.baseline
    if baseline is None or not stride["valid"]:
        return 0.0
    off_deg = float(stride["tilt_deg"] - baseline.tilt_deg[baseline.at(stride["cadence_spm"])])
    band_deg = packets.pipeline.params.tuck_off_deg
    return off_deg - band_deg if off_deg > band_deg else min(off_deg + band_deg, 0.0)
