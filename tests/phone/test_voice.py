"""A phone sounds like the computer: the same samples, and the same policy of cues and phrases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from untuck.phone.app.bridge import Bridge, Message
from untuck.phone.app.voice import SoundQueue, WindowPlayer
from untuck.sound.mixer import HUM_HZ, Hearing, Mixer
from untuck.sound.phrases import measured, phrases, spoken
from untuck.sound.speech_levels import LEVELS
from untuck.sound.tones import FADE_S, RATE_HZ


class Window:
    """What the window was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []
        self.bridge = Bridge(self.take)
        self.player = WindowPlayer(self.bridge)

    def take(self, message: Message) -> None:
        self.told.append((message["tell"], message["value"]))

    def run(self, running: bool = True) -> None:
        self.bridge.receive({"event": "sound.state", "value": {"running": running, "latency_s": 0.02}})

    def of(self, name: str) -> list[Any]:
        return [value for told, value in self.told if told == name]


@pytest.mark.parametrize("hearing", [Hearing(), Hearing(0.3, "tones", "left"), Hearing(1.0, "tones", "right")])
def test_cues_are_those_of_the_computer_to_the_sample(hearing: Hearing) -> None:
    window = Window()
    window.player.hear(hearing)
    loaded = {value["key"]: value for value in window.of("sound.load") if "left" in value}
    ready = Mixer(hearing)._ready
    assert len(loaded) == len(ready) == 8
    for (fault, side), expected in ready.items():
        value = loaded[f"{fault} {side:+d}"]
        samples = np.stack([np.frombuffer(value[ear], "<f4").astype(np.float64) for ear in ("left", "right")], axis=1)
        assert np.abs(samples * 32767.0 - expected).max() <= 0.51  # rounding to 16 bits


def test_levels_and_lengths_of_the_clips_are_as_measured() -> None:
    assert set(LEVELS) == set(phrases())
    for name in phrases():
        gain, length_s = measured(name)
        assert LEVELS[name] == (pytest.approx(gain, abs=1e-4), pytest.approx(length_s, abs=1e-3)), name
        assert len(spoken(name)) / RATE_HZ == pytest.approx(length_s, abs=1e-3)


def test_sounds_are_given_once_and_again_with_other_settings() -> None:
    window = Window()
    window.player.hear(Hearing())
    clips = [value for value in window.of("sound.load") if "ogg" in value]
    assert len(clips) == len(phrases()) and clips[0]["ogg"][:4] == b"OggS"
    window.told.clear()
    window.player.hear(Hearing())
    assert window.told == []
    window.player.hear(Hearing(0.4, "speech", "left"))
    again = window.of("sound.load")
    assert len(again) == len(phrases()) + len(Mixer()._ready) and not any("ogg" in value for value in again)
    tuck = next(value for value in again if value["key"] == "tuck")
    assert tuck["gains"] == [pytest.approx(0.4 * LEVELS["tuck"][0]), 0.0]
    window.run()
    window.player.play("tuck", 0)
    window.player.play("rigid", 0)
    assert [value["key"] for value in window.of("sound.play")] == ["tuck", "rigid"]  # as words


def test_nothing_sounds_before_the_window_can_and_after_an_interruption_what_waited_is_dropped() -> None:
    window = Window()
    changes: list[str] = []
    player = window.player.output(Hearing(), changes.append, True)
    assert not player.play("tuck", 0) and not player.say("stand")
    window.run()
    assert player.say("stand") and player.play("tuck", 0)
    window.run(False)
    assert not player.play("tuck", 0) and changes == ["this phone", ""]
    plays = [value["id"] for value in window.of("sound.play")]
    cuts = [value["ids"] for value in window.of("sound.cut")]
    assert cuts == [[plays[0]], plays]  # by the cue, and by the interruption


def test_a_cue_without_a_sound_is_ignored() -> None:
    window = Window()
    window.player.hear(Hearing())
    window.run()
    assert window.player.play("no fault", 0) and window.of("sound.play") == []


def test_the_hum_follows_the_tilt_and_ends_with_the_session() -> None:
    window = Window()
    player = window.player.output(Hearing(1.0), lambda _: None, True)
    for degrees in (8.0, 8.0, -8.0):
        player.hum(degrees)
    player.close()
    hums = window.of("sound.hum")
    assert [value["hz"] for value in hums] == pytest.approx([2 * HUM_HZ, HUM_HZ / 2, HUM_HZ / 2])
    assert [value["glide_s"] for value in hums] == pytest.approx([0.0, 2.0, 0.0])
    assert hums[0]["gains"][0] > 0.0 and hums[2]["gains"] == [0.0, 0.0]


CUE, SAY = "tuck", "lap"
STEPS = st.lists(st.tuples(st.integers(1, 40), st.sampled_from([CUE, SAY])), min_size=1, max_size=12)
BLOCK = RATE_HZ // 50  # frames that the computer's device reads at once


@given(steps=STEPS)
@example(steps=[(1, CUE), (1, CUE), (1, CUE), (18, CUE), (1, CUE)])  # the fifth as the first ends
@example(steps=[(1, CUE), (1, CUE), (31, CUE), (40, CUE), (40, CUE), (1, CUE), (20, SAY), (22, CUE)])  # rounded
@settings(max_examples=60, deadline=None)
def test_the_order_is_that_of_the_computers_mixer(steps: list[tuple[int, str]]) -> None:
    """The same calls at the same times: the same output, to the frame."""
    mixer, queue = Mixer(Hearing(1.0)), SoundQueue()
    cue, phrase = mixer._ready[CUE, 0], (mixer.prepare((SAY,)), mixer._phrases[SAY])[1]
    pieces, places, frame = [], {}, 0
    for blocks, what in steps:
        now_s = frame / RATE_HZ
        if what == CUE:
            mixer.play(CUE, 0)
            place, cut = queue.play(now_s, len(cue) / RATE_HZ)
            for number in cut:
                old = places[number]
                places[number] = (old[0], old[1], now_s)
        else:
            mixer.say(SAY)
            place = queue.say(now_s, len(phrase) / RATE_HZ)
        if place is not None:
            places[place.id] = (place.begin_s, cue if what == CUE else phrase, None)
        pieces += [mixer.read(BLOCK) for _ in range(blocks)]
        frame += blocks * BLOCK
    while not mixer.idle:
        pieces.append(mixer.read(BLOCK))
    expected = np.concatenate(pieces).astype(np.float64)
    assert np.abs(expected - rendered(places, len(expected))).max() <= 1.0


def rendered(places: dict[int, Any], frames: int) -> np.ndarray:
    """What the window plays: each sound at its place, cut ones faded out from the cut or not at all."""
    output = np.zeros((frames, 2))
    for begin_s, sound, cut_s in places.values():
        first, part = round(begin_s * RATE_HZ), sound.astype(np.float64)
        if cut_s is not None:
            at = round(cut_s * RATE_HZ) - first
            if at <= 0:
                continue
            count = min(round(FADE_S * RATE_HZ), len(part) - at)
            fade = 0.5 + 0.5 * np.cos(np.pi * np.arange(1, count + 1) / count)
            part = np.concatenate([part[:at], part[at : at + count] * fade[:, None]])
        output[first : first + len(part)] += part
    return output
