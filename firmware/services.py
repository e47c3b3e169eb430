# Tables for the Bluetooth server: Untuck's own service, and three standard ones that watches and apps know.
# Battery, Device Information, Running Speed and Cadence; speed is not measured and reads 0. Every value requires an
# encrypted link; an unpaired device sees only the name and the list of services.

import struct

import bluetooth
import wire
from micropython import const

_WRITE_NO_RESPONSE = const(0x0004)
_WRITE = const(0x0008)
_NOTIFY = const(0x0010)
_WRITE_ENC = const(0x1000)
_READ_ENC = const(0x0202)  # read, encrypted link required

FIRMWARE_VERSION = (0, 3, 0)

_BATTERY = const(0x180F)
_BATTERY_LEVEL = const(0x2A19)
_RUNNING = const(0x1814)
_RUNNING_MEASUREMENT = const(0x2A53)
_RUNNING_FEATURE = const(0x2A54)
_SENSOR_LOCATION = const(0x2A5D)
_INFORMATION = const(0x180A)
_MANUFACTURER = const(0x2A29)
_MODEL = const(0x2A24)
_FIRMWARE = const(0x2A26)
_HIP = const(3)
_WALKING_OR_RUNNING = const(0x04)  # bit of feature and measurement: running or walking is reported

_AD_FLAGS = const(0x01)
_AD_UUID16 = const(0x03)
_AD_DATA128 = const(0x21)
_AD_UUID128 = const(0x07)
_AD_NAME = const(0x09)


def table():
    """The argument of gatts_register_services."""
    uuid = bluetooth.UUID
    return (
        (
            uuid(wire.SERVICE_UUID),
            (
                (uuid(wire.STREAM_UUID), _NOTIFY),
                (uuid(wire.CONTROL_UUID), _WRITE | _WRITE_NO_RESPONSE | _WRITE_ENC),
                (uuid(wire.STATUS_UUID), _READ_ENC | _NOTIFY),
            ),
        ),
        (uuid(_BATTERY), ((uuid(_BATTERY_LEVEL), _READ_ENC | _NOTIFY),)),
        (
            uuid(_RUNNING),
            (
                (uuid(_RUNNING_MEASUREMENT), _NOTIFY),
                (uuid(_RUNNING_FEATURE), _READ_ENC),
                (uuid(_SENSOR_LOCATION), _READ_ENC),
            ),
        ),
        (
            uuid(_INFORMATION),
            (
                (uuid(_MANUFACTURER), _READ_ENC),
                (uuid(_MODEL), _READ_ENC),
                (uuid(_FIRMWARE), _READ_ENC),
            ),
        ),
    )


def values(handles):
    """(handle, value) of the constant characteristics."""
    return (
        (handles[2][1], struct.pack("<H", _WALKING_OR_RUNNING)),
        (handles[2][2], bytes((_HIP,))),
        (handles[3][0], b"Untuck"),
        (handles[3][1], b"Clip"),
        (handles[3][2], ("%d.%d.%d" % FIRMWARE_VERSION).encode()),
    )


def running(cadence_spm):
    """A running measurement: flags, speed in 1/256 m/s (0: not measured), steps a minute."""
    return struct.pack("<BHB", _WALKING_OR_RUNNING if cadence_spm else 0, 0, min(cadence_spm, 255))


def advertisement(name):
    """The advertisement, 31 bytes at most: flags, the service's UUID, a name of at most 8 characters."""
    uuid = bytes(bluetooth.UUID(wire.SERVICE_UUID))
    data = bytes((2, _AD_FLAGS, 0x06, 17, _AD_UUID128)) + uuid + bytes((len(name) + 1, _AD_NAME)) + name.encode()
    if len(data) > 31:
        raise ValueError("advertised name is longer than 8 characters")
    return data


def scan_response(said):
    """The scan response: for apps and watches that look for running sensors and batteries, and a byte for hosts.

    said: one of wire.PAIRING_, with wire.LINK_ and wire.ROLE_TRUNK.
    """
    uuid = bytes(bluetooth.UUID(wire.SERVICE_UUID))
    return struct.pack("<BBHHBB", 5, _AD_UUID16, _RUNNING, _BATTERY, 18, _AD_DATA128) + uuid + bytes((said,))
