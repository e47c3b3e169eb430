"""Scenes of the coach's window: simulated runners stopped at a moment, for tests and for the pictures in docs/images.

screenshots.py saves them. Every scene runs through the packet pipeline and the feed of a session. The window's timer is
stopped and its clock stands still, so that a picture always shows the same moment, on a busy machine too.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from functools import cache

from PySide6.QtWidgets import QApplication

from untuck.coach.coach_view import CoachView
from untuck.coach.control import Choice, RunnerSlot, Updates
from untuck.coach.session_feed import Feed
from untuck.coach.window import CoachWindow
from untuck.model import Packet
from untuck.motion.pipeline import Pipeline
from untuck.session.live_state import LiveState
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session_commands import Lap, SessionCommand, to_text
from untuck.simulate.packets import pack
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.simulate.source import RunnerSource
from untuck.store import Settings
from untuck.vocabulary import Role

CLOCK_S = 0.0  # of the window, before any arrival: data are never stale unless a scene says so
STANDING_S, CALIBRATING_S, CALIBRATED_S = 3.6, 14.5, 18.5
BASELINE_S, GOOD_S, TUCK_S, PULLBACK_S, END_S = 45.0, 69.0, 84.0, 124.0, 200.0


EASING_S, BEND_S = 93.5, 77.0
_STANDING = (Phase("stand", 7.0), Phase("hinge", 10.5), Phase("stand", 2.5))
BEND = Scenario((*_STANDING, Phase("run", 52.0), Phase("run", 12.0, turn_deg_s=40.0)))


SPINE = Scenario(
    (
        *_STANDING,
        Phase("run", 60.0),
        Phase("run", 20.0, tuck_deg=6.5),
        Phase("run", 16.0),
        Phase("run", 20.0, tuck_deg=-6.5),
        Phase("run", 16.0),
        Phase("run", 20.0, lean_deg=-6.0),
        Phase("run", 16.0),
        Phase("run", 20.0, tuck_deg=4.0, lean_deg=4.0),
        Phase("run", 12.0),
    )
)
LEANING_S, TUCKED_S, ARCHED_S, UPRIGHT_S, BENT_S = 77.0, 94.0, 130.0, 166.0, 202.0  # moments of SPINE


@cache
def packets(seed: int, scenario: Scenario | None = None, clips: int = 1) -> tuple[Packet, ...]:
    """A scenario of one simulated runner, the default one if None, in order of arrival."""
    if clips == 1:
        return tuple(Packet(data, 0.05 * k) for k, data in enumerate(pack(simulate(scenario, seed).samples, 100)))
    source = RunnerSource(scenario, seed, realtime=False, clips=clips)

    async def collected() -> tuple[Packet, ...]:
        return tuple([packet async for packet in source.packets()])

    found = asyncio.run(collected())
    return tuple(packet._replace(arrival_s=packet.arrival_s - found[0].arrival_s) for packet in found)


class SceneControl:
    """A SessionControl whose sessions stop at a given moment; records the calls it gets."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.next = Updates(choices=[Choice("clip", "The first clip heard"), Choice("demo", "A simulated runner")])
        self.sounds: RunnerSlot | None = None
        self._sessions: dict[RunnerSlot, tuple[PacketPipeline, CoachView, deque[Packet]]] = {}

    def slot(
        self,
        name: str,
        seed: int,
        until_s: float,
        scenario: Scenario | None = None,
        *,
        clips: int = 1,
        lost: tuple[float, float] = (math.inf, math.inf),
    ) -> RunnerSlot:
        """A runner whose session has reached until_s; lost: from when to when the second clip sends nothing."""
        slot = RunnerSlot(name, Feed())
        sent = deque(
            packet
            for packet in packets(seed, scenario, clips)
            if packet.role == Role.PELVIS or not lost[0] < packet.arrival_s < lost[1]
        )
        self._sessions[slot] = PacketPipeline(Settings(trunk=clips == 2)), CoachView(LiveState(), slot.feed), sent
        self.next.slots.append(slot)
        self.play(slot, until_s)
        return slot

    def play(self, slot: RunnerSlot, until_s: float) -> None:
        """Continue the session until until_s."""
        pipeline, view, sent = self._sessions[slot]
        while sent:
            if pipeline.last_s >= until_s:
                return
            pipeline.take_commands()
            view.show(pipeline.push(sent.popleft()), pipeline)
        view.show(pipeline.finish(), pipeline)
        slot.feed.end()

    def pipeline(self, slot: RunnerSlot) -> Pipeline:
        """The analysis of a runner's session."""
        return self._sessions[slot][0].pipeline

    def view(self, slot: RunnerSlot) -> CoachView:
        """The view of a runner's session."""
        return self._sessions[slot][1]

    @property
    def sounding(self) -> RunnerSlot | None:
        return self.sounds if self.sounds is not None else next(iter(self._sessions), None)

    def new_runner(self, name: str) -> None:
        self.asked.append(("new runner", name))

    def give_sound(self, slot: RunnerSlot) -> None:
        self.asked.append(("sound", slot.name))
        self.sounds = slot

    def start(self, key: str = "") -> None:
        self.asked.append(("start", key))

    def stop(self, slot: RunnerSlot) -> None:
        self.asked.append(("stop", slot.name))

    def find(self) -> None:
        self.asked.append(("find",))

    def cancel(self) -> None:
        self.asked.append(("cancel",))

    def command(self, slot: RunnerSlot, command: SessionCommand) -> None:
        self.asked.append(to_text(command))
        self._sessions[slot][0].command(command)

    def blind(self, slot: RunnerSlot, on: bool) -> None:
        self.asked.append(("blind", str(on)))

    def report(self, slot: RunnerSlot) -> None:
        self.asked.append(("report", slot.name))

    def take_commands(self, slot: RunnerSlot) -> None:
        """Apply the commands given so far, as the next packet would."""
        self._sessions[slot][0].take_commands()

    def updates(self) -> Updates:
        updates, self.next = self.next, Updates()
        return updates


