"""What each step of the walk looks for in the clip's readings; None as long as it is not seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from untuck import wire
from untuck.session.first_light.motion import GRAVITY_M_S2, Pose
from untuck.session.first_light.readings import Figures, Outcome, Readings, Verdict
from untuck.sources.clip_setup import is_weak

RATE_HZ = 100  # requested of the sensor
MOST_OFF_PCT = 30.0  # of the granted rate against the requested one: BNO085s grant 125 for 100
UP = 0.9  # part of gravity along an axis that points up: within 26 deg
TIP_DEG = 25.0
TURN_DEG = 60.0
DISAGREE_DEG = 15.0  # gyro against acceleration after a tip, which a hand does in seconds
ACC_OFF_M_S2 = 0.6  # at rest: a chip that is not calibrated has 0.3
GYR_OFF_DEG_S = 5.0  # lying on a table
CHIP_OFF_DEG = 6.0  # of the chip's own vertical at rest
RATE_S = 2.0  # to measure the rate
SIGNAL_S = 10.0  # to count lost packets
LOW_PCT = 15
CUE_EVERY_S = 4.0


def _passed(text: str, **figures: float | int | str | None) -> Verdict:
    return Verdict(Outcome.PASSED, text, figures)


def _failed(text: str, **figures: float | int | str | None) -> Verdict:
    return Verdict(Outcome.FAILED, text, figures)


def battery(readings: Readings) -> Verdict | None:
    """The charge that the status has."""
    if readings.status is None:
        return None
    charge_pct = readings.status.battery_pct
    if charge_pct is None:
        return Verdict(
            Outcome.ABSENT, "not measured: no cell, or no resistors at the battery pin", {"battery_pct": None}
        )
    low = ": charge it before a run" if charge_pct < LOW_PCT else ""
    return _passed(f"{charge_pct} %{low}", battery_pct=charge_pct)


def flash(readings: Readings) -> Verdict | None:
    """Free space, and what the clip says of its flash and its radio."""
    status = readings.status
    if status is None:
        return None
    figures: Figures = {
        "free_kb": status.free_kb,
        "kept_runs": status.runs,
        "dropped_runs": status.dropped_runs,
        "lost_packets_alone": status.lost_packets,
        "radio_fault": bool(status.conditions & wire.COND_FAULT),
    }
    if status.conditions & wire.COND_FULL:
        return Verdict(
            Outcome.FAILED,
            "the clip could not save data: its flash is full or broken; `untuck sync` makes room",
            figures,
        )
    if status.conditions & wire.COND_FAULT:
        return Verdict(
            Outcome.FAILED, "the clip's radio reports a fault of its firmware: switch it off and on", figures
        )
    return Verdict(Outcome.PASSED, f"{status.free_kb} kB free, {status.runs} runs kept", figures)


def sensor(readings: Readings) -> Verdict | None:
    """The rate of the samples over two seconds, and resets of the chip."""
    motion, status = readings.motion, readings.status
    if status is None or motion.span_s < RATE_S:
        return None
    figures: Figures = {
        "sensor": readings.sensor,
        "rate_hz": round(motion.rate_hz, 2),
        "granted_hz": status.rate_hz,
        "resets": readings.resets - readings.before[3],
    }
    off_pct = abs(motion.rate_hz - RATE_HZ) / RATE_HZ * 100
    text = f"{readings.sensor}, {motion.rate_hz:.1f} samples a second"
    if off_pct > MOST_OFF_PCT:
        return Verdict(Outcome.FAILED, f"{text}, {RATE_HZ} were requested: check the bus and INT", figures)
    return Verdict(Outcome.PASSED, text, figures)


def flat(readings: Readings) -> Verdict | None:
    """Lying on its skin side: z points up, gravity is right, the gyro is at rest."""
    pose = _side_up(readings, 2)
    if pose is None:
        return None
    figures: Figures = {"acc_m_s2": round(pose.acc_m_s2, 3), "gyr_deg_s": round(pose.gyr_deg_s, 2)}
    if abs(pose.acc_m_s2 - GRAVITY_M_S2) > ACC_OFF_M_S2:
        return Verdict(Outcome.FAILED, f"at rest it measures {pose.acc_m_s2:.2f} m/s^2 instead of 9.81", figures)
    if pose.gyr_deg_s > GYR_OFF_DEG_S:
        return None
    return Verdict(Outcome.PASSED, f"{pose.acc_m_s2:.2f} m/s^2, gyro {pose.gyr_deg_s:.1f} deg/s at rest", figures)


def upright(readings: Readings) -> Verdict | None:
    """Standing with the arrow up: y points up; the chip's own vertical agrees."""
    pose = _side_up(readings, 1)
    if pose is None:
        return None
    known = np.isfinite(pose.chip_error_deg)
    figures: Figures = {"chip_error_deg": round(pose.chip_error_deg, 2) if known else None}
    if known and pose.chip_error_deg > CHIP_OFF_DEG:
        readings.now = f"the chip's own vertical is {pose.chip_error_deg:.0f} deg off: hold it still"
        return None
    chip = f", the chip's own vertical within {pose.chip_error_deg:.1f} deg" if known else ""
    return Verdict(Outcome.PASSED, f"arrow up{chip}", figures)


