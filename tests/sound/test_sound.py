"""The sounds: cues without clicks, on the correct side, distinguishable; and once through a real sound server.

The server is PulseAudio with a null sink, recorded at its monitor: skipped where it is not installed.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from virtual_clip.loudspeaker import Ear

from untuck.errors import SoundError
from untuck.model import LEFT, RIGHT
from untuck.sound import delay, mixer, tones
from untuck.sound.loudness import momentary_lufs
from untuck.sound.mixer import Hearing, Mixer
from untuck.sound.phrases import FOLDER, cue_phrase, cue_phrases, phrases, spoken
from untuck.sound.tones import RATE_HZ, render, to_int16
from untuck.store.profiles import Profiles
from untuck.vocabulary import form_faults
from virtual_clip import loudspeaker

FAULTS = (*form_faults(trunk=True), "recovered")
CUES = tuple(mixer.audible_cues())
CUE_PHRASES = set(cue_phrases())
MUSIC_LUFS = -14.0  # level of music from streaming services
FULL = Hearing(volume=1.0)


def spectrum(mono: np.ndarray) -> np.ndarray:
    """Magnitudes in 20 Hz bins up to 5 kHz, of unit length."""
    magnitude = np.abs(np.fft.rfft(mono, RATE_HZ))[:5000].reshape(-1, 20).sum(axis=1)
    return magnitude / np.linalg.norm(magnitude)


def mean_pitch_hz(mono: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(mono, RATE_HZ))[:5000] ** 2
    return float((np.arange(5000) * power).sum() / power.sum())


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("side", [LEFT, 0, RIGHT])
def test_cues_start_and_end_softly_and_never_clip(fault: str, side: int) -> None:
    cue = render(fault, side)
    assert np.abs(cue).max() <= tones.PEAK_MAX
    assert np.abs(cue[[0, -1]]).max() < 1e-9
    # a click is a larger step than the partials of the cue make: highest partial 4.7 kHz, gains below half
    assert np.abs(np.diff(cue, axis=0)).max() < 0.3
    edges = np.concatenate([cue[:48], cue[-48:]])  # the first and last millisecond
    assert np.abs(np.diff(edges, axis=0)).max() < 0.02
    assert 0.3 <= len(cue) / RATE_HZ <= 0.8


def test_loudness_agrees_with_the_recommendation() -> None:
    sine = 10 ** (-20 / 20) * np.sin(2 * np.pi * 997 * np.arange(RATE_HZ) / RATE_HZ)
    assert momentary_lufs(np.stack([sine, 0 * sine], axis=1)) == pytest.approx(-23.0, abs=0.05)
    assert momentary_lufs(np.stack([sine, sine], axis=1)) == pytest.approx(-20.0, abs=0.05)
    assert momentary_lufs(np.zeros((100, 2))) == -np.inf


@pytest.mark.parametrize(("fault", "side"), CUES)
def test_cues_are_louder_than_music_at_the_default_volume(fault: str, side: int) -> None:
    assert momentary_lufs(render(fault, side)) == pytest.approx(tones.LOUDNESS_LUFS, abs=0.01)
    assert momentary_lufs(Hearing().volume * render(fault, side)) > MUSIC_LUFS + 2.5


@pytest.mark.parametrize("phrase", phrases())
def test_phrases_are_loud_enough_without_clicks_or_clipping(phrase: str) -> None:
    said = spoken(phrase)
    assert np.abs(said).max() <= tones.PEAK_MAX + 1e-9 and np.abs(said[[0, -1]]).max() < 1e-3
    assert momentary_lufs(said) > MUSIC_LUFS + (2.0 if phrase in CUE_PHRASES else 0.0)
    assert 0.25 <= len(said) / RATE_HZ <= 6.0


def test_every_phrase_has_its_clip_and_every_clip_its_phrase() -> None:
    assert {path.stem for path in FOLDER.glob("*.ogg")} == {name.replace(" ", "_") for name in phrases()}


def test_a_cue_for_one_side_is_heard_there() -> None:
    left, right = render("pullback", LEFT), render("pullback", RIGHT)
    level = np.sqrt((left**2).mean(axis=0))
    assert level[0] / level[1] == pytest.approx(10.0)
    level = np.sqrt((right**2).mean(axis=0))
    assert level[1] / level[0] == pytest.approx(10.0)
    assert np.array_equal(*render("tuck", 0).T)


def test_cues_are_distinguishable_also_in_mono() -> None:
    sounds = {cue: spectrum(render(*cue).mean(axis=1)) for cue in CUES}
    for one, other in itertools.combinations(CUES, 2):
        assert sounds[one] @ sounds[other] < 0.6, (one, other)
    assert mean_pitch_hz(render("tuck")[:, 0]) < mean_pitch_hz(render("pullback", LEFT)[:, 0])
    assert mean_pitch_hz(render("pullback", LEFT)[:, 0]) < mean_pitch_hz(render("pullback", RIGHT)[:, 1])


def test_every_fault_with_cues_has_a_tone_and_a_phrase_at_each_of_its_sides() -> None:
    assert {fault for fault, _ in CUES} == set(FAULTS)
    assert len(CUES) == 8 and all(cue_phrase(fault, side) for fault, side in CUES if fault != "recovered")


def over_time(mono: np.ndarray) -> np.ndarray:
    """Levels in dB of third octaves from 200 Hz to 6 kHz, every 20 ms, (frames, bands), within 40 dB."""
    frames = np.lib.stride_tricks.sliding_window_view(mono, 2048)[:: RATE_HZ // 50] * np.hanning(2048)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    edges = np.searchsorted(np.fft.rfftfreq(2048, 1 / RATE_HZ), 200.0 * 2.0 ** (np.arange(16) / 3))
    bands = np.add.reduceat(power, edges, axis=1)[:, :-1]
    levels = 10 * np.log10(bands / bands.max() + 1e-4)
    return levels - levels.mean()


def wind(rng: np.random.Generator, count: int) -> np.ndarray:
    """Noise that falls by 3 dB an octave, as loud as the cues."""
    shape = np.fft.rfftfreq(count, 1 / RATE_HZ)
    spectrum = np.fft.rfft(rng.normal(size=count)) / np.sqrt(np.maximum(shape, 50.0))
    noise = np.fft.irfft(spectrum, count)
    return noise * 10 ** ((tones.LOUDNESS_LUFS - momentary_lufs(np.stack([noise, noise], axis=1))) / 20)


def likest(heard: np.ndarray, patterns: dict[tuple[str, int], np.ndarray]) -> tuple[str, int]:
    """The cue whose pattern of levels is the likest at any time."""

    def likeness(pattern: np.ndarray) -> float:
        windows = np.lib.stride_tricks.sliding_window_view(heard, pattern.shape)[:, 0]
        windows = windows - windows.mean(axis=(1, 2), keepdims=True)
        norms = np.linalg.norm(windows, axis=(1, 2)) * np.linalg.norm(pattern)
        return float(((windows * pattern).sum(axis=(1, 2)) / norms).max())

    return max(patterns, key=lambda cue: likeness(patterns[cue]))


@pytest.mark.parametrize(("fault", "side"), CUES)
def test_a_cue_in_wind_as_loud_as_itself_is_taken_for_no_other(fault: str, side: int) -> None:
    """In mono, by levels of third octaves over time: without pitch, ear or phase, which people hear as well."""
    patterns = {cue: over_time(render(*cue).mean(axis=1)) for cue in CUES}
    rng = np.random.default_rng(1)
    for _ in range(10):
        cue = render(fault, side).mean(axis=1)
        before, after = (np.zeros(int(rng.integers(RATE_HZ // 2, RATE_HZ))) for _ in range(2))
        heard = np.concatenate([before, cue, after])
        assert likest(over_time(heard + wind(rng, len(heard))), patterns) == (fault, side)


def test_the_recovery_chime_rises() -> None:
    chime = render("recovered")[:, 0]
    third = RATE_HZ // 10
    pitches = [mean_pitch_hz(chime[begin : begin + third]) for begin in (0, third, 2 * third + third // 2)]
    assert pitches == sorted(pitches) and pitches[2] > 1.2 * pitches[0]


def test_the_mixer_returns_the_same_sound_in_any_pieces() -> None:
    whole, pieces = Mixer(FULL), Mixer(FULL)
    for each in (whole, pieces):
        each.play("tuck", 0)
        each.play("pullback", RIGHT)
    expected = np.concatenate([to_int16(render("tuck")), to_int16(render("pullback", RIGHT))])
    heard = np.concatenate([pieces.read(frames) for frames in [480, 1, 4096, 7] * 8] + [pieces.read(4096)])
    assert np.array_equal(whole.read(len(expected)), expected) and whole.idle
    assert np.array_equal(heard[: len(expected)], expected)
    assert not heard[len(expected) :].any() and pieces.idle


def heard_of(hearing: Hearing, fault: str, side: int) -> np.ndarray:
    each = Mixer(hearing)
    each.play(fault, side)
    return each.read(4 * RATE_HZ).astype(float) / 32767


def test_one_ear_hears_both_sides() -> None:
    for side in (LEFT, RIGHT):
        heard = heard_of(Hearing(ear="right", volume=1.0), "pullback", side)
        assert not heard[:, 0].any()
        assert np.abs(heard[:, 1]).max() == pytest.approx(np.abs(render("pullback", side)).max(), rel=1e-3)


def test_volume_and_speech_can_be_set() -> None:
    loud, soft = heard_of(FULL, "tuck", 0), heard_of(Hearing(volume=0.25), "tuck", 0)
    assert np.abs(soft).max() == pytest.approx(0.25 * np.abs(loud).max(), rel=0.01)
    said = heard_of(Hearing(volume=1.0, cues="speech"), "pullback", LEFT)
    assert np.abs(said[: len(spoken("pullback left"))] - spoken("pullback left")).max() < 1e-4
    assert np.array_equal(heard_of(Hearing(cues="speech"), "recovered", 0), heard_of(Hearing(), "recovered", 0))


def test_late_phrases_are_dropped() -> None:
    each = Mixer()
    for phrase in ("ready", "lap", "zeroed", "finished"):
        each.say(phrase)
    length = sum(len(spoken(phrase)) for phrase in ("ready", "lap"))
    each.read(length)
    assert each.idle


def test_a_cue_cuts_a_phrase_short_without_a_click() -> None:
    each = Mixer(FULL)
    each.say("baseline taken")
    each.say("ready")
    before = each.read(RATE_HZ)
    each.play("tuck", 0)
    after = each.read(RATE_HZ)
    fade = round(tones.FADE_S * RATE_HZ)
    cue = to_int16(render("tuck"))
    assert np.array_equal(after[fade : fade + len(cue)], cue) and each.idle
    seam = np.diff(np.concatenate([before[-480:], after[: fade + 48]]).astype(float), axis=0)
    assert np.abs(seam).max() <= np.abs(np.diff(before.astype(float), axis=0)).max()


def test_the_hum_follows_tilt_smoothly_and_is_silent_in_the_band() -> None:
    each = Mixer(FULL)
    assert not each.read(RATE_HZ).any()
    pitches = []
    for beyond_deg in (-4.0, 4.0):
        each.hum(beyond_deg)
        each.read(2 * RATE_HZ)
        heard = each.read(RATE_HZ)[:, 0].astype(float) / 32767
        assert 0.5 * mixer.HUM_GAIN < np.abs(heard).max() < 0.2
        assert np.abs(np.diff(heard)).max() < 0.02
        pitches.append(int(np.abs(np.fft.rfft(heard)).argmax()))
    assert pitches[0] == pytest.approx(440 / 2**0.5, abs=2) and pitches[1] == pytest.approx(440 * 2**0.5, abs=2)
    each.hum(0.0)
    each.read(RATE_HZ)
    assert not each.read(RATE_HZ).any()


def test_a_fault_without_a_tone_is_silent() -> None:
    quiet = Mixer()
    quiet.play("held", RIGHT)
    assert quiet.idle and not quiet.read(480).any() and not tones.has_sound("held")


PLAY = """
import sys, time
from untuck.sound.player import Player
with Player() as player:
    print(player.backend, flush=True)
    time.sleep(2.5)  # a new stream is silent for up to 1.6 s
    for fault, side in (("tuck", 0), ("pullback", 1)):
        print(time.monotonic(), flush=True)
        player.play(fault, side)
        player.wait()
        time.sleep(0.5)