def open_scene(
    control: SceneControl, size: tuple[int, int] = (1200, 700), theme: str = "light", front: int = 0
) -> CoachWindow:
    """A window on the control's runners, with its timer stopped."""
    window = CoachWindow(control, theme, clock=lambda: CLOCK_S)
    window.timer.stop()
    window.resize(*size)
    window.show()
    window.tick()
    window.bring_to_front(front)
    for runner in window.runners:
        runner.heard_s = CLOCK_S
    settle(window)
    return window


def settle(window: CoachWindow) -> None:
    """Process events and draw until nothing changes."""
    for _ in range(3):
        window.tick()
        window.draw(CLOCK_S)
        QApplication.processEvents()


def one(until_s: float, **appearance: object) -> CoachWindow:
    """One runner at a moment."""
    control = SceneControl()
    slot = control.slot("Ada", 0, until_s)
    if until_s == TUCK_S:
        control.command(slot, Lap("2 km"))
        control.take_commands(slot)
        control.play(slot, until_s + 0.5)
    return open_scene(control, **appearance)  # type: ignore[arg-type]


def spine(until_s: float, **appearance: object) -> CoachWindow:
    """One runner with two clips at a moment of SPINE."""
    control = SceneControl()
    control.slot("Ada", 3, until_s, SPINE, clips=2)
    return open_scene(control, **appearance)  # type: ignore[arg-type]


def strides() -> CoachWindow:
    """The stride view while a hip is pulled back."""
    window = one(PULLBACK_S)
    window.bar.buttons["view"].click()
    settle(window)
    return window


def four() -> CoachWindow:
    """Four runners side by side."""
    control = SceneControl()
    for name, seed, until_s in (
        ("Ada", 0, TUCK_S),
        ("Ben", 1, GOOD_S),
        ("Cleo", 2, PULLBACK_S),
        ("Dan", 3, BASELINE_S),
    ):
        control.slot(name, seed, until_s)
    return open_scene(control, front=2)


def bend() -> CoachWindow:
    """Strides in a bend, which are not judged."""
    control = SceneControl()
    control.slot("Ada", 0, BEND_S, BEND)
    return open_scene(control)


def review() -> CoachWindow:
    """The cursor on a moment that is over."""
    window = one(END_S)
    window.time_plots.zoom(longer=True)
    window.time_plots.scroll(-0.15)
    window.time_plots.point(TUCK_S + 4.0)
    settle(window)
    return window


def help_page() -> CoachWindow:
    """The help page in place of the plots."""
    window = one(GOOD_S)
    window.bar.buttons["help"].click()
    settle(window)
    return window


def silent() -> CoachWindow:
    """No packet has come for a while."""
    window = one(GOOD_S)
    window.runner.heard_s -= 4.0
    settle(window)
    return window


def empty() -> CoachWindow:
    """Before the first session."""
    control = SceneControl()
    control.next.messages.append(("No clip found: switch the clip on, hold it near, and look again.", True))
    return open_scene(control)


SCENES: dict[str, Callable[[], CoachWindow]] = {
    "coach-start": empty,
    "coach-calibrating": lambda: one(CALIBRATING_S),
    "coach-baseline": lambda: one(BASELINE_S),
    "coach-live": lambda: one(GOOD_S),
    "coach-finding": lambda: one(TUCK_S),
    "coach-dark": lambda: one(TUCK_S, theme="dark"),
    "coach-strides": strides,
    "coach-replay": review,
    "coach-coming-back": lambda: one(EASING_S),
    "coach-not-judged": bend,
    "coach-help": help_page,
    "coach-four": four,
    "coach-silent": silent,
    "coach-small": lambda: one(TUCK_S, size=(1024, 600)),
    "coach-lean": lambda: spine(LEANING_S),
    "coach-tuck": lambda: spine(TUCKED_S),
    "coach-arch": lambda: spine(ARCHED_S),
    "coach-upright": lambda: spine(UPRIGHT_S, theme="dark"),
    "coach-spine-large": lambda: spine(BENT_S, size=(1920, 1080)),
    "coach-large": lambda: one(PULLBACK_S, size=(1920, 1080), theme="dark"),
}
