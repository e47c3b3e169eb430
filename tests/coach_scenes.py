"""Scenes of the coach's window: simulated runners stopped at a moment, for tests and for the pictures in docs/images.

screenshots.py saves them. Every scene goes through the line and the feed that a session goes through; only the
clock is held, so that a picture shows the same moment every time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

from PySide6.QtWidgets import QApplication

from untuck.cli.coach_desk import CoachView
from untuck.cli.live import Line
from untuck.cli.state import LiveState
from untuck.coach.desk import Choice, News, Seat
from untuck.coach.feed import Feed
from untuck.coach.window import CoachWindow
from untuck.model import Packet
from untuck.motion.pipeline import Pipeline
from untuck.sources.packing import pack
from untuck.sources.runner import simulate
from untuck.store import Settings

STANDING_S, CALIBRATING_S, CALIBRATED_S = 3.6, 14.5, 18.5
BASELINE_S, GOOD_S, TUCK_S, PULLBACK_S, END_S = 45.0, 69.0, 84.0, 124.0, 200.0


@cache
def packets(seed: int) -> tuple[bytes, ...]:
    """The default story of one simulated runner."""
    return tuple(pack(simulate(seed=seed).samples, 100))


class SceneDesk:
    """A desk whose runners have got to a moment and stay there; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.next = News(choices=[Choice("clip", "The first clip heard"), Choice("demo", "A simulated runner")])
        self._lines: dict[Seat, tuple[Line, CoachView, int]] = {}

    def seat(self, name: str, seed: int, until_s: float) -> Seat:
        """A runner whose session has got to until_s."""
        seat = Seat(name, Feed())
        self._lines[seat] = (Line(Settings()), CoachView(LiveState(), seat.feed), seed)
        self.next.seats.append(seat)
        self.play(seat, until_s)
        return seat

    def play(self, seat: Seat, until_s: float) -> None:
        """Let the session go on until then."""
        line, view, seed = self._lines[seat]
        done = line.decoder.packets
        for number, data in enumerate(packets(seed)[done:], done):
            if line.last_s >= until_s:
                return
            line.take_asked()
            view.show(line.push(Packet(data, number * 0.05)), line)
        view.show(line.finish(), line)
        seat.feed.end()

    def pipeline(self, seat: Seat) -> Pipeline:
        """The analysis of a runner's session."""
        return self._lines[seat][0].pipeline

    def view(self, seat: Seat) -> CoachView:
        """What stands between a runner's session and the window."""
        return self._lines[seat][1]

    def start(self, key: str = "") -> None:
        self.asked.append(("start", key))

    def stop(self, seat: Seat) -> None:
        self.asked.append(("stop", seat.name))

    def find(self) -> None:
        self.asked.append(("find",))

    def cancel(self) -> None:
        self.asked.append(("cancel",))

    def steer(self, seat: Seat, kind: str, value: str = "") -> None:
        self.asked.append((kind, value))
        self._lines[seat][0].steer(kind, value)

    def blind(self, seat: Seat, on: bool) -> None:
        self.asked.append(("blind", str(on)))

    def report(self, seat: Seat) -> None:
        self.asked.append(("report", seat.name))

    def take_asked(self, seat: Seat) -> None:
        """Let what was asked for take effect, as the next packet would."""
        self._lines[seat][0].take_asked()

    def news(self) -> News:
        news, self.next = self.next, News()
        return news


def open_scene(
    desk: SceneDesk, size: tuple[int, int] = (1200, 700), theme: str = "light", front: int = 0
) -> CoachWindow:
    """A window on the desk's runners; its timer is stopped, so that nothing moves."""
    window = CoachWindow(desk, theme)
    window.timer.stop()
    window.resize(*size)
    window.show()
    window.tick()
    window.bring_to_front(front)
    for track in window.tracks:
        track.heard_s = time.monotonic()  # getting there has taken longer than a runner would be silent
    settle(window)
    return window


def settle(window: CoachWindow) -> None:
    """Draw what has changed."""
    for _ in range(3):
        window.tick()
        window.draw(time.monotonic())
        QApplication.processEvents()


def one(until_s: float, **look: object) -> CoachWindow:
    """One runner at a moment."""
    desk = SceneDesk()
    seat = desk.seat("Ada", 0, until_s)
    if until_s == TUCK_S:
        desk.steer(seat, "lap", "2 km")
        desk.take_asked(seat)
        desk.play(seat, until_s + 0.5)
    return open_scene(desk, **look)  # type: ignore[arg-type]


def strides() -> CoachWindow:
    """The stride view while a hip is pulled back."""
    window = one(PULLBACK_S)
    window.bar.buttons["view"].click()
    settle(window)
    return window


def replay() -> CoachWindow:
    """A whole session, scrolled back and zoomed out."""
    window = one(END_S)
    window.time_plots.zoom(longer=True)
    window.time_plots.scroll(-0.15)
    settle(window)
    return window


def four() -> CoachWindow:
    """Four runners side by side."""
    desk = SceneDesk()
    for name, seed, until_s in (
        ("Ada", 0, TUCK_S),
        ("Ben", 1, GOOD_S),
        ("Cleo", 2, PULLBACK_S),
        ("Dan", 3, BASELINE_S),
    ):
        desk.seat(name, seed, until_s)
    return open_scene(desk, front=2)


def silent() -> CoachWindow:
    """The clip has not been heard for a while."""
    window = one(GOOD_S)
    window.track.heard_s -= 4.0
    settle(window)
    return window


def empty() -> CoachWindow:
    """Before anything has begun."""
    desk = SceneDesk()
    desk.next.said.append(("No clip was heard: switch it on, hold it near, and look again.", True))
    return open_scene(desk)


SCENES: dict[str, Callable[[], CoachWindow]] = {
    "coach-start": empty,
    "coach-calibrating": lambda: one(CALIBRATING_S),
    "coach-baseline": lambda: one(BASELINE_S),
    "coach-live": lambda: one(GOOD_S),
    "coach-finding": lambda: one(TUCK_S),
    "coach-dark": lambda: one(TUCK_S, theme="dark"),
    "coach-strides": strides,
    "coach-replay": replay,
    "coach-four": four,
    "coach-silent": silent,
    "coach-small": lambda: one(TUCK_S, size=(1024, 600)),
    "coach-large": lambda: one(PULLBACK_S, size=(1920, 1080), theme="dark"),
}
