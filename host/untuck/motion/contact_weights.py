"""The constants that time contact and toe-off, as `python -m bench.fit_contacts --write` has fitted them.

Fitted on the development runners of bench/data.py and the real sacral accelerometer; not to be edited.
"""

import numpy as np

# Lag of the hump's edges in s: constant, per s of step time, per g of hump height, per s of hump length.
CONTACT_LAG = (0.1148, 0.4347, -0.0247, -0.9138)
TOE_OFF_LAG = (0.1421, -0.5671, 0.0323, 0.1080)

# Offset in ms from a guess, per g in each bin, per unit of log strength, per s of step time; constant.
# fmt: off
_TIMING_MS = (
    (  # contact
        0.82, -0.72, -1.10, -1.57, -3.69, -4.92, -3.19, -2.67, -3.68, -1.03, 0.55,  # vertical about contact
        -0.99, -1.07, -2.93, -3.66, 2.05, 3.03, -0.95, -4.74, -3.02, -3.15, -0.75,  # fore-aft about contact
        0.67, -0.19, 0.48, 0.98, 0.56, -0.02, -0.12, 0.30, -0.06,  # vertical about toe-off
        1.99, 2.11, 1.77, 1.12, 0.28, -0.82, -1.51, -1.67, -1.68,  # fore-aft about toe-off
        16.40, -5.84, -7.76,
    ),
    (  # toe-off
        -0.93, -0.48, -0.64, 0.51, -0.45, -0.34, -0.82, -0.60, -0.08, -0.25, 0.50,  # vertical about contact
        0.06, -0.93, -2.29, -2.68, -1.90, -1.70, -0.06, -0.24, 0.79, 1.12, 0.07,  # fore-aft about contact
        2.00, 3.93, 5.19, 6.32, 6.29, 4.03, 2.23, 2.51, 2.89,  # vertical about toe-off
        -3.68, -2.58, -0.03, 2.42, 4.71, 7.13, 5.44, -1.02, -3.21,  # fore-aft about toe-off
        -13.42, 63.89, -18.60,
    ),
)
# fmt: on
TIMING = np.array(_TIMING_MS) / 1e3
