"""Every threshold and time constant that steers the analysis, each with its unit and its reason.

One frozen dataclass, stored with each session so that a replay decides as the run did.
No other module holds a number that a researcher might want to change.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from untuck.vocabulary import cued_faults


@dataclass(frozen=True)
class Params:
    """Defaults come from docs/algorithms.md; angles in degrees here because people set them."""

    # Contacts: one hump of the low-passed vertical acceleration a step
    contact_lowpass_hz: float = 4.0  # text-book 15 Hz crosses early in flight in some runners
    contact_level_g: float = 0.25  # upward crossing that marks the hump's start
    flight_lowpass_hz: float = 15.0  # keeps flight and peak, drops impact ringing
    flight_level_g: float = -0.7  # running has a flight phase, walking does not reach this
    refractory_s: float = 0.2  # no runner steps faster than 300 a minute
    reset_gap_s: float = 0.3  # a longer gap hides a whole contact: start anew
    step_gap_max_s: float = 0.06  # a longer one may hide a flight phase: such a step does not pass for walking
    step_hold_s: float = 0.1  # a step waits so long after its hump: what follows toe-off helps to time it

    # Running, walking, standing
    stride_min_s: float = 0.5
    stride_max_s: float = 0.95
    peak_min_g: float = 0.5  # vertical acceleration above gravity: 1.5 g of specific force
    standing_after_s: float = 1.5  # no step for so long
    side_window_s: tuple[float, float] = (0.06, 0.11)  # after contact, when the swing side drops
    side_mean_s: float = 1.4  # two strides
    side_most_deg: float = 6.0  # no step's vote weighs more: while orientation settles, obliquity drifts
    side_votes: int = 8  # steps that vote on the side, signs alternating
    side_first_votes: int = 4  # steps that wait until so many have voted

    # Strides that may count
    gap_max_s: float = 0.03
    missing_max_pct: float = 2.0
    waveform_min_corr: float = 0.8
    waveform_first: int = 5  # strides before likeness to one's own can be asked for
    waveform_memory: int = 30  # strides in the runner's own mean waveform
    lean_strides: int = 8
    warmup_strides: int = 10  # clean strides after a break before findings resume
    turn_max_deg_s: float = 10.0  # mean yaw rate over turn_strides
    turn_strides: int = 3
    turn_hold_strides: int = 3
    accel_max_m_s2: float = 0.3  # net horizontal acceleration: no inclinometer tells it from tilt
    accel_strides: int = 4

    # Calibration
    stand_s: float = 5.0
    stand_gyr_max_deg_s: float = 5.0
    stand_acc_max_g: float = 0.02
    stand_sway_max_deg: float = 1.0  # of the vertical's mean over a second: standing sways by tenths of a degree
    hinge_min_deg: float = 15.0  # a hinge tips at least so far
    hinge_home_deg: float = 6.0  # and comes back to within so much of standing
    hinge_length_s: tuple[float, float] = (0.6, 10.0)
    hinge_outside_max_pct: float = 25.0  # rotation outside the main axis; more is no hinge
    hinge_count: int = 3
    hinge_within_s: float = 30.0  # all hinges, counted back from the last
    hinge_error_max_deg: float = 5.0  # estimated error of the mount's heading above which it is refused
    hinge_usual_deg: float = 1.8  # how far hinges usually leave their plane sideways (SD); a judgement
    hinge_usual_weight: float = 2.0  # counts as so many hinges
    zero_min_deg: float = 1.5  # standing again differs by more: zero anew; people repeat a pose within about 1 deg
    zero_max_deg: float = 15.0  # by more: this is not standing, or the clip is off
    reuse_max_deg: float = 1.5  # an old calibration whose standing differs by no more may be used as it is
    reuse_zero_max_deg: float = 6.0  # by more: who put the clip on so differently has turned it as well

    # Baseline
    baseline_strides: int = 60  # clean ones, and those of getting up to speed, which are then left out
    baseline_min_share: float = 0.6  # of them that must be left
    baseline_bin_spm: float = 6.0
    baseline_bin_min_strides: int = 12
    baseline_match_pct: float = 4.0  # cadence further from every bin: not comparable
    baseline_contact_pct: float = 8.0  # the same for contact time: some keep their cadence when speed changes
    baseline_contact_strides: int = 5
    forget_strides: int = 15  # not comparable for so long: end what is on, start anew
    baseline_min_tilt_deg: float = 0.0  # at or below standing: recorded tucked, refused and told
    baseline_own_tilt_deg: float = -8.0  # told so, and the next as low: the runner's own way (1 of 13 runs at -4 to -5)

    # Slip of the clip
    slip_min_deg: float = 4.0  # a step in tilt or obliquity
    slip_sudden: float = 7.0  # log likelihood of a slip over a change of form; tucks are far more common than slips
    slip_doubt: float = 0.0  # from which it may be either
    slip_back_deg: float = 1.5  # within so much of the level before: it is over

    error_ratio: float = 2.0  # a finding is at least so many of its own standard errors deep

    # Tuck
    tuck_strides: int = 6
    tuck_on_deg: float = 2.8  # of a 6-stride mean; 0.3 is the usual SD between blocks of clean running
    tuck_on_times: int = 2
    tuck_off_deg: float = 2.0
    tuck_off_times: int = 3

    # Pullback
    pullback_strides: int = 10
    pullback_on_deg: float = 2.0
    pullback_on_times: int = 4
    pullback_off_deg: float = 1.4
    pullback_off_times: int = 3

    # Rigid and held
    rigid_strides: int = 10
    rigid_rotation_min_deg: float = 3.5
    rigid_on_ratio: float = 0.6
    rigid_off_ratio: float = 0.75
    held_on_deg: float = 5.0
    held_on_sd: float = 5.0  # and so many SD of the runner's own, between blocks of strides
    held_off_ratio: float = 0.7
    held_strides: int = 20

    # Cues
    cue_faults: tuple[str, ...] = field(default_factory=cued_faults)  # those that sound; others are shown
    cue_cooldown_s: float = 30.0  # of a kind: correcting takes some strides, and nagging is what people complain of
    cue_cap: int = 4  # a fault, within cue_cap_s: whoever does not react by then does not want to, or cannot
    cue_cap_s: float = 600.0
    cue_gap_s: float = 3.0  # between any two cues: two at once cannot be told apart
    cue_recovered: bool = True
    cue_share: float = 1.0  # of the findings that are cued: feedback that fades over sessions is retained better
    cue_silent_after_s: float = float("inf")  # of the session from its first stride: a silent end tests retention
    cue_stale_s: float = 0.7  # data older than a stride: such a cue would be about another one

    # A baseline taken in the session begins after so much running: cold and fresh, nobody runs as later
    baseline_warmup_s: float = 0.0
