"""The constants that time contact and toe-off, as `python -m bench.fit_contacts --write` has fitted them.

Fitted on the development runners of bench/data.py and the real sacral accelerometer; not to be edited.
"""

import numpy as np

# Lag of the hump's edges in s: constant, per s of step time, per g of hump height, per s of hump length.
LAGS = np.array(
    (
        (0.1148, 0.4347, -0.0247, -0.9141),  # contact
        (0.1422, -0.5671, 0.0322, 0.1079),  # toe-off
    )
)

# Offset in ms from a guess, per g in each bin, per unit of log strength, per s of step time; constant.
# fmt: off
_TIMING_MS = (
    (  # contact
        0.81, -0.72, -1.10, -1.57, -3.68, -4.91, -3.18, -2.66, -3.67, -1.02, 0.55,  # vertical about contact
        -1.00, -1.08, -2.94, -3.68, 2.03, 3.01, -0.97, -4.77, -3.05, -3.17, -0.76,  # fore-aft about contact
        0.67, -0.18, 0.49, 0.98, 0.56, -0.03, -0.12, 0.30, -0.06,  # vertical about toe-off
        1.99, 2.11, 1.77, 1.11, 0.27, -0.83, -1.53, -1.69, -1.69,  # fore-aft about toe-off
        16.35, -5.98, -7.80,
    ),
    (  # toe-off
        -0.96, -0.48, -0.65, 0.49, -0.42, -0.29, -0.79, -0.58, -0.05, -0.22, 0.54,  # vertical about contact
        0.01, -0.97, -2.33, -2.73, -1.95, -1.76, -0.15, -0.34, 0.70, 1.04, -0.03,  # fore-aft about contact
        2.04, 3.97, 5.23, 6.37, 6.34, 4.03, 2.20, 2.49, 2.88,  # vertical about toe-off
        -3.73, -2.60, -0.05, 2.39, 4.68, 7.08, 5.37, -1.07, -3.25,  # fore-aft about toe-off
        -13.64, 63.56, -18.83,
    ),
)
# fmt: on
TIMING = np.array(_TIMING_MS) / 1e3