def forward(readings: Readings) -> Verdict | None:
    """Tipped forward: tilt by the acceleration rises, and the gyro agrees."""
    pose = readings.motion.pose()
    if pose is None:
        return None
    if readings.start_tilt_deg is None:
        readings.start_tilt_deg = pose.tilt_deg
        readings.motion.begin()
    rise_deg, gyro_deg = pose.tilt_deg - readings.start_tilt_deg, readings.motion.pitched_deg
    readings.now = f"tilt {rise_deg:+.0f} deg"
    if rise_deg < -TIP_DEG / 2:
        readings.now += ": backward; tip the upper edge away from you, as a runner bows"
    if rise_deg < TIP_DEG or not pose.still:
        return None
    figures: Figures = {"tip_deg": round(rise_deg, 1), "tip_gyro_deg": round(gyro_deg, 1)}
    if abs(gyro_deg - rise_deg) > DISAGREE_DEG:
        return Verdict(
            Outcome.FAILED,
            f"acceleration says {rise_deg:+.0f} deg, gyro {gyro_deg:+.0f}: axes or signs of the driver are wrong",
            figures,
        )
    return Verdict(Outcome.PASSED, f"tilt rises: {rise_deg:+.0f} deg, gyro {gyro_deg:+.0f}", figures)


def left(readings: Readings) -> Verdict | None:
    """Turned to the left about the vertical, as its gyro says."""
    turned_deg = readings.motion.turned_deg
    readings.now = f"turned {abs(turned_deg):.0f} deg {'left' if turned_deg >= 0 else 'right: turn it left'}"
    if turned_deg < TURN_DEG:
        return None
    return _passed(f"turned left by {turned_deg:.0f} deg", turn_deg=round(turned_deg, 1))


def button(readings: Readings) -> Verdict | None:
    """A short press arrives as a lap."""
    return _passed("a short press arrives") if readings.lap else None


def confirmed(what: str, missing: str, optional: bool = False) -> Callable[[Readings], Verdict | None]:
    """A step that the person confirms: by a key, or by a short press of the clip's button."""

    def look(readings: Readings) -> Verdict | None:
        if readings.lap or readings.answer:
            return _passed(what, confirmed="button" if readings.lap else "key")
        if readings.answer is None:
            return None
        return Verdict(Outcome.ABSENT if optional else Outcome.FAILED, missing)

    return look


def signal(readings: Readings) -> Verdict | None:
    """Ten seconds of packets: none lost, and the signal that the scan heard."""
    if readings.motion.span_s < SIGNAL_S:
        readings.now = f"{readings.motion.span_s:.0f} of {SIGNAL_S:.0f} s"
        return None
    before = readings.before
    packets, lost, resent = readings.packets - before[0], readings.lost - before[1], readings.resent - before[2]
    figures: Figures = {
        "rssi_dbm": readings.rssi_dbm,
        "packets": packets,
        "lost_packets": lost,
        "resent_packets": resent,
    }
    text = f"{readings.rssi_dbm} dBm, {packets} packets in {SIGNAL_S:.0f} s, {lost} lost, {resent} sent again"
    if lost or is_weak(readings.rssi_dbm):
        return Verdict(
            Outcome.FAILED, f"{text}: bring the clip nearer, keep the board's antenna free of metal", figures
        )
    return Verdict(Outcome.PASSED, text, figures)


def _side_up(readings: Readings, axis: int) -> Pose | None:
    """The pose if it is still and this sensor axis points up; otherwise says which side is up."""
    pose = readings.motion.pose()
    if pose is None:
        return None
    highest = int(np.argmax(np.abs(pose.up)))
    readings.now = _SIDES[highest][0 if pose.up[highest] > 0 else 1] + " up"
    return pose if pose.still and pose.up[axis] > UP else None


_SIDES = (("right edge", "left edge"), ("arrow", "lower edge"), ("outer side", "skin side"))
