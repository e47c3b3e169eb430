"""Short runs of actors from BVH files: pelvis and chest, and what a sensor on the pelvis could measure of them.

The files are the 317 usable runs of Bandai-Namco-Research-Motiondataset-2 (30 frames/s, 2 s each, seven manners), CC
BY-NC 4.0, https://github.com/BandaiNamcoResearchInc/Bandai-Namco-Research-Motiondataset. They are not committed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.spatial.transform import Rotation

from untuck.model import Floats

STEP_S = 0.005  # grid of time
STRIDE_S = 0.45, 1.0
_AROUND = 20  # samples on either side of a lowest height
_NAME = re.compile(r"run_(.+)_\d+\.bvh$")


class Joint(NamedTuple):
    """rotation to earth (N), place (N,3) in the file's unit."""

    rotation: Rotation
    place: Floats


class ActorRun(NamedTuple):
    """A run over whole strides. manner: in which it was acted; values: by name, see `measure`."""

    manner: str
    values: dict[str, float]


def load(folder: Path) -> list[ActorRun]:
    """All runs in a folder that hold a whole stride."""
    found = []
    for path in sorted(folder.glob("*_run_*.bvh")):
        manner = _NAME.search(path.name)
        values = measure(*read(path)) if manner else None
        if manner and values:
            found.append(ActorRun(manner[1], values))
    return found


def read(path: Path) -> tuple[dict[str, Joint], float]:
    """Joints of a BVH file whose every joint has place and rotation, and the time between its frames in s."""
    head, _, motion = path.read_text("utf-8").partition("MOTION")
    lines = motion.split("\n", 3)
    frames, dt_s = int(lines[1].split()[1]), float(lines[2].split()[2])
    data = np.array(lines[3].split(), float).reshape(frames, -1)
    joints: dict[str, Joint] = {}
    for name, parent, first, order in _hierarchy(head):
        place = data[:, first : first + 3]
        rotation = Rotation.from_euler(order, data[:, first + 3 : first + 6], degrees=True)
        if parent:
            above = joints[parent]
            place, rotation = above.place + above.rotation.apply(place), above.rotation * rotation
        joints[name] = Joint(rotation, place)
    return joints, dt_s


def _hierarchy(head: str) -> Iterator[tuple[str, str, int, str]]:
    """Name, parent ("" for the first), first column and order of rotation of each joint."""
    above: list[str] = []
    last, first = "", 0
    for words in map(str.split, head.splitlines()):
        match words:
            case ["ROOT" | "JOINT" as kind, name]:
                last = name if kind else ""
            case ["End", *_]:
                last = "end"
            case ["{"]:
                above.append(last)
            case ["}"]:
                above.pop()
            case ["CHANNELS", count, *channels]:
                yield above[-1], above[-2] if len(above) > 1 else "", first, "".join(c[0] for c in channels[3:])
                first += int(count)


def measure(joints: dict[str, Joint], dt_s: float) -> dict[str, float] | None:
    """Means over whole strides and harmonics; None where there is no whole stride.

    lean_deg, tilt_deg: inclination of chest and pelvis forward; the rest is what a sensor on the pelvis measures:
    cadence, oscillation_m, and at step frequency, relative to the height's phase, fore-aft motion and tilt; at stride
    frequency the sizes of obliquity and of sideways motion. chest_roll_deg, chest_pitch_deg: size at stride frequency.
    """
    pelvis, chest = joints["Hips"], joints["Chest"]
    way = (pelvis.place[-1] - pelvis.place[0]) * (1.0, 0.0, 1.0)
    ahead = way / np.linalg.norm(way)
    aside = np.cross(ahead, (0.0, 1.0, 0.0))
    time_s = dt_s * np.arange(len(pelvis.place))
    at_s = np.arange(0.0, time_s[-1], STEP_S)

    def even(values: Floats) -> Floats:
        fitted: Floats = CubicSpline(time_s, values)(at_s)
        return fitted

    def angles_deg(joint: Joint) -> tuple[Floats, Floats]:
        up = joint.rotation.as_matrix()[:, :, 0]  # a joint's x axis runs up the spine
        return tuple(even(np.degrees(np.arctan2(up @ axis, up[:, 1]))) for axis in (ahead, aside))  # type: ignore[return-value]

    height = even(0.01 * pelvis.place[:, 1])
    inside = range(_AROUND, len(height) - _AROUND)
    low = [i for i in inside if height[i] == height[i - _AROUND : i + _AROUND + 1].min()]
    steps = (len(low) - 1) // 2 * 2
    if steps < 2:
        return None
    whole = slice(low[0], low[steps])
    stride_s = STEP_S * (low[steps] - low[0]) / (steps / 2)
    if not STRIDE_S[0] < stride_s < STRIDE_S[1]:
        return None
    phase = 2 * np.pi * STEP_S / stride_s * np.arange(low[steps] - low[0])

    def harmonic(values: Floats, order: int) -> complex:
        part, number = values[whole], np.arange(len(phase))
        level = part - np.polyval(np.polyfit(number, part, 1), number)
        return complex(2 * (level * np.exp(-1j * order * phase)).mean())

    (tilt, obliquity), (lean, bend) = angles_deg(pelvis), angles_deg(chest)
    beat = harmonic(height, 2)
    fore, tipped = (harmonic(each, 2) * beat.conjugate() / abs(beat) for each in (even(pelvis.place @ ahead), tilt))
    return {
        "lean_deg": float(lean[whole].mean()),
        "tilt_deg": float(tilt[whole].mean()),
        "cadence_spm": 120.0 / stride_s,
        "oscillation_m": float(np.ptp(height[whole])),
        "fore_real": fore.real,
        "fore_imag": fore.imag,
        "tilt_real": tipped.real,
        "tilt_imag": tipped.imag,
        "obliquity_deg": abs(harmonic(obliquity, 1)),
        "sideways": abs(harmonic(even(pelvis.place @ aside), 1)),
        "chest_pitch_deg": abs(harmonic(lean, 1)),
        "chest_roll_deg": abs(harmonic(bend, 1)),
    }
