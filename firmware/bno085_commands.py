# Commands to the BNO085 as bytes for its control channel. Pure functions; bno085.py decides when to send them.

from micropython import const

_SET_FEATURE = const(0xFD)
_ASK_FEATURE = const(0xFE)
_PRODUCT_ID_REQUEST = const(0xF9)
_COMMAND = const(0xF2)
CALIBRATION = const(0x07)
SIGNIFICANT_MOTION = const(0x12)
_WAKE_US = const(100000)  # 0 would disable the report
_WAKES = const(0x04)  # feature flag: send the report on the wake channel


def product_id_request():
    """Request the chip's software version."""
    return bytes((_PRODUCT_ID_REQUEST, 0))


def set_feature(report, period_us, flags=0):
    """Enable a report with this period, or disable it with 0."""
    feature = bytearray(17)
    feature[0] = _SET_FEATURE
    feature[1] = report
    feature[2] = flags
    feature[5] = period_us & 0xFF
    feature[6] = period_us >> 8 & 0xFF
    feature[7] = period_us >> 16 & 0xFF
    return feature


def ask_feature(report):
    """Request the period of a report, which is 0 if it is disabled."""
    return bytes((_ASK_FEATURE, report))


def significant_motion(on):
    """Enable the report of significant motion, on the wake channel, or disable it. The chip sends it once."""
    return set_feature(SIGNIFICANT_MOTION, _WAKE_US if on else 0, _WAKES)


def calibrate(sequence, accelerometer):
    """Enable calibration of the gyro (done at rest), optionally of the accelerometer, never of the magnetometer."""
    command = bytearray(12)
    command[0] = _COMMAND
    command[1] = sequence
    command[2] = CALIBRATION
    command[3] = 1 if accelerometer else 0
    command[4] = 1
    return command
