"""The steps of the walk, in order: what to do, how long it may take, what to do if it fails, and what is looked for."""

from __future__ import annotations

from untuck.session.first_light.looks import (
    battery,
    button,
    confirmed,
    flash,
    flat,
    forward,
    left,
    sensor,
    signal,
    upright,
)
from untuck.session.first_light.readings import Readings, Step, Verdict


def _by_hand(_: Readings) -> Verdict | None:
    """The radio's steps, whose verdict check.py gives."""
    return None


STEPS = (
    Step(
        "found",
        "switch the clip on, within 2 m",
        "No clip is heard: is its light on? `untuck flash --check` looks over the cable.",
        60.0,
        _by_hand,
    ),
    Step(
        "paired",
        "if its light does not blink fast, hold its button for 3 s until it does",
        "Hold the clip's button for 3 s until its light blinks fast, then start again.",
        90.0,
        _by_hand,
    ),
    Step("battery", "read from the clip", "The clip's status does not come: switch it off and on.", 10.0, battery),
    Step("flash", "read from the clip", "The clip's status does not come: switch it off and on.", 10.0, flash),
    Step(
        "sensor",
        "measured",
        "No samples come: check the wires of the sensor, then `untuck flash --check`.",
        20.0,
        sensor,
    ),
    Step(
        "flat",
        "lay the clip on a table, skin side down",
        "Another side was up: turn the board in its case, as the drawing of the axes in hardware/README.md shows.",
        60.0,
        flat,
    ),
    Step(
        "upright",
        "stand it up, arrow up, outer side towards you, and hold it still",
        "The arrow was not up: turn the board in its case, as the drawing of the axes in hardware/README.md shows.",
        60.0,
        upright,
    ),
    Step(
        "forward",
        "tip its upper edge away from you by 45 deg and hold it: the number must rise",
        "The number did not rise: if it fell, the sensor is the wrong way round in its case.",
        60.0,
        forward,
    ),
    Step(
        "left",
        "stand it up again and turn it to the left, as seen from above, by a quarter turn",
        "No turn to the left was seen: keep the arrow up; a clip that is upside down turns right.",
        60.0,
        left,
    ),
    Step(
        "button",
        "press the clip's button shortly",
        "No press arrives: check the button, from its pin to ground. On a bench without one: key s skips.",
        60.0,
        button,
    ),
    Step(
        "buzzer",
        "you hear two low tones",
        "Not heard: check the buzzer from its pin to ground; it must be one without oscillator.",
        60.0,
        confirmed("heard", "not heard: check the buzzer from its pin to ground; it must be one without oscillator"),
        cue=True,
        asks=True,
    ),
    Step(
        "vibration",
        "you feel it shake",
        "not felt: no motor, or check transistor and diode",
        20.0,
        confirmed("felt", "no vibration motor", optional=True),
        cue=True,
        optional=True,
        asks=True,
    ),
    Step(
        "light",
        "its light blinks shortly once a second",
        "Not seen: check `BOARD` in firmware/board.py, which names the pin of the light.",
        60.0,
        confirmed("seen", "not seen: check `BOARD` in firmware/board.py, which names the pin of the light"),
        asks=True,
    ),
    Step("signal", "measured for 10 s", "Too few packets come: bring the clip nearer.", 30.0, signal),
)
