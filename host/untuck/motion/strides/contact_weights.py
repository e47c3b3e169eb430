"""The constants that time contact and toe-off, fitted by `python -m bench.lib.fit_contacts --write`.

Fitted on all recorded runners and the real sacral accelerometer; do not edit.
"""

import numpy as np

# Lag of the hump's edges in s: constant, per s of step time, per g of hump height, per s of hump length.
LAGS = np.array(
    (
        (0.0872, 0.2186, 0.0010, -0.5054),  # contact
        (0.0995, -0.4132, 0.0282, 0.0771),  # toe-off
    )
)

# Contact and toe-off in s after the force passes body weight, per unit of each measure of the step, constant.
# fmt: off
WEIGHTS = np.array((
    # step s, loaded s, propulsion m/s, unloading s, later s, hump g, impulse m/s, constant
    (-0.1384, 0.0568, 0.0333, 0.2119, -0.1736, -0.0132, 0.0072, -0.0142),  # contact
    (0.3201, 0.1047, -0.0566, 0.4585, 0.1372, 0.0212, -0.0308, -0.0337),  # toe-off
))

# Without gyroscope: offset in ms of a guess, per g in each bin, per unit of log strength, per s of step time; constant.
EDGES = np.array((
    (  # contact
        -0.18, -0.84, -0.31, -1.42, -4.36, -4.39, -2.62, -2.30, -2.99, -0.88, 2.41,  # vertical about contact
        0.46, -0.41, -3.26, -4.83, 3.26, 3.25, -0.26, -6.14, -1.98, -1.83, 0.20,  # fore-aft about contact
        0.93, 0.07, 0.61, 0.36, 0.53, 0.19, -0.84, 0.09, 0.21,  # vertical about toe-off
        2.23, 2.15, 1.67, 1.40, 0.85, -0.48, -0.85, -1.23, -1.56,  # fore-aft about toe-off
        16.53, 13.32, -12.03,
    ),
    (  # toe-off
        -0.74, -0.74, -0.77, -0.21, -1.33, -0.45, -1.54, -0.78, -0.82, -0.77, -0.32,  # vertical about contact
        -0.75, -1.73, -2.75, -2.96, -3.03, -1.73, -1.37, 0.04, 1.54, 1.40, -0.60,  # fore-aft about contact
        1.87, 4.35, 6.39, 7.66, 6.35, 3.68, 2.03, 2.20, 1.88,  # vertical about toe-off
        -3.18, -3.38, -0.81, 1.63, 4.43, 7.99, 4.83, -4.27, -4.38,  # fore-aft about toe-off
        -12.81, 57.66, -21.66,
    ),
)) / 1e3
# fmt: on