"""


@pytest.fixture
def sound_server(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a PulseAudio with a null sink called cue."""
    if loudspeaker.missing():
        pytest.skip(loudspeaker.missing())
    with loudspeaker.sound_server(tmp_path / "x") as env:
        yield env


def player(env: dict[str, str], checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PLAY],
        env={**env, "PYTHONPATH": str(checkout / "host")},
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_cues_are_heard_through_a_sound_server(sound_server: dict[str, str], checkout: Path) -> None:
    ear = Ear(sound_server)
    try:
        played = player(sound_server, checkout)
        time.sleep(0.3)
    finally:
        heard, _ = ear.stop()
    assert played.returncode == 0, played.stderr
    backend, *asked_s = played.stdout.split()
    assert backend == "PulseAudio"
    parts = loudspeaker.sounds(heard)
    cues = [heard[part] for part in parts]
    assert len(cues) == len(asked_s) == 2
    for cue, (fault, side) in zip(cues, (("tuck", 0), ("pullback", RIGHT)), strict=True):
        sent = render(fault, side)
        assert len(cue) == pytest.approx(len(sent), rel=0.2)
        assert spectrum(cue[:, 1]) @ spectrum(sent[:, 1]) > 0.95  # a busy machine may drop a few milliseconds
    level = np.sqrt((cues[1] ** 2).mean(axis=0))
    assert level[1] > 5 * level[0]


