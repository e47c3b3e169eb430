"""The motion of a simulated runner's pelvis: from a scenario to orientation, position and foot contacts.

Smooth curves give the share of each gait; timing and size vary from stride to stride as in real runners. gait.py has
the norms of the gaits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline
from scipy.spatial.transform import Rotation

from untuck.model import CONTACT_DTYPE, LEFT, RIGHT, Floats
from untuck.simulate import gait
from untuck.simulate.scenario import FAULT_EASE_S, HINGE_S, START_S, Phase, Scenario, eased, smooth_steps

GRID_HZ = 200.0
STANDING_TILT_DEG = 9.0  # of the pelvis itself; tilt is measured from here
HINGE_DEG = 35.0
SPEED_S = 3.0  # to change speed over ground
WANDER_DEG, WANDER_S = 2.0, 6.0  # of the heading: nobody runs quite straight
HIP_TO_SACRUM_M = (-0.09, 0.09)  # forward and up; the pelvis rotates about the hips
PULLBACK_WIDTH = 0.16  # of a stride, at half height: about a quarter of a stride in total
RUNNING = 0.5  # share of full running from which contacts count
UPRIGHT = Rotation.from_rotvec([np.pi / 2, 0.0, 0.0])

# Stride-to-stride SD as measured: stride-mean tilt 0.5-0.6 deg; ranges of tilt, obliquity, rotation 6, 5 and 10 %;
# contact 4-5 ms (through speed: 37 ms per m/s); stride 7 ms.
TILT_SD_DEG, TILT_SIZE_SD, OBLIQUITY_SIZE_SD, ROTATION_SIZE_SD = 0.63, 0.07, 0.06, 0.11
CONTACT_SPEED_SD, STEP_SD = 0.13, 0.008
MEMORY = 0.4  # correlation of the deviations of neighbouring strides


@dataclass(frozen=True, eq=False)
class _Demand:
    """The scenario as smooth curves (N,): shares of running and walking, speeds of both, over ground, turn rate."""

    time_s: Floats
    run: Floats
    walk: Floats
    run_m_s: Floats
    walk_m_s: Floats
    ground_m_s: Floats
    turn_rad_s: Floats
    swing: Floats
    tuck_deg: Floats


def _speeds_of(phases: tuple[Phase, ...], kind: str, default_m_s: float) -> list[float]:
    """The speed of each phase of a kind; other phases get that of the next such phase, or otherwise of the last."""
    speeds, known = [], default_m_s
    for phase in reversed(phases):
        known = phase.speed_m_s if phase.kind == kind else known
        speeds.append(known)
    last = max((i for i, phase in enumerate(phases) if phase.kind == kind), default=-1)
    return [
        *speeds[::-1][: last + 1],
        *[phases[last].speed_m_s if last >= 0 else default_m_s] * (len(phases) - last - 1),
    ]


def _demand_curves(scenario: Scenario, time_s: Floats) -> _Demand:
    phases, starts_s = scenario.phases, scenario.starts_s()

    def along(values: list[float], ease_s: float) -> Floats:
        return smooth_steps(time_s, starts_s, values, ease_s)

    moving = [phase.kind in ("run", "walk") for phase in phases]
    return _Demand(
        time_s=time_s,
        run=along([float(phase.kind == "run") for phase in phases], START_S),
        walk=along([float(phase.kind == "walk") for phase in phases], START_S),
        run_m_s=along(_speeds_of(phases, "run", 3.3), SPEED_S),
        walk_m_s=along(_speeds_of(phases, "walk", 1.4), SPEED_S),
        ground_m_s=along([p.speed_m_s if go else 0.0 for p, go in zip(phases, moving, strict=True)], SPEED_S),
        turn_rad_s=along(
            [np.radians(p.turn_deg_s) if go else 0.0 for p, go in zip(phases, moving, strict=True)], SPEED_S
        ),
        swing=along([phase.swing for phase in phases], FAULT_EASE_S),
        tuck_deg=along([phase.tuck_deg if phase.kind == "run" else 0.0 for phase in phases], FAULT_EASE_S),
    )


def wander(phase: Floats, spacing: float, memory: float, rng: np.random.Generator) -> Floats:
    """(N,) smooth noise of SD about 1 with a node every `spacing` of phase; memory: correlation of neighbours."""
    count = int(phase[-1] / spacing) + 5
    nodes = rng.normal(0, 1, count)
    for i in range(1, count):
        nodes[i] = memory * nodes[i - 1] + np.sqrt(1 - memory**2) * nodes[i]
    positions = (np.arange(count) - 2) * spacing
    smooth: Floats = make_interp_spline(positions, nodes, k=3)(phase)
    return smooth


@dataclass(frozen=True, eq=False)
class _Steps:
    """Phase in strides (N,), mean stride time (N,) s, running speed with the scatter of contact time (N,) m/s."""

    phase: Floats
    stride_s: Floats
    contact_m_s: Floats
    contacts: NDArray[np.void]


def _steps(demand: _Demand, rng: np.random.Generator) -> _Steps:
    """Times of contact and toe-off: cadence from speed, each step slightly early or late."""
    spm = gait.cadence_spm(demand.run_m_s) * (1 - demand.walk) + gait.walking_cadence_spm(demand.walk_m_s) * demand.walk
    even = np.concatenate([[0.0], np.cumsum(0.5 * (spm[1:] + spm[:-1]))]) / 120 / GRID_HZ
    phase = even + STEP_SD * wander(even, 0.5, 0.0, rng)
    contact_m_s = demand.run_m_s + CONTACT_SPEED_SD * wander(phase, 0.5, 0.0, rng)
    halves = np.arange(int(np.ceil(2 * phase[0])), int(np.floor(2 * phase[-1])) + 1)
    struck_s = np.interp(halves / 2, phase, demand.time_s)
    runs = np.interp(struck_s, demand.time_s, demand.run) > RUNNING
    contacts = np.zeros(int(runs.sum()), CONTACT_DTYPE)
    contacts["time_s"] = struck_s[runs]
    contacts["toe_off_s"] = struck_s[runs] + gait.contact_s(np.interp(struck_s[runs], demand.time_s, contact_m_s))
    contacts["side"] = np.where(halves[runs] % 2 == 0, RIGHT, LEFT)
    return _Steps(phase, 120 / spm, contact_m_s, contacts)


def _hinges(scenario: Scenario, time_s: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """(N,) forward tilt in degrees of hinges, and (N,2) the small obliquity and rotation that come with it."""
    tilt, aside = np.zeros(len(time_s)), np.zeros((len(time_s), 2))
    for start_s, phase in zip(scenario.starts_s(), scenario.phases, strict=True):
        if phase.kind != "hinge":
            continue
        count = max(1, round(phase.duration_s / HINGE_S))
        length_s = phase.duration_s / count
        for i in range(count):
            u = (time_s - start_s - i * length_s) / length_s
            one = HINGE_DEG * rng.uniform(0.9, 1.1) * eased(u / 0.45) * (1 - eased((u - 0.5) / 0.45))
            tilt += one
            aside += np.outer(one, rng.normal(0, 0.03, 2))
    return tilt, aside


def _pullbacks(scenario: Scenario, demand: _Demand, phase: Floats) -> Floats:
    """(N,) rotation in degrees added by pullbacks: clockwise for the right hip."""
    total = np.zeros(len(phase))
    for side, centre in {(p.side, p.pullback_phase) for p in scenario.phases if p.pullback_deg}:
        depths = [
            p.pullback_deg if (p.kind, p.side, p.pullback_phase) == ("run", side, centre) else 0.0
            for p in scenario.phases
        ]
        depth_deg = smooth_steps(demand.time_s, scenario.starts_s(), depths, FAULT_EASE_S)
        own = phase if side == RIGHT else phase - 0.5
        total -= side * depth_deg * gait.backward_bump(own, centre, PULLBACK_WIDTH)
    return total


def _sway_deg(time_s: Floats, rng: np.random.Generator) -> Floats:
    """(N,3) the slow sway of standing, about 0.2 deg in each angle."""
    hz, lag = rng.uniform(0.1, 0.5, (3, 1, 3)), rng.uniform(0, 2 * np.pi, (3, 1, 3))
    sway: Floats = 0.12 * np.sin(2 * np.pi * hz * time_s[:, None] + lag).sum(axis=0)
    return sway


def _angles_deg(demand: _Demand, steps: _Steps, forms: tuple[gait.Gait, gait.Gait], rng: np.random.Generator) -> Floats:
    """(N,3) tilt above standing, obliquity, and rotation relative to the heading, of gait and sway."""

    def waves(name: str, size_sd: float) -> Floats:
        size = 1 + size_sd * wander(steps.phase, 1.0, MEMORY, rng)
        running = demand.run * gait.waves(getattr(forms[0], name), steps.phase, demand.run_m_s)
        walking = demand.walk * gait.waves(getattr(forms[1], name), steps.phase, demand.walk_m_s)
        both: Floats = size * (running + walking)
        return both

    moving = np.minimum(demand.run + demand.walk, 1.0)
    level = demand.run * gait.running_tilt_deg(demand.run_m_s) + demand.walk * gait.WALKING_TILT_DEG - demand.tuck_deg
    level += moving * TILT_SD_DEG * wander(steps.phase, 1.0, MEMORY, rng)
    angles = [
        level + waves("tilt", TILT_SIZE_SD),
        demand.swing * waves("obliquity", OBLIQUITY_SIZE_SD),
        demand.swing * waves("rotation", ROTATION_SIZE_SD),
    ]
    total: Floats = np.stack(angles, axis=1) + _sway_deg(demand.time_s, rng) * (1 - moving)[:, None]
    return total


def segment_quat(angles_deg: Floats, heading_rad: Floats) -> Floats:
    """(N,4) pelvis or trunk to earth with exactly this tilt (absolute), obliquity and heading.

    angles_deg (N,3): tilt, obliquity, and rotation relative to heading_rad (N,).
    """
    tilt, obliquity, rotation = np.radians(angles_deg).T
    roll = -np.arcsin(np.sin(obliquity) / np.cos(tilt))
    turned = Rotation.from_euler("ZYX", np.stack([heading_rad + rotation, tilt, roll], axis=1)) * UPRIGHT
    quat: Floats = turned.as_quat(scalar_first=True)
    return quat


def _turned_left(shift_m: Floats, heading_rad: Floats) -> Floats:
    """(N,3) earth axes from (N,3) along the heading, left of it and up."""
    return np.stack(
        [
            shift_m[:, 0] * np.cos(heading_rad) - shift_m[:, 1] * np.sin(heading_rad),
            shift_m[:, 0] * np.sin(heading_rad) + shift_m[:, 1] * np.cos(heading_rad),
            shift_m[:, 2],
        ],
        axis=1,
    )


def _hinge_shift_m(hinge_deg: Floats) -> Floats:
    """(N,3) displacement of the sacrum forward, left and up when the pelvis rotates about the hips."""
    lean = np.radians(hinge_deg)
    back, up = HIP_TO_SACRUM_M
    forward = back * (np.cos(lean) - 1) + up * np.sin(lean)
    return np.stack([forward, 0 * lean, up * (np.cos(lean) - 1) - back * np.sin(lean)], axis=1)


def _position_m(demand: _Demand, steps: _Steps, heading_rad: Floats, forms: tuple[gait.Gait, gait.Gait]) -> Floats:
    """(N,3) the sacrum's path over ground with the gait's sway."""
    sway = [
        demand.run * gait.sway_m(getattr(forms[0], name), steps.phase, demand.run_m_s, steps.stride_s)
        + demand.walk * gait.sway_m(getattr(forms[1], name), steps.phase, demand.walk_m_s, steps.stride_s)
        for name in ("acc_forward", "acc_left", "acc_up")
    ]
    sway[2] += demand.run * gait.flight_height_m(steps.phase, steps.contact_m_s, steps.stride_s)
    step = _turned_left(np.outer(demand.ground_m_s, [1.0, 0.0, 0.0]), heading_rad) / GRID_HZ
    path = np.concatenate([np.zeros((1, 3)), np.cumsum(0.5 * (step[1:] + step[:-1]), axis=0)])
    place: Floats = path + _turned_left(np.stack(sway, axis=1), heading_rad)
    return place


@dataclass(frozen=True, eq=False)
class Motion:
    """The motion of the pelvis, at GRID_HZ.

    time_s (N,); pelvis_quat (N,4) pelvis to earth; position_m (N,3) of the sacrum; running, walking (N,) shares of full
    running and walking; contacts CONTACT_DTYPE, of running only; heading_rad (N,) of the runner; phase (N,) in strides;
    speed_m_s (N,) of running; hinge_deg (N,) forward tilt of hip hinges.
    """

    time_s: Floats
    pelvis_quat: Floats
    position_m: Floats
    running: Floats
    walking: Floats
    contacts: NDArray[np.void]
    heading_rad: Floats
    phase: Floats
    speed_m_s: Floats
    hinge_deg: Floats


def move(scenario: Scenario, seed: int) -> Motion:
    """The pelvis's motion in the scenario, twice continuously differentiable; seed: of the form and the scatter."""
    rng = np.random.default_rng(seed)
    running, walking = gait.individual(gait.RUNNING, rng), gait.individual(gait.WALKING, rng)
    demand = _demand_curves(scenario, np.arange(int(scenario.duration_s * GRID_HZ) + 1) / GRID_HZ)
    steps = _steps(demand, rng)
    hinge_deg, aside_deg = _hinges(scenario, demand.time_s, rng)
    angles_deg = _angles_deg(demand, steps, (running, walking), rng)
    angles_deg[:, 0] += STANDING_TILT_DEG + hinge_deg
    angles_deg[:, 1:] += aside_deg
    angles_deg[:, 2] += _pullbacks(scenario, demand, steps.phase)
    turned = np.concatenate([[0.0], np.cumsum(0.5 * (demand.turn_rad_s[1:] + demand.turn_rad_s[:-1]))]) / GRID_HZ
    moving = np.minimum(demand.run + demand.walk, 1.0)
    heading = turned + moving * np.radians(WANDER_DEG) * wander(demand.time_s, WANDER_S, 0.0, rng)
    place = _position_m(demand, steps, heading, (running, walking))
    place += _turned_left(_hinge_shift_m(hinge_deg), heading)
    return Motion(
        time_s=demand.time_s,
        pelvis_quat=segment_quat(angles_deg, heading),
        position_m=place,
        running=demand.run,
        walking=demand.walk,
        contacts=steps.contacts,
        heading_rad=heading,
        phase=steps.phase,
        speed_m_s=demand.run_m_s,
        hinge_deg=hinge_deg,
    )
