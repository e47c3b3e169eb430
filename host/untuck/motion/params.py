"""Thresholds and time constants of the analysis, each with its unit and its reason.

One frozen dataclass, stored with each session so that a replay decides as the run did. The orientation filter has its
own (orientation.filter.OrientationParams). Numbers that belong to a numerical method, such as bin widths, search grids
and plausibility limits, are constants of the module that uses them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from untuck.vocabulary import cued_faults, trunk_cued_faults


@dataclass(frozen=True)
class Params:
    """Thresholds and time constants of the analysis, all with defaults; docs/algorithms.md explains them.

    The unit is the end of each name; angles are in degrees. The source has the reason beside each number.

    Examples
    --------
    A tuck of 2 degrees is enough, and only tucks are cued:

    >>> import untuck
    >>> params = untuck.Params(tuck_on_deg=2.0, tuck_off_deg=1.4, cue_faults=("tuck",))
    >>> run = untuck.analyse(untuck.example(), params=params)
    >>> print(*(cue.fault for cue in run.cues))
    tuck recovered
    """

    # Contacts: one hump of the low-passed vertical acceleration per step
    contact_lowpass_hz: float = 4.0  # at the textbook's 15 Hz some runners cross the level in early flight
    contact_level_g: float = 0.25  # upward crossing that marks the hump's start
    flight_lowpass_hz: float = 15.0  # keeps flight and peak, removes impact ringing
    refractory_s: float = 0.2  # no runner takes more than 300 steps a minute
    reset_gap_s: float = 0.3  # a longer gap hides a whole contact: restart the step detector
    step_gap_max_s: float = 0.06  # a longer gap may hide a flight phase: the step tells nothing about the gait
    step_hold_s: float = 0.1  # delay of a step after its hump: the samples after toe-off help to time it

    # Running, walking, standing
    stride_min_s: float = 0.4  # 300 steps a minute, as in sprinting
    stride_max_s: float = 1.15  # 104 steps a minute, in long slow strides
    gait_steps: int = 2  # whose means decide: a stride, because the feet differ
    spring_min: float = 0.0  # mean correlation of height and forward velocity: walking -1 to -0.15, running above 0.1
    spring_step_min: float = -0.5  # of the last step alone: walking is seen with its first step
    lift_min_g: float = 0.25  # vertical acceleration at step frequency; below, shuffling and turning on the spot
    lift_run_g: float = 1.5  # running whatever the correlation, which falls with speed; a walk of 2.4 m/s has 1.1
    # Where the mount's heading is only assumed, the correlation may have the wrong sign
    lift_sure_g: float = 1.25  # running whatever the correlation
    flight_level_g: float = -0.7  # below it, running also needs this between the humps
    peak_min_g: float = 0.5  # and this in the hump: 1.5 g of specific force
    direction_steps: int = 16  # steps above lift_sure_g that show which way is forward
    direction_min: float = 0.2  # their mean correlation with it
    standing_after_s: float = 1.5  # time without a step
    standing_acc_g: float = 0.06  # SD over 1 s: above it a walker has taken small steps; simulated at 1.2 m/s 0.12
    side_window_s: tuple[float, float] = (0.06, 0.11)  # after contact, when the swing side drops
    side_mean_s: float = 1.4  # two strides
    side_most_deg: float = 6.0  # limit of a step's vote: obliquity drifts while the orientation settles
    side_votes: int = 16  # steps that vote on the side, with alternating signs
    side_first_votes: int = 4  # votes before the first side is decided
    side_change_share: float = 0.5  # of the votes, which a change of sides needs: some joggers hardly drop the hip

    # Valid strides
    gap_max_s: float = 0.125  # two packets lost at 100 Hz; the error of a gap grows with its cube, see tilt_se_deg
    missing_max_pct: float = 25.0
    whole_max_pct: float = 2.0  # missing at most, of strides that make the runner's own waveform
    waveform_min_corr: float = 0.8
    waveform_below_corr: float = 0.15  # below the runner's usual: some belts swing, and every stride differs
    waveform_least_corr: float = 0.5
    waveform_gaps_min_corr: float = 0.6  # of the others: peaks may be missing
    waveform_first: int = 5  # strides before the waveform is compared with the runner's own
    waveform_odd_strides: int = 8  # odd ones in a row: the runner runs in another way, whose waveform is taken afresh
    waveform_memory: int = 30  # strides in the runner's own mean waveform
    lean_strides: int = 8
    warmup_strides: int = 10  # clean strides after a break before findings resume
    turn_max_deg_s: float = 20.0  # mean yaw rate over turn_strides; in 16 joggers the pelvis moves as usual up to here
    turn_strides: int = 3
    turn_hold_strides: int = 2
    accel_max_m_s2: float = 0.3  # mean fore-aft acceleration, which an inclinometer measures as tilt; not in bends
    accel_strides: int = 4

    # Calibration
    stand_s: float = 5.0
    stand_gyr_max_deg_s: float = 5.0
    stand_acc_max_g: float = 0.02
    stand_sway_max_deg: float = 1.0  # of the vertical's mean over a second: standing sways by tenths of a degree
    hinge_min_deg: float = 15.0  # depth of a hinge
    hinge_home_deg: float = 6.0  # the hinge is finished when the pelvis is this close to standing
    hinge_length_s: tuple[float, float] = (0.6, 10.0)
    hinge_outside_max_pct: float = 25.0  # share of rotation outside the main axis; above, it is not a hinge
    hinge_count: int = 3
    hinge_within_s: float = 30.0  # all hinges, counted back from the last
    hinge_error_max_deg: float = 5.0  # estimated error of the mount's heading; above, the hinges are rejected
    hinge_usual_deg: float = 1.8  # usual sideways deviation of hinges from their plane (SD); a judgement
    hinge_usual_weight: float = 2.0  # weight of the usual value, in hinges
    zero_min_deg: float = 1.5  # above this difference standing sets the zero; people repeat a pose within about 1 deg
    zero_max_deg: float = 15.0  # above this difference it is not standing, or the clip has come off
    reuse_max_deg: float = 1.5  # up to this difference at standing an old calibration is used unchanged
    reuse_zero_max_deg: float = 6.0  # above this difference the clip has probably also rotated about the vertical

    # Baseline
    baseline_strides: int = 60  # clean strides, including those of the start, which are then left out
    baseline_min_share: float = 0.6  # share that must remain
    baseline_bin_spm: float = 12.0  # a baseline with more than one pace has several bins
    baseline_smooth_strides: int = 9  # cadence of single strides scatters by 5 spm in joggers
    baseline_bin_min_strides: int = 18
    forget_strides: int = 15  # not comparable for this long: end active findings and restart
    baseline_min_tilt_deg: float = 0.0  # at or below standing: recorded tucked, so rejected with a message
    baseline_usual_tilt_deg: float = 3.0  # below it, the runner is asked whether it was recorded tucked
    baseline_own_tilt_deg: float = -8.0  # if the next one is as low, it is the runner's own (1 of 13 runs at -4 to -5)

    # Slip of the clip
    slip_min_deg: float = 4.0  # a step in tilt or obliquity
    slip_sudden: float = 7.0  # log likelihood ratio of slip and change of form; tucks are far more common than slips
    slip_timing_most: float = 5.0  # of that, from how sudden it is: a quick tuck is as sudden as a slip
    slip_doubt: float = 0.0  # log likelihood ratio from which it may be either
    slip_back_deg: float = 1.5  # a slip ends when the angles are this close to those before it
    slip_back_strides: int = 6  # of which those angles are the mean
    slip_before_strides: int = 6  # strides before a step, whose mean is compared
    slip_between_strides: int = 1  # left out, because the step falls into it
    slip_after_strides: int = 2  # strides after the step, whose mean is compared
    slip_jump_share: float = 0.75  # of slip_min_deg: the fit may find a larger step than the means show
    slip_lasting_share: float = 0.75  # of that, in every stride after the step
    slip_ramps_s: tuple[float, ...] = (0.25, 0.4, 0.55)  # duration of a slip
    form_ramps_s: tuple[float, ...] = (1.0, 1.4, 1.8, 2.4)  # duration of a change of form: one to three strides
    slip_obliquity_deg: float = 1.0  # a slip also tips the clip sideways (SD), a tuck does not; a judgement
    slip_obliquity_usual_deg: float = 0.5  # scatter of obliquity without a slip, before the runner's own is known
    slip_obliquity_usual_strides: float = 10.0  # weight of that value, in strides
    slip_turn_deg_s: float = 5.0  # a larger change of turn rate is a bend, in which people lean

    # Reference at the present pace: distances are multiples of what is comparable
    pace_strides: int = 5  # over which cadence and contact time are averaged
    pace_cadence_pct: float = 4.0
    pace_contact_pct: float = 8.0
    pace_new: float = 1.75  # further from every bin: the strides make a new one
    pace_far: float = 2.5  # further from every bin: not judged until they have
    pace_new_strides: int = 12  # of a new bin before it is used
    pace_wait_strides: int = 10  # before a later stride enters it: a fault begins before it is found
    pace_tilt_deg_ms: float = -0.02  # change of tilt with contact time, in natural joggers
    pace_tilt_sd_deg_ms: float = 0.03  # its spread between people
    pace_tilt_sd_deg_spm: float = 0.08  # the same for cadence, whose mean slope is none
    offset_strides: int = 20  # at an earlier bin's pace, which show how one stands and wears the clip today
    offset_told_deg: float = 1.5
    offset_most_deg: float = 4.5  # lower than that is a tuck; people stand differently by some 2 deg

    # The runner's own wandering of tilt: SD of medians over wander_strides
    wander_strides: int = 10
    wander_usual_deg: float = 0.8  # 0.3 on a treadmill, 1 in joggers over ground
    wander_usual_blocks: float = 12.0  # weight of that value; a baseline has 6 blocks
    tilt_usual_se_deg: float = 0.25  # of a stride's tilt without gaps; wandering contains it
    wander_ratio: float = 3.4  # smallest drop, in SE: natural joggers exceed it less than twice an hour
    error_ratio: float = 2.0  # smallest depth of the other faults, in standard errors

    # Tuck
    tuck_strides: int = 5  # of the shortest median; the longest has four times as many
    tuck_on_deg: float = 2.6
    tuck_on_times: int = 2
    tuck_off_deg: float = 1.9  # the end of larger ones is in proportion
    tuck_off_times: int = 3
    tuck_drift_deg: float = 0.6  # SD of drift over minutes that a baseline of 45 s does not show
    tuck_most_deg: float = 10.0  # nobody tucks further below their baseline: the clip has moved
    slow_strides: int = 30  # a drop of which much was there this long ago came slowly
    slow_off_share: float = 0.6  # of where others end: what comes slowly hovers about its threshold for minutes
    slow_ratio: float = 1.4  # such a drop must be larger: fatigue, a slope, a creeping clip

    # Pullback
    pullback_strides: int = 10
    pullback_on_deg: float = 2.0
    pullback_on_times: int = 4
    pullback_second_times: int = 12  # on the other side of one that lasts
    pullback_off_deg: float = 1.4
    pullback_off_times: int = 3
    pullback_score: float = 3.6  # smallest, of the best of 32 bumps: natural joggers exceed it less than once an hour
    pullback_side_margin: float = 2.5  # log likelihood ratio of the sides; until then neither is named
    pullback_both_gain: float = 0.2  # and at least this share of the better one's: the error of its shape grows with it
    pullback_both_share: float = 0.6  # of the larger one, at least: otherwise it is the shape of one bump
    pullback_both_margin: float = 5.5  # the same of both sides and the better one

    # Tipped far forward: shown only, and never cued further forward
    arch_strides: int = 10
    arch_on_deg: float = 6.0  # above the baseline
    arch_off_deg: float = 4.5
    arch_off_times: int = 3

    # Trunk, where a second clip measures it: arch, bent and upright are found by the rule of the tuck
    trunk_wait_s: float = 0.5  # the pelvis waits so long for late samples of the trunk, once, then goes on alone
    trunk_lost_s: float = 0.3  # without samples for so long there is no trunk
    bent_each_deg: float = 1.5  # the trunk leans more, and the pelvis tips less, by at least so much each
    bent_share: float = 0.3  # and each by this share of the whole: lean that wanders during a tuck is less
    swap_strides: int = 20  # whose obliquity shows which clip is worn where
    swap_ratio: float = 1.2  # range of the trunk's obliquity over the pelvis's; some people's is larger as well

    # Rigid and held
    rigid_strides: int = 10
    rigid_rotation_min_deg: float = 3.5
    rigid_on_ratio: float = 0.6
    rigid_off_ratio: float = 0.75
    held_on_deg: float = 5.0
    held_on_sd: float = 5.0  # also required: SD of the runner's own blocks of strides
    held_off_ratio: float = 0.7
    held_strides: int = 20

    # Cues
    cue_faults: tuple[str, ...] = field(default_factory=cued_faults)  # faults with a sound; others are shown
    cue_trunk_faults: tuple[str, ...] = field(default_factory=trunk_cued_faults)  # those of a second clip
    cue_cooldown_s: float = 30.0  # for the same fault: a correction takes some strides, and frequent cues annoy
    cue_cap: int = 4  # cues of one fault within cue_cap_s: a runner who has not reacted by then will not
    cue_cap_s: float = 600.0
    cue_gap_s: float = 3.0  # between any two cues, so that they can be distinguished
    cue_recovered: bool = True
    cue_share: float = 1.0  # share of findings that are cued: what is learnt with fading feedback is retained better
    cue_silent_after_s: float = float("inf")  # since the session's first stride: a silent end tests retention
    cue_stale_s: float = 0.7  # older than a stride, the data are too late for a cue

    baseline_warmup_s: float = 0.0  # running before a baseline is taken: a cold runner runs differently