def test_the_demo_is_heard(sound_server: dict[str, str], checkout: Path) -> None:
    ear = Ear(sound_server)
    try:
        demo = [sys.executable, "-m", "untuck", "demo", "--fast"]
        env = {**sound_server, "PYTHONPATH": str(checkout / "host")}
        done = subprocess.run(demo, env=env, capture_output=True, text=True, timeout=120)
        time.sleep(0.3)
    finally:
        heard, _ = ear.stop()
    assert done.returncode == 0 and "sound through PulseAudio" in done.stdout
    assert (np.abs(heard).max(axis=1) > 50).sum() > 0.5 * RATE_HZ  # tuck, recovery, pullback, recovery: 2.2 s
    assert np.abs(heard[:, 1] - heard[:, 0]).max() > 1000  # one of them is panned


UNPLUG = """
import logging, subprocess, time
from untuck.sound.player import Player
logging.basicConfig(level="INFO", format="%(levelname)s %(message)s")
lines = []
def until(wanted, seconds):
    end_s = time.monotonic() + seconds
    while not wanted() and time.monotonic() < end_s:
        time.sleep(0.05)
    return wanted()
def sinks():
    out = subprocess.run(["pactl", "list", "short", "sink-inputs"], capture_output=True, text=True).stdout
    return [line.split()[1] for line in out.splitlines()]
def load(name):
    subprocess.run(["pactl", "load-module", "module-null-sink", f"sink_name={name}"], check=True, capture_output=True)
def unload(module):
    subprocess.run(["pactl", "unload-module", module], check=True)
with Player(on_change=lambda backend: lines.append(backend or "none")) as player:
    load("second")
    subprocess.run(["pactl", "set-default-sink", "second"], check=True)
    assert until(lambda: len(sinks()) == 1, 5)
    unload("module-null-sink")
    assert until(lambda: not player.alive, 5), "the lost device was not detected"
    assert player.play("tuck", 0) is False
    load("third")
    assert until(lambda: player.alive and len(sinks()) == 1, 10), "the new device was not opened"
    assert player.play("tuck", 0)
print(*lines, sep="\\n")
"""


