"""Renders the spoken clips of untuck.sound.phrases with espeak-ng and sox: `make speech`. Run when a phrase changes.

espeak-ng speaks. sox removes the silence at both ends, compresses the dynamics, so that quiet syllables are audible
while running, and writes Ogg Vorbis, 24 kHz, mono.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from untuck.sound.phrases import FOLDER, cue_phrases, measured, phrases

VOICE = ("-v", "en-gb", "-s", "165", "-p", "45", "-g", "2")
TRIM = ("silence", "1", "0.01", "0.5%", "reverse", "silence", "1", "0.01", "0.5%", "reverse")
EQUALISE = ("highpass", "150", "treble", "3")
LEVELS = FOLDER.parent / "speech_levels.py"
COMPRESS = ("compand", "0.001,0.06", "3:-70,-70,-45,-22,-20,-9,0,-7", "-5", "-70", "0.002")
FINISH = ("pad", "0.01", "0.03", "norm", "-1")
LOUDER = ("gain", "-l", "4")  # of cues, which must be heard above music: sox limits their peaks


def write_levels() -> None:
    """Write what a player that cannot measure needs of each clip."""
    rows = [
        f"    {name!r}: ({gain:.5f}, {length_s:.3f}),\n" for name in phrases() for gain, length_s in [measured(name)]
    ]
    head = LEVELS.read_text(encoding="utf-8").partition("LEVELS = {\n")
    LEVELS.write_text("".join([head[0], head[1], *rows, "}\n"]).replace("'", '"'), encoding="utf-8")


def main() -> int:
    """Write one clip for each phrase, and remove the clips of removed phrases."""
    lacking = [name for name in ("espeak-ng", "sox") if shutil.which(name) is None]
    if lacking:
        print(f"render_speech: install {' and '.join(lacking)} first (apt-get install espeak-ng sox).", file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    wanted = {FOLDER / f"{name.replace(' ', '_')}.ogg": text for name, text in phrases().items()}
    for old in set(FOLDER.glob("*.ogg")) - set(wanted):
        old.unlink()
    cues = set(cue_phrases().values())
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.wav"
        for path, text in wanted.items():
            subprocess.run(["espeak-ng", *VOICE, "-w", raw, text], check=True)
            effects = (*TRIM, *EQUALISE, *COMPRESS, *FINISH, *(LOUDER if text in cues else ()))
            subprocess.run(["sox", "-R", raw, "-r", "24000", "-c", "1", "-C", "5", path, *effects], check=True)
    write_levels()
    print(f"{len(wanted)} clips, {sum(path.stat().st_size for path in wanted) // 1024} kB in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
