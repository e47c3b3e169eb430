"""When the runner hears something, and when not."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from untuck.model import Cue, Finding, SuppressedCue
from untuck.motion.form.cues import CuePolicy
from untuck.motion.params import Params
from untuck.vocabulary import Ending, priority

PARAMS = Params()


def finding(fault: str, side: int = 0, start_s: float = 0.0, end_s: float = float("nan")) -> Finding:
    """A finding whose number follows from what it is and when it began."""
    ended = Ending.ONGOING if end_s != end_s else Ending.CORRECTED
    number = 1 + 1000 * round(start_s) + 10 * (side + 1) + priority(fault)
    return Finding(fault, side, start_s, end_s, 5.0, start_s + 5.0, ended, number)


def sounded(decided: list[Cue | SuppressedCue]) -> list[str]:
    return [d.fault for d in decided if isinstance(d, Cue)]


def suppressed(decided: list[Cue | SuppressedCue]) -> list[tuple[str, str]]:
    return [(d.fault, d.reason) for d in decided if isinstance(d, SuppressedCue)]


def test_good_form_is_silent() -> None:
    policy = CuePolicy(PARAMS)
    assert [policy.decide([], [], 0.7 * n) for n in range(100)] == [[]] * 100


def test_cooldown_then_again_then_cap() -> None:
    policy = CuePolicy(PARAMS)
    times = [t for t in range(0, 900) if sounded(policy.decide([finding("tuck")], [], float(t)))]
    assert times[:4] == [0, 30, 60, 90]
    assert times[4] == 600  # four in ten minutes
    assert min(b - a for a, b in pairwise(times)) >= 30


def test_suppressed_cues_are_reported_once_with_their_reason() -> None:
    """A cue that has sounded and waits for its repeat is not withheld; one that has been repeated often enough is."""
    policy = CuePolicy(PARAMS)
    reasons = [each for t in range(200) for each in suppressed(policy.decide([finding("tuck")], [], float(t)))]
    assert reasons == [("tuck", "cap")]
    policy = CuePolicy(PARAMS)
    both = [finding("tuck"), finding("pullback", 1)]
    reasons = [each for t in range(40) for each in suppressed(policy.decide(both, [], float(t)))]
    assert reasons == [("pullback", "other cue")]


def test_tuck_goes_before_pullback_and_never_two_at_once() -> None:
    policy = CuePolicy(PARAMS)
    both = [finding("pullback", 1), finding("tuck")]
    first = policy.decide(both, [], 10.0)
    assert sounded(first) == ["tuck"]
    assert suppressed(first) == [("pullback", "other cue")]
    assert sounded(policy.decide(both, [], 10.0 + PARAMS.cue_gap_s)) == ["pullback"]


def test_recovery_sounds_only_after_a_cue_and_when_nothing_else_is_on() -> None:
    policy = CuePolicy(PARAMS)
    assert policy.decide([], [finding("tuck", end_s=3.0)], 3.0) == []
    policy.decide([finding("tuck", start_s=5.0)], [], 10.0)
    ended = [finding("tuck", start_s=5.0, end_s=20.0)]
    assert sounded(policy.decide([finding("pullback", -1)], ended, 20.0)) == ["pullback"]
    policy.decide([finding("tuck", start_s=50.0)], [], 60.0)
    assert sounded(policy.decide([], [finding("tuck", start_s=50.0, end_s=70.0)], 70.0)) == ["recovered"]


def test_held_hip_is_shown_not_cued() -> None:
    policy = CuePolicy(PARAMS)
    assert policy.decide([finding("held", 1), finding("arch")], [], 5.0) == []


def test_what_may_be_a_slip_is_cued_once() -> None:
    policy, doubtful = CuePolicy(PARAMS), finding("tuck")
    policy.doubtful.add(doubtful.id)
    decided = [each for t in range(900) for each in policy.decide([doubtful], [], float(t))]
    assert sounded(decided) == ["tuck"]
    assert suppressed(decided) == [("tuck", "doubt")]


def test_nobody_is_asked_to_tip_further_who_tips_far_already() -> None:
    policy = CuePolicy(PARAMS)
    far = policy.decide([finding("tuck"), finding("pullback", 1), finding("arch")], [], 5.0)
    assert suppressed(far) == [("tuck", "over-tip")]
    assert sounded(far) == ["pullback"]
    assert sounded(policy.decide([finding("tuck")], [], 40.0)) == ["tuck"]


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=200))
def test_whatever_happens_cues_keep_their_distance(on: list[tuple[bool, bool, bool]]) -> None:
    policy = CuePolicy(PARAMS)
    times: dict[tuple[str, int], list[float]] = {}
    last_s = -1e9
    for n, (tuck, left, right) in enumerate(on):
        now = [finding("tuck")] * tuck + [finding("pullback", -1)] * left + [finding("pullback", 1)] * right
        cues = [d for d in policy.decide(now, [], 0.7 * n) if isinstance(d, Cue)]
        assert len(cues) <= 1
        for cue in cues:
            assert cue.time_s - last_s >= PARAMS.cue_gap_s
            last_s = cue.time_s
            times.setdefault((cue.fault, cue.side), []).append(cue.time_s)
    for series in times.values():
        assert all(b - a >= PARAMS.cue_cooldown_s for a, b in pairwise(series))


def test_fading_leaves_whole_findings_out_and_never_the_first() -> None:
    policy = CuePolicy(Params(cue_share=2 / 3, cue_cooldown_s=0.0, cue_cap=100))
    heard, left_out = [], []
    for n in range(9):
        for t in range(5):
            decided = policy.decide([finding("tuck", start_s=100.0 * n)], [], 100.0 * n + 10.0 * t)
            heard += [n for fault in sounded(decided) if fault]
            left_out += [n for _, reason in suppressed(decided) if reason == "fading"]
    assert sorted(set(heard)) == [0, 1, 3, 4, 6, 7] and left_out == [2, 5, 8]


def test_the_end_of_a_planned_session_is_silent() -> None:
    policy = CuePolicy(Params(cue_silent_after_s=100.0))
    assert sounded(policy.decide([finding("tuck")], [], 1000.0)) == ["tuck"]  # the first stride begins the session
    late = policy.decide([finding("tuck", start_s=1090.0)], [], 1100.0)
    assert not sounded(late) and suppressed(late) == [("tuck", "silent end")]
    assert policy.decide([], [finding("tuck", start_s=0.0, end_s=1110.0)], 1110.0) == []  # no chime either


def test_whoever_stops_running_has_not_corrected() -> None:
    policy = CuePolicy(PARAMS)
    policy.decide([finding("tuck", start_s=5.0)], [], 10.0)
    stopped = replace(finding("tuck", start_s=5.0, end_s=20.0), ended=Ending.STOPPED)
    assert policy.decide([], [stopped], 20.0) == []


@settings(deadline=None)
@given(st.lists(st.sampled_from(["muted", "block", "stale", ""]), min_size=1, max_size=60))
def test_while_a_switch_is_set_nothing_sounds(switches: list[str]) -> None:
    policy = CuePolicy(PARAMS)
    for n, switch in enumerate(switches):
        for name in ("muted", "block", "stale"):
            setattr(policy, name, name == switch)
        decided = policy.decide([finding("tuck", start_s=n * 200.0)], [], n * 200.0 + 50.0)
        assert (sounded(decided) == []) == bool(switch)
        assert switch == "" or suppressed(decided) == [("tuck", switch)]