def test_a_lost_device_is_replaced(sound_server: dict[str, str], checkout: Path) -> None:
    env = {**sound_server, "PYTHONPATH": str(checkout / "host")}
    done = subprocess.run([sys.executable, "-c", UNPLUG], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lost, back = done.stdout.splitlines()[:2]
    assert (lost, back) == ("none", "PulseAudio")
    levels = [line.split()[0] for line in done.stderr.splitlines() if line.startswith(("INFO", "WARNING"))]
    assert levels[:3] == ["INFO", "WARNING", "INFO"]  # opened, lost, opened


def test_no_device_is_one_clear_error(tmp_path: Path, checkout: Path) -> None:
    if os.path.exists("/dev/snd"):
        pytest.skip("this machine has a sound card")
    nowhere = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "PULSE_SERVER": f"unix:{tmp_path}/none"}
    played = player({**os.environ, **nowhere}, checkout)
    assert played.returncode == 1
    assert played.stderr.strip().endswith(f"{SoundError.__name__}: no sound device: cues are shown, not heard.")
    assert "ALSA" not in played.stderr


def test_the_delay_of_the_output_is_measured(sound_server: dict[str, str], checkout: Path, own_home: Path) -> None:
    """The null sink's monitor is the microphone here, so that the delay is that of the sound server."""
    env = {**sound_server, "PYTHONPATH": str(checkout / "host")}
    command = [sys.executable, "-m", "untuck", "doctor", "--audio-delay", "--json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    delay_ms = json.loads(done.stdout)["audio_delay_ms"]
    assert 0.0 < delay_ms < 400.0
    assert Profiles().open("Ada").audio_delay_ms == delay_ms


def recorded(delay_s: float, gain: float) -> tuple[np.ndarray, list[float]]:
    """A noisy recording that begins at 10 s, and the times at which its chirps were requested."""
    heard = np.random.default_rng(0).normal(size=8 * RATE_HZ) * 300.0
    asked_s = [11.0 + n * delay.APART_S for n in range(delay.CHIRPS)]
    for begin_s in asked_s:
        at = round((begin_s + delay_s - 10.0) * RATE_HZ)
        heard[at : at + len(delay.chirp())] += gain * delay.chirp()
    return heard, asked_s


@pytest.mark.parametrize("delay_s", [0.012, 0.180, 0.5])
def test_soft_chirps_are_found_at_their_delay(delay_s: float) -> None:
    heard, asked_s = recorded(delay_s, gain=300.0)
    assert delay.delays_ms(heard, 10.0, asked_s) == pytest.approx(np.full(delay.CHIRPS, 1e3 * delay_s), abs=0.1)


def test_a_silent_microphone_is_reported() -> None:
    heard, asked_s = recorded(0.1, gain=0.0)
    with pytest.raises(SoundError, match="did not pick up the test sounds"):
        delay.delays_ms(heard, 10.0, asked_s)
