# Brings the ICM-45686 to rest before the board's deep sleep, which ends at once if INT is low. Until motion, the
# accelerometer measures at 50 Hz with 15 uA; a change by 98 mg from one sample to the next, three times, asserts INT
# until the chip is set up again (data sheet, sections 16.34 and 19.63; thresholds do not depend on the range).

from time import sleep_ms

from micropython import const

import icm45686_setup as setup

_PWR_MGMT0 = const(0x10)
_INT1_CONFIG1 = const(0x17)
_INT1_STATUS1 = const(0x1A)
_ACCEL_CONFIG0 = const(0x1B)
_TMST_WOM_CONFIG = const(0x23)
_WOM_THRESHOLD_X = const(0xA27E)
_THRESHOLD = const(25)  # of 1/256 g
_ANY_AXIS = const(0x0E)
_COMPARE_THIRD = const(0x1A)  # enabled; with the sample before; at the third in a row. Any axis: bit 2 would mean all
_RATE_50_HZ = const(0x0A)
_LOW_POWER = const(0x02)  # accelerometer only
_TRIES = const(4)
_SETTLE_MS = const(60)  # the first samples after the start of the accelerometer


def rest(bus, int_pin, until_motion):
    """Put the chip to sleep, with or without wake on motion; False if it does not obey or INT is low."""
    for _ in range(_TRIES):
        try:
            if _rest(bus, int_pin, until_motion):
                return True
        except OSError:
            sleep_ms(1)
    return False


def _rest(bus, int_pin, until_motion):
    if not setup.reset(bus):
        return False
    if until_motion:
        setup.put_far(bus, setup.SMC_CONTROL_0, setup.get_far(bus, setup.SMC_CONTROL_0) & ~0x10)  # lowest power
        for axis in range(3):
            setup.put_far(bus, _WOM_THRESHOLD_X + axis, _THRESHOLD)
        setup.put(bus, _ACCEL_CONFIG0, _RATE_50_HZ)
        setup.put(bus, _TMST_WOM_CONFIG, _COMPARE_THIRD)
        setup.put(bus, _PWR_MGMT0, _LOW_POWER)
        sleep_ms(_SETTLE_MS)
        setup.put(bus, _INT1_CONFIG1, _ANY_AXIS)
        setup.get(bus, _INT1_STATUS1)  # releases INT
        wanted = _LOW_POWER, _COMPARE_THIRD, _ANY_AXIS
    else:
        wanted = 0, 0, 0
    found = tuple([setup.get(bus, register) for register in (_PWR_MGMT0, _TMST_WOM_CONFIG, _INT1_CONFIG1)])
    return found == wanted and int_pin.value() == 1
