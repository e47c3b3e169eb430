"""Pages of a run and of a trend, for the pictures in docs/images: a simulated runner who improves over nine weeks.

The sessions are in a store of their own; the pages are those of `untuck summary` and `untuck trend`. A browser renders
them, and screenshots.py saves the pictures.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from click.testing import CliRunner
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from untuck.cli.main import cli
from untuck.model import LEFT, RIGHT, Packet
from untuck.motion.params import Params
from untuck.session.reanalysis import reanalyse
from untuck.simulate.packets import pack
from untuck.simulate.runner import simulate
from untuck.simulate.scenario import HINGE_S, Phase, Scenario
from untuck.store import Settings, Store, codec

NEWEST = datetime(2026, 11, 21, 17, 46).timestamp()
DAYS = tuple(7 * week + day for week in range(9) for day in (0, 3, 5))[1:]
MINUTES = 11.0  # of running; the last fifth without cues
PARAMS = Params(baseline_warmup_s=0.0, cue_silent_after_s=0.8 * 60 * MINUTES)
RATE_HZ = 100


class PageShot(NamedTuple):
    """A picture of a page: the command that writes it, the visible size in CSS pixels, the picture's width."""

    command: tuple[str, ...]
    layout: tuple[int, int]
    image_width: int
    dark: bool = False


PAGES = {
    "summary": PageShot(("summary",), (1000, 2040), 720),
    "summary-dark": PageShot(("summary",), (1000, 2040), 720, dark=True),
    "summary-phone": PageShot(("summary",), (360, 1735), 360),
    "trend": PageShot(("trend",), (1000, 1568), 720),
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def scenario(skill: float, rng: np.random.Generator) -> Scenario:
    """A run with faults, a third of them pullbacks: seven of 32 s at skill 0, four of 21 s at skill 1."""
    faults = round(7.0 - 3.0 * skill)
    lasting_s = 32.0 - 11.0 * skill + rng.normal(0.0, 1.5, faults)
    between_s = (60.0 * MINUTES - 60.0 - lasting_s.sum()) / faults
    phases = [Phase("stand", 7.0), Phase("hinge", 3 * HINGE_S), Phase("stand", 2.5), Phase("run", 60.0)]
    for number, length_s in enumerate(lasting_s):
        phases.append(Phase("run", 0.8 * between_s))
        if (number + faults) % 3 == 0:
            side = LEFT if rng.random() < 0.6 else RIGHT
            phases.append(Phase("run", length_s, pullback_deg=5.0, side=side))
        else:
            phases.append(Phase("run", length_s, tuck_deg=rng.uniform(6.0, 7.5)))
        phases.append(Phase("run", 0.2 * between_s))
    return Scenario((*phases, Phase("stand", 8.0)))


def record_weeks(days: tuple[int, ...] = DAYS) -> None:
    """A session for each day, the last of them the newest."""
    store = Store()
    for number, day in enumerate(days):
        rng = np.random.default_rng(number)
        samples = simulate(scenario(number / max(1, len(days) - 1), rng), number, RATE_HZ).samples
        started_s = NEWEST - 86400.0 * (days[-1] - day)
        settings = Settings(params=PARAMS, rate_hz=RATE_HZ, runner="Ada")
        with store.record("simulated runner", "demo", settings, started_s) as recording:
            for count, data in enumerate(pack(samples, RATE_HZ)):
                recording.append(Packet(data, 0.05 * count))
            recording.flush()
            recording.end(codec.to_json(reanalyse(store.open(recording.id)).summary))


def browser() -> str:
    """Path of a browser, "" if there is none."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), "")


@contextmanager
def _home() -> Iterator[Path]:
    """A temporary data folder."""
    before = os.environ.get("UNTUCK_HOME")
    with tempfile.TemporaryDirectory(prefix="untuck-pages-") as folder:
        os.environ["UNTUCK_HOME"] = folder
        try:
            yield Path(folder)
        finally:
            os.environ.pop("UNTUCK_HOME")
            if before is not None:
                os.environ["UNTUCK_HOME"] = before


def _draw(page: Path, shot: PageShot) -> QImage:
    """The upper part of a page, in a frame: a browser's window cannot be as narrow as a phone."""
    width, height = shot.layout
    frame, image = page.with_name("frame.html"), page.with_name("frame.png")
    frame.write_text(
        "<style>body { margin: 0 } iframe { border: 0 }</style>"
        f'<iframe src="{page.name}" width="{width}" height="{height}" scrolling="no"></iframe>'
    )
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                browser(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                f"--user-data-dir={profile}",
                f"--blink-settings=preferredColorScheme={int(not shot.dark)}",
                f"--window-size={max(width, 500)},{height + 200}",
                f"--screenshot={image}",
                frame.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=60,
        )
    drawn = QImage(str(image)).copy(0, 0, width, height)
    return drawn.scaledToWidth(shot.image_width, Qt.TransformationMode.SmoothTransformation)


def draw_pages(names: Iterable[str], folder: Path, days: tuple[int, ...] = DAYS) -> None:
    """Save pictures of these PAGES. Raises RuntimeError if there is no browser."""
    if not browser():
        raise RuntimeError("pictures of pages need a browser: apt-get install chromium")
    with _home() as home:
        record_weeks(days)
        for name in names:
            page = home / "page.html"
            CliRunner().invoke(cli, [*PAGES[name].command, "--html", str(page)], catch_exceptions=False)
            _draw(page, PAGES[name]).save(str(folder / f"{name}.png"))
