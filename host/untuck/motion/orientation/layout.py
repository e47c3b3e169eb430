"""Indices of the orientation filter's numbers in its flat parameter and state arrays.

The kernels use float64 arrays, so that a chunk costs one call and the state is one array.
filter.OrientationParams describes the parameters.
"""

from __future__ import annotations

# Parameters, in the order of the fields of filter.OrientationParams
(
    LEAD_S,
    UPDATE_S,
    COARSE_S,
    TILT_WALK,
    TILT_PER_RATE,
    BIAS_RAD_S,
    BIAS_WALK,
    BIAS_MOTION_RAD_S,
    GAIN,
    VELOCITY_M_S,
    SWAY_GAIN,
    SWAY_S,
    VELOCITY_WALK,
    LAUNCH_WALK,
    LAUNCH_S,
    STEP_SIGMA,
    REST_GYR_RAD_S,
    REST_TURN_RAD_S,
    REST_ACC_M_S2,
    REST_S,
    REST_BIAS_RAD_S,
    REST_VELOCITY_M_S,
    GAP_S,
    GAP_TURN_S,
    GAP_TILT_RAD,
    RESTART_S,
    CLIP_M_S2,
    CLIP_LOSS_M_S2,
    CHIP_TILT_RAD,
    CHIP_SHARE,
    CLOCK_LOOSE,
    CLOCK_GAIN,
    GUARD_S,
    GUARD_SIGMA,
    GUARD_CLIP,
    FADE,
    FADE_BIAS,
    KNOCK_RAD_S,
    KNOCK_S,
    FORWARD,  # 3
) = range(40)
PARAMS_SIZE = 42

# State carried from sample to sample
QUAT = 0  # sensor to earth at the last sample
PHASE = 4  # 0 before the first sample, 1 coarse alignment, 2 filtering
TIME_S = 5  # of the last sample, by the smoothed clock
GYR = 6  # of the last sample
CHIP = 9  # last chip quaternion, zeros if missing
CHIP_ERROR2 = 13  # sum of squared angles between the chip's vertical and the filter's
CHIP_COUNT = 14

# State: integrals over the block, set to zero at its end
BLOCK_S = 15
BLOCK_DV = 16  # specific force, earth frame
BLOCK_PATH = 19  # integral of the horizontal part of BLOCK_DV
BLOCK_LEAN = 21  # 2 x 12: how bias (3) and gyro matrix (9) rotate the two horizontal axes
BLOCK_GYR = 45
BLOCK_GYR2 = 48  # squared
BLOCK_ACC2 = 49  # squared
BLOCK_CLIP_S = 50  # time with clipped force
PART_S = 51  # part of the block that is not in BLOCK_LEAN yet
PART_GYR = 52
SPEED_SUM = 55  # over samples with known speed
SPEED_COUNT = 56
BLOCK_END = 57

# State: estimates
BIAS = 57
MATRIX = 60  # gain and misalignment of the gyro, row by row
VELOCITY = 69  # horizontal
REST_FOR_S = 71
MOVING_S = 72  # since the last rest
HAS_SPEED = 73
SWAY = 74  # mean square of velocity over the last blocks
RATE2 = 75  # the same of rate
ACTIVITY2 = 76  # the same of acceleration
COARSE_DV = 77  # integral of specific force in the coarse phase
PERIOD_S = 80  # sample period of the smoothed clock
CLOCK_COUNT = 81  # stamps that the smoothed clock is based on
STAMP_S = 82  # time stamp of the last sample, as given
GUARD = 83  # decaying sum of the innovations of horizontal velocity
GUARD_VARIANCE = 85  # that the filter predicts for each component of it
RECOVERIES = 86  # how often the filter contradicted its covariance
INNOVATION = 87  # last innovation of horizontal velocity
SCRATCH = 89
COV = 95  # covariance of the errors and two extra rows, shaped COV_SHAPE

COV_SHAPE = (18, 16)
TILT_AT, VELOCITY_AT, BIAS_AT, MATRIX_AT, ERRORS = 0, 2, 4, 7, 16  # errors: rows and columns of the covariance
MEAN, LINE = 16, 17  # the extra rows: mean of the errors; scratch for one row during an update
STATE_SIZE = COV + COV_SHAPE[0] * COV_SHAPE[1]
PART_LENGTH_S = 0.0399  # time resolution of BLOCK_LEAN
