"""Where each number of the orientation filter lies in its flat parameter and state arrays.

Indices only: the kernels take and keep float64 arrays, so that a chunk costs one call and a state is one array.
The layout lives here and nowhere else; parameters are explained in orientation.py.
"""

from __future__ import annotations

# Parameters, in the order of the fields of orientation.OrientationParams.
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
    FORWARD,  # and the next two
) = range(32)
PARAMS_SIZE = 34

# State: what goes on from sample to sample
QUAT = 0  # sensor to earth, at the last sample
PHASE = 4  # 0 nothing yet, 1 coarse alignment, 2 filtering
TIME_S = 5  # of the last sample, by the clock behind the stamps
GYR = 6  # of the last sample
CHIP = 9  # last chip quaternion, zeros if missing
CHIP_ERROR2 = 13  # sum of squared angles between the chip's vertical and the filter's
CHIP_COUNT = 14

# State: integrals over the block, emptied at its end
BLOCK_S = 15
BLOCK_DV = 16  # specific force, earth frame
BLOCK_PATH = 19  # BLOCK_DV, its horizontal part
BLOCK_LEAN = 21  # 2 x 12: how bias (3) and gyro matrix (9) turn the two horizontal axes
BLOCK_GYR = 45
BLOCK_GYR2 = 48  # squared
BLOCK_ACC2 = 49  # squared
BLOCK_CLIP_S = 50
PART_S = 51  # the part of the block that BLOCK_LEAN still lacks
PART_GYR = 52
SPEED_SUM = 55  # of samples whose speed is known
SPEED_COUNT = 56
BLOCK_END = 57

# State: what is estimated
BIAS = 57
MATRIX = 60  # gain and misalignment of the gyro, row by row
VELOCITY = 69  # horizontal, as far as the last seconds tell
REST_FOR_S = 71
MOVING_S = 72  # since the last rest
HAS_SPEED = 73
SWAY = 74  # mean squares over the last blocks: velocity, rate, acceleration
RATE2 = 75
ACTIVITY2 = 76
COARSE_DV = 77  # BLOCK_DV as the coarse phase writes it
PERIOD_S = 80  # between two samples, as the clock behind the stamps ticks
CLOCK_COUNT = 81  # stamps that have told of it
STAMP_S = 82  # of the last sample, as given
SCRATCH = 83  # for a moment
COV = 89  # covariance of the errors, and two rows more, as COV_SHAPE

COV_SHAPE = (18, 16)
TILT_AT, VELOCITY_AT, BIAS_AT, MATRIX_AT, ERRORS = 0, 2, 4, 7, 16  # errors: rows and columns of the covariance
MEAN, LINE = 16, 17  # rows behind: what the update is about to take out; a row that it keeps for a moment
STATE_SIZE = COV + COV_SHAPE[0] * COV_SHAPE[1]
PART_LENGTH_S = 0.0399  # how finely BLOCK_LEAN is taken
