"""The even grid of phase on which a stride is measured, and its harmonics: of a curve, and a curve of them."""

from __future__ import annotations

import numpy as np

PHASES = 100
PHASE = (np.arange(PHASES) + 0.5) / PHASES
HARMONICS = 8
_ANGLES = 2 * np.pi * np.outer(PHASE, np.repeat(np.arange(1, HARMONICS + 1), 2))
SYNTHESIS = np.where(np.arange(2 * HARMONICS) % 2 == 0, np.cos(_ANGLES), np.sin(_ANGLES))  # (P, 2 H): @ harmonics
ANALYSIS = SYNTHESIS * 2 / PHASES  # (P, 2 H): cosine and sine parts in turn are its columns' products with a curve
BASIS = np.ascontiguousarray(ANALYSIS.T.reshape(HARMONICS, 2, PHASES))
