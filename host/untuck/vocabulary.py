"""The vocabulary: faults, sides, states and reasons as enums, with their words for people, and the table of faults.

All code that shows, sounds, stores or exports a fault looks it up in FAULTS by name when it needs it, so that an added
row is enough for every view. Members of the enums are plain strings and numbers.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from untuck import wire


class Side(IntEnum):
    """A side of the body; BOTH where a fault has none."""

    LEFT = -1
    BOTH = 0
    RIGHT = 1


class Role(StrEnum):
    """Where a clip is worn: on the waistband, or between the shoulder blades."""

    PELVIS = "pelvis"
    TRUNK = "trunk"


class Fault(StrEnum):
    """A fault of the pelvis or the spine; FAULTS has the facts of each.

    ARCH: with one clip the pelvis tips far forward (over-tip), with two the lumbar spine is extended. BENT and UPRIGHT
    need two.
    """

    TUCK = "tuck"
    PULLBACK = "pullback"
    RIGID = "rigid"
    HELD = "held"
    ARCH = "arch"
    BENT = "bent"
    UPRIGHT = "upright"


RECOVERED = "recovered"  # the cue after a cued fault has been corrected


class Moving(StrEnum):
    """The movement of the wearer."""

    STANDING = "standing"
    WALKING = "walking"
    RUNNING = "running"


class Ending(StrEnum):
    """How a finding ended."""

    ONGOING = ""
    CORRECTED = "corrected"
    STOPPED = "stopped"  # no longer running, or the clip slipped
    NOT_COMPARABLE = "not comparable"  # another speed than the baseline's for too long


class Sides(StrEnum):
    """What shows which side is left; without it no side is named."""

    UNKNOWN = ""
    HINGES = "hinges"
    RUNNING = "running"  # the direction of travel agrees with the mount


class NotJudged(StrEnum):
    """Why a stride is not judged; NOT_JUDGED_WORDS has the words."""

    GAP = "gap"
    MISSING = "missing"
    MOUNT = "mount"
    SWAPPED = "swapped"
    ODD = "odd"
    TURNING = "turning"
    ACCELERATING = "accelerating"
    SLIP = "slip"
    SPEED = "speed"
    WARM_UP = "warm-up"
    BASELINE = "baseline"


class NoTrunk(StrEnum):
    """Why the trunk is not measured in a stride; NO_TRUNK_WORDS has the words."""

    ABSENT = "no trunk"
    GAP = "trunk gap"
    NOT_CALIBRATED = "trunk zero"
    MOUNT = "trunk mount"
    SLIP = "trunk slip"


class Suppression(StrEnum):
    """Why a cue was not sounded, in the order in which the reasons are checked."""

    NOT_CHOSEN = "not chosen"  # this fault is not among those that are cued
    MUTED = "muted"  # the runner muted the cues
    BLOCK = "block"  # a block of the session without cues
    STALE = "stale"  # the data are so late that the cue would refer to another stride
    SILENT_END = "silent end"  # the last part of a planned session tests what was retained
    OVER_TIP = "over-tip"  # the pelvis is tipped far forward: nothing may ask for more
    DOUBT = "doubt"  # it may be a slip of the clip, which no correction would end: cued once
    FADING = "fading"  # this finding belongs to the share that is not cued
    OTHER_CUE = "other cue"  # another cue sounds or has just sounded, or a fault of higher priority goes first
    COOLDOWN = "cooldown"  # the same cue sounded a short while ago
    CAP = "cap"  # the same fault was cued the largest number of times allowed


ON_PURPOSE = (  # findings without a cue for these reasons are compared with cued ones
    Suppression.MUTED,
    Suppression.BLOCK,
    Suppression.SILENT_END,
    Suppression.FADING,
    Suppression.NOT_CHOSEN,
)


@dataclass(frozen=True)
class Reason:
    """Words for a reason: `text` completes "not judged: ...", `advice` is what to do, "" for nothing."""

    text: str
    advice: str = ""


NOT_JUDGED_WORDS: dict[str, Reason] = {
    NotJudged.GAP: Reason("samples are missing in a row", "move closer to the runner"),
    NotJudged.MISSING: Reason("too many samples are missing", "move closer to the runner"),
    NotJudged.MOUNT: Reason("the clip does not sit as calibrated", "clip it to the back of the belt, stand, hinge"),
    NotJudged.SWAPPED: Reason("the two clips seem swapped", "exchange them, stand still, hinge"),
    NotJudged.ODD: Reason("unlike the runner's other strides", "run evenly on flat ground"),
    NotJudged.TURNING: Reason("in a bend", "run straight ahead for a minute"),
    NotJudged.ACCELERATING: Reason("speeding up or slowing down", "keep an even speed"),
    NotJudged.SLIP: Reason("the clip has slipped", "check the clip, then stand still for 5 s"),
    NotJudged.SPEED: Reason("at another speed than the baseline", "keep this speed in good form: it is learned"),
    NotJudged.WARM_UP: Reason("too soon after a start or a break", "run on: judging begins soon"),
    NotJudged.BASELINE: Reason("part of the baseline"),
}


NO_TRUNK_WORDS: dict[str, Reason] = {
    NoTrunk.ABSENT: Reason("no trunk: no samples from the upper back", "check the second clip"),
    NoTrunk.GAP: Reason("samples from the upper back are missing", "move closer to the runner"),
    NoTrunk.NOT_CALIBRATED: Reason("the upper back was not measured in standing", "stand still for 5 s, hinge"),
    NoTrunk.MOUNT: Reason("the clip on the upper back does not sit as calibrated", "put it back, stand, hinge"),
    NoTrunk.SLIP: Reason("the clip on the upper back has slipped", "check it, then stand still for 5 s"),
}


@dataclass(frozen=True)
class FaultFacts:
    """One row of FAULTS.

    name: for people; sides: whether it belongs to one side; cued: whether it has cues (otherwise it is only shown);
    tone: its sound, of sound.tones, "" for none; sound_words: that sound in words; phrases: spoken cues, by side;
    clip_patterns: cue numbers of the clip's own buzzer (wire.CUE_*), by side; advice: shown in the coach's window;
    colours: role in PALETTES, by side; degrees: whether its depth is shown as an angle; trunk_cued: whether it has cues
    where a second clip measures the trunk; trunk_name, trunk_advice: its name and advice there, "" for the same;
    yields_to: faults that are shown and cued instead of this one while they last, because their advice is the better.
    """

    name: str
    cued: bool
    advice: str
    sides: bool = False
    tone: str = ""
    sound_words: str = ""
    phrases: dict[int, str] | None = None
    clip_patterns: dict[int, int] | None = None
    colours: dict[int, str] | None = None
    degrees: bool = True
    trunk_cued: bool = False
    trunk_name: str = ""
    trunk_advice: str = ""
    yields_to: tuple[str, ...] = ()

    def colour(self, side: int) -> str:
        """The role in PALETTES of this fault at a side."""
        return (self.colours or {}).get(side, "fault")


# In order of priority: if two are due, the first is cued.
FAULTS: dict[str, FaultFacts] = {
    Fault.TUCK: FaultFacts(
        name="tuck",
        cued=True,
        advice="let the belt tip forward",
        tone="double tone",
        sound_words="low double tone",
        phrases={Side.BOTH: "Let the belt tip forward."},
        clip_patterns={Side.BOTH: wire.CUE_TUCK},
        yields_to=(Fault.ARCH, Fault.BENT),  # an arched back must not arch more; bent asks for the same, and more
    ),
    Fault.PULLBACK: FaultFacts(
        name="pullback",
        cued=True,
        advice="let that hip swing through",
        sides=True,
        tone="glide",
        sound_words="falling or rising tone at that side",
        phrases={
            Side.LEFT: "Let the left pocket swing forward.",
            Side.RIGHT: "Let the right pocket swing forward.",
        },
        clip_patterns={Side.LEFT: wire.CUE_PULLBACK_LEFT, Side.RIGHT: wire.CUE_PULLBACK_RIGHT},
        colours={Side.LEFT: "left", Side.RIGHT: "right"},
    ),
    Fault.RIGID: FaultFacts(
        name="rigid",
        cued=True,
        advice="let the hips turn",
        tone="roll",
        sound_words="soft roll",
        phrases={Side.BOTH: "Let the pockets swing."},
        clip_patterns={Side.BOTH: wire.CUE_RIGID},
        degrees=False,
    ),
    Fault.HELD: FaultFacts(
        name="held hip",
        cued=False,
        advice="one hip stays back",
        sides=True,
        colours={Side.LEFT: "left", Side.RIGHT: "right"},
    ),
    Fault.ARCH: FaultFacts(
        name="over-tip",
        cued=False,
        advice="the pelvis tips further forward than in good form",
        trunk_cued=True,
        trunk_name="arch",
        trunk_advice="grow tall: the lower back is arched",
        tone="trill",
        sound_words="fast high trill",
        phrases={Side.BOTH: "Grow tall."},
        yields_to=(Fault.UPRIGHT,),  # the trunk has moved, not the pelvis
    ),
    Fault.BENT: FaultFacts(
        name="bent",
        cued=False,
        advice="grow tall, and let the belt tip forward",
        trunk_cued=True,
        tone="deep rise",
        sound_words="long deep tone, rising",
        phrases={Side.BOTH: "Grow tall, and let the belt tip forward."},
    ),
    Fault.UPRIGHT: FaultFacts(
        name="lean lost",
        cued=False,
        advice="lean from the ankles",
        trunk_cued=True,
        tone="pips",
        sound_words="three high pips",
        phrases={Side.BOTH: "Lean from the ankles."},
    ),
}
RECOVERY = FaultFacts(
    name="recovered",
    cued=False,
    advice="",
    tone="chime",
    sound_words="rising chime",
    clip_patterns={Side.BOTH: wire.CUE_RECOVERED},
)


def facts(fault: str) -> FaultFacts:
    """The facts of a fault or of the recovery chime; for an unknown fault a row with only its name."""
    if fault == RECOVERED:
        return RECOVERY
    return FAULTS.get(fault) or FaultFacts(name=str(fault), cued=False, advice="")


def cued_faults() -> tuple[str, ...]:
    """The faults that have cues, in order of priority."""
    return tuple(str(fault) for fault, row in FAULTS.items() if row.cued)


def trunk_cued_faults() -> tuple[str, ...]:
    """The faults that have cues only where a second clip measures the trunk, in order of priority."""
    return tuple(str(fault) for fault, row in FAULTS.items() if row.trunk_cued)


def form_faults(trunk: bool = False) -> tuple[str, ...]:
    """The faults that count as lost form, which are those that have cues; trunk: a second clip measured the trunk."""
    return (*cued_faults(), *(trunk_cued_faults() if trunk else ()))


def priority(fault: str) -> int:
    """Rank of a fault: the lowest is cued first."""
    return list(FAULTS).index(fault) if fault in FAULTS else len(FAULTS)


def yields(fault: str, among: Collection[str]) -> bool:
    """Whether another of these faults, which all last, is shown and cued instead of this one."""
    return any(other in among for other in facts(fault).yields_to)


SIDE_WORDS: dict[int, str] = {Side.LEFT: "left", Side.BOTH: "", Side.RIGHT: "right"}


def named(fault: str, side: int, trunk: bool = False) -> str:
    """A fault or cue with its side in words: "tuck", "right pullback"; trunk: found with a second clip."""
    row = facts(fault)
    return f"{SIDE_WORDS[side]} {(row.trunk_name if trunk else '') or row.name}".strip()


def cue_named(fault: str, side: int) -> str:
    """As `named`, of a cue: an arch is cued only where a second clip has shown it."""
    return named(fault, side, trunk=True)


def advice(fault: str, trunk: bool = False) -> str:
    """What to do about a fault; trunk: found with a second clip."""
    row = facts(fault)
    return (row.trunk_advice if trunk else "") or row.advice


def no_trunk_advice(reason: str) -> str:
    """A reason of NoTrunk in words, with what to do."""
    row = NO_TRUNK_WORDS.get(reason, Reason(reason))
    return row.text + (f"; {row.advice}" if row.advice else "")


def not_judged_reason(reason: str) -> Reason:
    """The words for a reason of NotJudged; for an unknown one its name alone."""
    return NOT_JUDGED_WORDS.get(reason, Reason(reason))


def not_judged_words(reason: str) -> str:
    """A reason why a stride is not judged, in words."""
    return not_judged_reason(reason).text


def not_judged_advice(reason: str) -> str:
    """The same with what to do: "in a bend; run straight ahead for a minute"."""
    row = not_judged_reason(reason)
    return row.text + (f"; {row.advice}" if row.advice else "")


def clock(time_s: float) -> str:
    """Time in a session as m:ss, from one hour on as h:mm:ss; -:-- if it is not known."""
    if not abs(time_s) < 1e9:  # NaN as well
        return "-:--"
    minutes, seconds = divmod(round(time_s), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours}:{minutes_left:02d}:{seconds:02d}" if hours > 0 else f"{minutes}:{seconds:02d}"


# Colours of sides and faults, the same in window, page, PDF and terminal; tests check that they can be distinguished.
PALETTES: dict[str, dict[str, str]] = {
    "light": {"left": "#6a3fc0", "right": "#00785a", "fault": "#b54700"},
    "dark": {"left": "#b79cff", "right": "#2fc79a", "fault": "#ff7a30"},
}
