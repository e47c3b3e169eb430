# What is written to the ICM-45686's registers to start it, to empty its FIFO, and to let it sleep. Addresses of two
# bytes are reached indirectly (data sheet, chapter 13): address and value in one transfer, then a pause of 4 us.

from time import sleep_ms, sleep_us

from micropython import const

_PWR_MGMT0 = const(0x10)
_INT1_CONFIG0 = const(0x16)
_INT1_CONFIG1 = const(0x17)
_INT1_CONFIG2 = const(0x18)
_INT1_STATUS0 = const(0x19)
_ACCEL_CONFIG0 = const(0x1B)
_GYRO_CONFIG0 = const(0x1C)
_FIFO_CONFIG0 = const(0x1D)
_FIFO_CONFIG1 = const(0x1E)
_FIFO_CONFIG2 = const(0x20)
_FIFO_CONFIG3 = const(0x21)
_FIFO_CONFIG4 = const(0x22)
_TMST_WOM_CONFIG = const(0x23)
_WHO_AM_I = const(0x72)
_IREG = const(0x7C)  # high byte of the address, low byte, data
_IREG_DATA = const(0x7E)
_MISC2 = const(0x7F)
SMC_CONTROL_0 = const(0xA258)
_SREG_CTRL = const(0xA267)
_GYRO_SRC = const(0xA4A6)
_ACCEL_SRC = const(0xA57B)

_ID = const(0xE9)
_SOFT_RESET = const(0x02)
_RESET_TRIES = const(20)  # of 1 ms
_ODR = {50: 0x0A, 100: 0x09, 200: 0x08}  # the ranges, in the upper bits, are 0: 32 g, 4000 deg/s
_LATCHED_LOW = const(0x02)  # push-pull, low until the status is read
_STAMP_16_US = const(0x20)
_DEPTH_8K = const(0x1F)  # no motion functions of the chip are used
_STREAM = const(0x40)
_AT_LEAST = const(0x28)  # an interrupt at each frame from the threshold on; bit 5 is reserved and set after a reset
_FLUSH = const(0x80)
_FRAMES = const(0x0E)  # 20 bit values of acceleration and rate
_WRITE = const(0x01)  # sensors to FIFO
_THRESHOLD = const(2)
_LOW_NOISE = const(0x0F)  # both sensors
_GAP_US = const(10)


def put(bus, register, value):
    """Write a register."""
    bus.write(bytes((register, value)))


def get(bus, register):
    """The value of a register."""
    value = bytearray(1)
    bus.read(register, value)
    return value[0]


def put_far(bus, address, value):
    """Write a register with an address of two bytes."""
    bus.write(bytes((_IREG, address >> 8, address & 0xFF, value)))
    sleep_us(_GAP_US)


def get_far(bus, address):
    """The value of a register with an address of two bytes."""
    bus.write(bytes((_IREG, address >> 8, address & 0xFF)))
    sleep_us(_GAP_US)
    value = get(bus, _IREG_DATA)
    sleep_us(_GAP_US)
    return value


def reset(bus):
    """Reset the chip; False if it does not answer as an ICM-45686."""
    if get(bus, _WHO_AM_I) != _ID and get(bus, _WHO_AM_I) != _ID:  # the first access after power-on may fail
        return False
    put(bus, _MISC2, _SOFT_RESET)
    for _ in range(_RESET_TRIES):
        sleep_ms(1)
        if get(bus, _INT1_STATUS0) & 0x80 and get(bus, _WHO_AM_I) == _ID:
            break
    else:
        return False
    put(bus, _INT1_CONFIG0, 0)  # polarity and mode can only be changed while all interrupts are disabled
    put(bus, _INT1_CONFIG1, 0)
    put(bus, _INT1_CONFIG2, _LATCHED_LOW)
    return True


def start(bus, rate_hz):
    """Reset the chip and start measuring; False if it does not answer or did not take the settings."""
    if not reset(bus):
        return False
    if get_far(bus, _SREG_CTRL) & 0x02:  # big-endian
        return False
    put_far(bus, SMC_CONTROL_0, get_far(bus, SMC_CONTROL_0) & ~0x08 | 0x01)  # time stamps
    # The low-pass before decimation is off after a reset: without it the impacts of feet fold into the signal.
    put_far(bus, _GYRO_SRC, get_far(bus, _GYRO_SRC) & ~0x60 | 0x40)
    put_far(bus, _ACCEL_SRC, get_far(bus, _ACCEL_SRC) & ~0x03 | 0x02)
    put(bus, _TMST_WOM_CONFIG, _STAMP_16_US)
    put(bus, _ACCEL_CONFIG0, _ODR[rate_hz])
    put(bus, _GYRO_CONFIG0, _ODR[rate_hz])
    put(bus, _FIFO_CONFIG0, _DEPTH_8K)
    put(bus, _FIFO_CONFIG1, _THRESHOLD)  # the low byte first: the high one makes it valid
    put(bus, _FIFO_CONFIG1 + 1, 0)
    put(bus, _FIFO_CONFIG2, _AT_LEAST)
    put(bus, _FIFO_CONFIG4, 0x02)  # time stamps in frames, no compression
    put(bus, _FIFO_CONFIG3, _FRAMES)
    put(bus, _INT1_CONFIG0, 0x02)  # the FIFO has reached its threshold
    put(bus, _FIFO_CONFIG0, _STREAM | _DEPTH_8K)
    put(bus, _FIFO_CONFIG3, _FRAMES | _WRITE)  # in this order
    put(bus, _PWR_MGMT0, _LOW_NOISE)
    return get(bus, _PWR_MGMT0) == _LOW_NOISE and get(bus, _FIFO_CONFIG3) == _FRAMES | _WRITE


def flush(bus):
    """Empty the FIFO."""
    put(bus, _FIFO_CONFIG2, _AT_LEAST | _FLUSH)


def sleep(bus):
    """Switch the sensors off; errors of the bus are ignored: the next start resets the chip."""
    try:
        put(bus, _INT1_CONFIG0, 0)
        put(bus, _FIFO_CONFIG3, _FRAMES)
        put(bus, _FIFO_CONFIG0, _DEPTH_8K)
        put(bus, _PWR_MGMT0, 0)
        get(bus, _INT1_STATUS0)
    except OSError:
        pass
