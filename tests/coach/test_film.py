"""The README's moving picture: small, long enough, and its words are those of the cues that the demo gives."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from tests.coach import film


def test_moving_picture_is_small_and_repeats(checkout: Path) -> None:
    path = checkout / "docs" / "images" / "demo.gif"
    assert path.stat().st_size < film.MOST_BYTES
    with Image.open(path) as moving:
        lasts_ms = []
        for number in range(moving.n_frames):  # type: ignore[attr-defined]
            moving.seek(number)
            lasts_ms.append(moving.info["duration"])
        assert moving.info["loop"] == 0
    assert len(lasts_ms) >= 30
    assert lasts_ms.count(film.CUE_MS) == 2  # stays at the cue and at the recovery
    assert 8_000 < sum(lasts_ms) < 20_000


def test_words_follow_the_demos_cues() -> None:
    within = [cue for cue in film.cues() if film.START_S < cue.time_s < film.END_S]
    assert [str(cue.fault) for cue in within] == ["tuck", "recovered"]
    tuck, recovered = map(film.words, within)
    assert "low double tone" in tuck and "let the belt tip forward" in tuck
    assert "rising chime" in recovered
    assert "silence" in film.words(None)
