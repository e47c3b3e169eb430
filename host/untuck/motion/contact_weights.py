"""The constants that time contact and toe-off, as `python -m bench.fit_contacts --write` has fitted them.

Fitted on all recorded runners and the real sacral accelerometer; not to be edited.
"""

import numpy as np

# Lag of the hump's edges in s: constant, per s of step time, per g of hump height, per s of hump length.
LAGS = np.array(
    (
        (0.1306, 0.3821, -0.0349, -0.7961),  # contact
        (0.1343, -0.5422, 0.0486, -0.0493),  # toe-off
    )
)

# Offset in ms from a guess, per g in each bin, per unit of log strength, per s of step time; constant.
# fmt: off
_TIMING_MS = (
    (  # contact
        0.27, -1.20, -0.65, -1.27, -4.36, -5.15, -2.89, -2.68, -3.57, -1.13, 1.29,  # vertical about contact
        0.09, -0.24, -2.63, -4.30, 2.00, 3.58, -0.59, -5.85, -2.78, -1.82, 0.26,  # fore-aft about contact
        1.00, 0.10, 0.26, 0.76, 0.55, -0.22, -0.70, 0.04, 0.19,  # vertical about toe-off
        2.29, 2.18, 2.04, 1.38, 0.53, -0.57, -0.92, -0.94, -1.55,  # fore-aft about toe-off
        18.19, 6.31, -13.43,
    ),
    (  # toe-off
        -0.35, -0.52, -0.68, 0.30, -0.43, -0.85, -0.83, -0.87, -0.86, -0.52, -0.38,  # vertical about contact
        -0.50, -1.13, -2.36, -3.37, -2.40, -1.85, -1.57, 0.05, 0.92, 1.05, -0.52,  # fore-aft about contact
        1.81, 3.89, 5.81, 6.65, 5.79, 3.55, 1.99, 2.06, 2.42,  # vertical about toe-off
        -3.31, -2.98, -0.63, 1.91, 4.91, 7.77, 5.15, -2.83, -4.53,  # fore-aft about toe-off
        -13.78, 54.85, -16.88,
    ),
)
# fmt: on
TIMING = np.array(_TIMING_MS) / 1e3
