"""`python -m bench cues`: every cue as a real sound server plays it: loudness, peak, ears, and a picture.

Cues are played one after the other at the usual volume into PulseAudio's null sink and recorded at its monitor.
untuck.sound.loudness measures the loudness.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.lib.figures import Figure, table
from untuck.model import LEFT, RIGHT, Floats
from untuck.sound.mixer import audible_cues
from untuck.sound.phrases import cue_phrases

try:
    from untuck.sound.loudness import momentary_lufs
    from untuck.sound.player import Player
    from untuck.sound.tones import RATE_HZ
    from virtual_clip import loudspeaker
except ImportError as error:
    MISSING: str = f"{error.name} is missing: pip install 'untuck[test]'"
else:
    MISSING = loudspeaker.missing()

CUES = tuple(audible_cues())
PHRASES = tuple(cue_phrases())
MUSIC_LUFS = -14.0
APART_S = 0.7
SETTLE_S = 2.5  # while a new stream is silent


def record() -> dict[str, Floats]:
    """Every cue and spoken cue (N,2), in -1..+1, as recorded."""
    names = [*(f"{fault} {({LEFT: 'left', RIGHT: 'right'}).get(side, '')}".strip() for fault, side in CUES)]
    names += [f"say: {phrase}" for phrase in PHRASES]
    with tempfile.TemporaryDirectory() as folder, loudspeaker.sound_server(Path(folder) / "x") as env:
        os.environ.update({name: env[name] for name in ("HOME", "XDG_RUNTIME_DIR", "PULSE_SERVER")})
        ear = loudspeaker.Ear(env)
        with Player() as player:
            time.sleep(SETTLE_S)
            for fault, side in CUES:
                player.play(fault, side)
                player.wait()
                time.sleep(APART_S)
            for phrase in PHRASES:
                player.say(phrase)
                player.wait(5.0)
                time.sleep(APART_S)
        heard, _ = ear.stop()
    sounds = [heard[part] / 32767.0 for part in loudspeaker.sounds(heard)]
    if len(sounds) != len(names):
        raise RuntimeError(f"{len(names)} sounds were played and {len(sounds)} recorded: the machine is too busy")
    return dict(zip(names, sounds, strict=True))


def measure(sounds: dict[str, Floats]) -> dict[str, dict[str, float]]:
    """Momentary loudness, peak and length of each sound, and the level of the left ear relative to the right."""
    rows = {}
    for name, sound in sounds.items():
        level = np.sqrt((sound**2).mean(axis=0))
        rows[name] = {
            "lufs": momentary_lufs(sound),
            "over_music_lu": momentary_lufs(sound) - MUSIC_LUFS,
            "peak": float(np.abs(sound).max()),
            "length_s": len(sound) / RATE_HZ,
            "left_over_right_db": float(20.0 * np.log10(max(level[0], 1e-9) / max(level[1], 1e-9))),
        }
    return rows


def draw(sounds: dict[str, Floats], path: Path) -> None:
    """Save a picture of each sound: waveforms of both ears, and the spectrogram in mono."""
    from matplotlib.figure import Figure as Canvas

    chosen = {name: sound for name, sound in sounds.items() if not name.startswith("say") or name == "say: tuck"}
    canvas = Canvas(figsize=(22.0, 6.0), layout="constrained")
    axes = canvas.subplots(3, len(chosen))
    for column, (name, sound) in enumerate(chosen.items()):
        time_s = np.arange(len(sound)) / RATE_HZ
        for row, ear in enumerate(("left", "right")):
            axes[row, column].plot(time_s, sound[:, row], linewidth=0.3)
            axes[row, column].set(ylim=(-1, 1), title=name if row == 0 else None, ylabel=ear if column == 0 else None)
        mono = sound.mean(axis=1) + 1e-6 * np.random.default_rng(0).normal(size=len(sound))
        axes[2, column].specgram(mono, NFFT=2048, noverlap=1792, Fs=RATE_HZ, vmin=-120)
        axes[2, column].set(ylim=(0, 6000), xlabel="s", ylabel="Hz in mono" if column == 0 else None)
    canvas.savefig(path, dpi=70)


def figures(rows: dict[str, dict[str, float]]) -> list[Figure]:
    """The rows as figures; goals: louder than music, and no clipping."""
    section = f"Cues as recorded at the usual volume, against music at {MUSIC_LUFS:g} LUFS"
    out = []
    for name, row in rows.items():
        over = {"all": row["over_music_lu"]}
        out.append(Figure(section, f"{name}: loudness over music", "LU", over, {}, (">=", 0.0)))
        out.append(Figure(section, f"{name}: peak", "", {"all": row["peak"]}, {}, ("<=", 0.9)))
    return out


def main(arguments: list[str]) -> int:
    """Print the table, or one JSON object; 1 where PulseAudio is absent."""
    parser = argparse.ArgumentParser(prog="python -m bench cues", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--picture", type=Path, metavar="PNG", help="draw waveforms and spectrograms")
    options = parser.parse_args(arguments)
    if MISSING:
        print(f"cues: {MISSING}", file=sys.stderr)
        return 1
    sounds = record()
    rows = measure(sounds)
    if options.picture is not None:
        draw(sounds, options.picture)
    print(json.dumps(rows) if options.json else table(figures(rows)))
    return 0
