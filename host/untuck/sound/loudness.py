"""Momentary loudness of short sounds by ITU-R BS.1770-4: over 400 ms, in LUFS.

The K-weighting is applied to the spectrum of each window. For sounds that fade in and out this equals filtering.
"""

from __future__ import annotations

import numpy as np

from untuck.model import Floats

WINDOW_S, HOP_S = 0.4, 0.1
_OFFSET_LUFS = -0.691
# The two stages of the K-weighting at 48 kHz, from the recommendation: a shelf for the head, a high-pass
_SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
_HIGH = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))


def momentary_lufs(samples: Floats, rate_hz: int = 48_000) -> float:
    """Loudness of the loudest 400 ms of samples (N,2) at 48 kHz; -inf for silence.

    Raises ValueError for another rate.
    """
    if rate_hz != 48_000:
        raise ValueError(f"loudness is measured at 48 kHz, not at {rate_hz} Hz")
    window, hop = round(WINDOW_S * rate_hz), round(HOP_S * rate_hz)
    padded = np.concatenate([np.zeros((window, 2)), samples, np.zeros((window, 2))])
    weight = _power(np.exp(2j * np.pi * np.fft.rfftfreq(window)))
    loudest = 0.0
    for begin in range(0, len(padded) - window + 1, hop):
        spectrum = np.fft.rfft(padded[begin : begin + window], axis=0)
        # Parseval: twice the one-sided spectrum; the weighting makes its two ends negligible
        power = 2.0 * (weight[:, None] * np.abs(spectrum) ** 2).sum(axis=0) / window**2
        loudest = max(loudest, float(power.sum()))
    return float(_OFFSET_LUFS + 10.0 * np.log10(loudest)) if loudest > 0.0 else float("-inf")


def _power(z: np.ndarray) -> Floats:
    """|H|^2 of the K-weighting at points z of the unit circle."""
    response = np.ones_like(z)
    for numerator, denominator in (_SHELF, _HIGH):
        response *= np.polyval(numerator, z) / np.polyval(denominator, z)
    power: Floats = np.abs(response) ** 2
    return power
