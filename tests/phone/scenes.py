"""The page's views with the values of a simulated run, for pictures and for tests of the look."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

from tests.phone.stage import Stage

from untuck.model import Packet
from untuck.motion.pipeline import Pipeline
from untuck.phone.app.review import review
from untuck.phone.app.screen import PhoneScreen
from untuck.report.summary import Signal, summarise
from untuck.session.packet_pipeline import PacketPipeline
from untuck.simulate.packets import pack
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.store.session import Settings

RUN = Scenario(
    (
        *(Phase("stand", 7.0), *[Phase("hinge", 3.5)] * 3, Phase("stand", 2.5)),
        Phase("run", 52.0),
        Phase("run", 14.0, tuck_deg=7.0),
        Phase("run", 10.0, tuck_deg=3.5),
        Phase("run", 12.0),
        Phase("run", 14.0, pullback_deg=6.0, side=1),
        Phase("run", 12.0),
        Phase("run", 8.0, turn_deg_s=40.0),
        Phase("stand", 3.0),
    )
)
SETTINGS = {
    "runner": "Ada",
    "runners": ["Ada", "Grace"],
    "volume_pct": 80,
    "cues": "tones",
    "ear": "both",
    "guide": True,
}
RUNS = [
    {
        "id": 2,
        "title": "Ada",
        "started_unix_s": 1.79e9,
        "duration_s": 1830,
        "mode": "run",
        "cut_off": False,
        "strides": 2412,
    },
    {
        "id": 1,
        "title": "clip Untk12AB",
        "started_unix_s": 1.789e9,
        "duration_s": 130,
        "mode": "run",
        "cut_off": True,
        "strides": None,
    },
]
WIDE = ("start", "good", "coach")  # views that a tablet or a computer shows too
VIEWS = (
    *(
        "start",
        "download",
        "unsupported",
        "connecting",
        "calibrating",
        "baseline",
        "good",
        "tuck",
        "pullback",
        "easing",
    ),
    *("not_judged", "no_data", "notice", "more", "finishing", "dark", "coach"),
    *("review", "runs", "analysing", "settings", "ask"),
)
_SCREENS = {  # by the state and the fault that a screen is of
    "calibrating": ("CALIBRATING", ""),
    "baseline": ("BASELINE", ""),
    "good": ("GOOD", ""),
    "tuck": ("FAULT", "TUCK"),
    "pullback": ("FAULT", "PULLBACK"),
    "easing": ("COMING_BACK", ""),
    "not_judged": ("NOT_JUDGED", ""),
}

_PRESSED = {"dark": "darken", "more": "more", "finishing": "finish"}  # in a run, to come to the view


def clip(battery_pct: int | None = 83) -> Any:
    """What a screen needs of a connected clip."""
    return SimpleNamespace(settings=Settings(), battery_pct=battery_pct)


@cache
def screens() -> list[dict[str, Any]]:
    """The screen's values after every packet of RUN."""
    packets = PacketPipeline(Settings())
    screen = PhoneScreen(clip(), packets, coach=True)
    values = []
    for number, data in enumerate(pack(simulate(RUN, seed=3).samples, 100)):
        screen.show(packets.push(Packet(data, number * 0.05)), packets)
        values.append(screen.value())
    return values


@cache
def reviewed() -> dict[str, Any]:
    """The review of RUN."""
    pipeline = Pipeline(None, None, keep_samples=True)
    samples = simulate(RUN, seed=3).samples
    pipeline.push(samples)
    pipeline.finish()
    run = pipeline.run()
    signal = Signal(samples.time_s[-1] - samples.time_s[0], packets=len(samples) // 5, samples=len(samples), lost=0)
    return review(run, summarise(run, signal), "Ada")


def screen_of(view: str) -> dict[str, Any]:
    """The middle one of the screens of a view."""
    state, word = _SCREENS.get(view, ("GOOD", ""))
    found = [value for value in screens() if value["state"] == state and word in value["word"]]
    return found[len(found) // 2]


async def enter(stage: Stage, view: str, theme: str = "dark") -> None:
    """Bring the page to a view, as a worker and a user do."""
    tell, click = stage.tell, stage.click
    await tell("settings", SETTINGS | {"theme": theme, "coach": view == "coach", "dark_after_s": 0})
    await tell("runs", RUNS)
    if view == "download":
        await tell("progress", {"text": "Downloading Untuck, once: 3.1 of 8.7 MB", "share": 0.35})
        return
    if view == "unsupported":
        await tell("failure", {"text": "This browser has no Web Bluetooth. Use Chrome on Android."})
        return
    await tell("ready", {"version": "0.1.0"})
    if view in ("runs", "analysing"):
        await click("to-runs")
        if view == "analysing":
            await tell("progress", {"text": "analysing the run, about 3 min left", "share": 0.4, "cancel": True})
    elif view == "review":
        await tell("review", {"id": 2, **reviewed()})
    elif view in ("settings", "ask"):
        await click("to-settings")
        if view == "ask":
            await click("new-runner")
    elif view != "start":
        await tell("phase", {"name": "connecting", "id": None})
        if view == "connecting":
            return
        await tell("phase", {"name": "running", "id": 3})
        value = screen_of(view)
        if view != "coach":
            value = value | {"traces": None}
        if view == "no_data":
            value = value | {"state": "NO_DATA", "symbol": "✕", "word": "NO DATA", "colour": "stale", "gauge": None}
            value = value | {"text": "move closer to the runner, or check that the clip is on", "data": "8 s old"}
        if view == "notice":
            full = "the storage of this browser is full: free some space on the phone, or share and delete runs."
            value = value | {"notices": [f"recording waits: {full}"]}
        await tell("screen", value)
        if view in _PRESSED:
            await click(_PRESSED[view])
