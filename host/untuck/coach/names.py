"""Names of settings and commands as the window shows them: for flags, threshold lines and messages."""

from __future__ import annotations

from untuck.session_commands import ChooseFaults, NewBaseline, Recalibrate, SessionCommand, SetThreshold, SetZero
from untuck.vocabulary import Side, cue_named

THRESHOLDS: dict[str, str] = {  # of session_commands.TUNABLE, with the value
    "tuck_on_deg": "least tuck {:.1f}°",
    "tuck_off_deg": "tuck over below {:.1f}°",
    "pullback_on_deg": "least pullback {:.1f}°",
    "pullback_off_deg": "pullback over below {:.1f}°",
    "rigid_on_ratio": "rigid below {:.0%} of the usual swing",
    "rigid_off_ratio": "rigid over above {:.0%} of the usual swing",
    "cue_cooldown_s": "same cue after {:.0f} s at the earliest",
    "cue_gap_s": "cues {:.0f} s apart at least",
}


def command_words(command: SessionCommand) -> str:
    """A command that changes the session, in the words of the window."""
    match command:
        case SetThreshold(name=name, value=value):
            return THRESHOLDS[name].format(value)
        case ChooseFaults(faults=faults):
            return f"cued: {', '.join(cue_named(fault, Side.BOTH) for fault in faults) or 'nothing'}"
        case NewBaseline():
            return "new baseline"
        case SetZero():
            return "zero at the next standing"
        case Recalibrate(on=on):
            return "calibrate again" if on else "calibration kept"
        case _:
            return command.kind
