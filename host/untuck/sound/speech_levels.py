"""Factor to full volume and length in s of each spoken clip, for a player that cannot measure them, as in a browser.

Written by tools/render_speech.py, from `phrases.measured`.
"""

from __future__ import annotations

LEVELS = {
    "stand": (0.96629, 2.034),
    "hinge": (1.12093, 4.215),
    "hinge again": (1.16452, 4.572),
    "hinge trunk": (0.98696, 3.646),
    "hinge straight": (1.00495, 4.227),
    "calibrated": (1.13986, 0.737),
    "reused": (1.04656, 2.400),
    "moved": (0.99671, 5.218),
    "baseline": (1.00150, 3.334),
    "baseline taken": (0.98964, 4.280),
    "baseline refused": (1.03935, 4.545),
    "ready": (1.00943, 1.569),
    "check clip": (1.14363, 3.576),
    "check trunk": (1.14475, 3.843),
    "swapped": (1.04564, 4.448),
    "zeroed": (0.94759, 0.944),
    "no data": (1.06734, 1.490),
    "data again": (1.06098, 1.099),
    "no trunk": (0.98971, 1.653),
    "trunk again": (1.03646, 1.384),
    "battery low": (1.06697, 1.879),
    "cues off": (1.09045, 0.824),
    "cues on": (1.09045, 0.839),
    "lap": (1.00835, 0.381),
    "finished": (1.13697, 0.763),
    "waiting": (1.03085, 1.235),
    "not paired": (1.13235, 2.627),
    "no bluetooth": (0.97199, 1.285),
    "not recorded": (1.09314, 3.171),
    "tuck": (0.95638, 1.674),
    "pullback left": (0.94202, 2.185),
    "pullback right": (0.96874, 2.195),
    "rigid": (0.87082, 1.535),
    "arch": (1.13484, 0.678),
    "bent": (1.13484, 2.741),
    "upright": (1.06512, 1.253),
}
