"""What to do about an error of the radio: converts errors of bleak, of D-Bus and of the system into a LinkError.

Lists the errors that BlueZ, Windows and macOS raise, as far as bleak passes them on.
"""

from __future__ import annotations

import logging
import re

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)

from untuck.errors import LinkError

log = logging.getLogger(__name__)

_ADDRESS = re.compile(  # six bytes, or macOS's identifier
    r"(?i)(?<![0-9a-f])(?:(?:[0-9a-f]{2}[:_-]){5}[0-9a-f]{2}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f])"
)

NO_CLIP = (
    "No clip in range: switch the clip on, bring it within 5 m, and close other programs that are connected to it."
)
NOT_PAIRED = (
    "The clip does not know this computer: hold the clip's button for 3 s until its light blinks fast, then run "
    "`untuck pair` within a minute. If they are paired, bring the clip nearer."
)
SERVICE_DOWN = (
    "The Bluetooth service does not run: start it (Linux: sudo systemctl start bluetooth), or install it (bluez)."
)
POWERED_OFF = (
    "Bluetooth is off: switch it on in the system's settings (Linux: rfkill unblock bluetooth, bluetoothctl power on)."
)
NO_ADAPTER = "No Bluetooth adapter found: plug one in, or pass it through to this machine."
NO_LOW_ENERGY = "This Bluetooth adapter does not support Low Energy: use one with Bluetooth 4.2 or newer."
DENIED_BY_SYSTEM = (
    "The system does not allow this program to use Bluetooth: ask its administrator (Linux: D-Bus access)."
)
NO_SERVICE = "The device lacks Untuck's service: install its firmware again (docs/builder.md)."

_NOT_AVAILABLE = {
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: NO_ADAPTER,
    BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE: NO_LOW_ENERGY,
    BleakBluetoothNotAvailableReason.POWERED_OFF: POWERED_OFF,
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: (
        "This program is not allowed to use Bluetooth: allow it in the system's privacy settings and start again."
    ),
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM: DENIED_BY_SYSTEM,
}
_DBUS = {  # the end of the error's name
    "DBus.Error.ServiceUnknown": SERVICE_DOWN,
    "DBus.Error.NameHasNoOwner": SERVICE_DOWN,
    "DBus.Error.NoReply": SERVICE_DOWN,  # it ended during the call
    "DBus.Error.Disconnected": SERVICE_DOWN,
    "DBus.Error.AccessDenied": DENIED_BY_SYSTEM,
    "bluez.Error.NotReady": POWERED_OFF,
}
_PROTECTED = (  # NimBLE returns the first, other stacks the others
    BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION,
    BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION,
    BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHORIZATION,
)
_PAIRING = re.compile(r"bluez\.Error\.Authentication|Not paired|trying to pair|Could not pair|support pairing")


class Interrupted(LinkError):
    """A call did not end, or the connection did: out of range, or the clip closed the link to a stranger."""


def shorten_addresses(text: object) -> str:
    """The text with only the last four hex digits of each Bluetooth address, for log files."""
    return _ADDRESS.sub(lambda found: "..." + re.sub(r"\W|_", "", found[0])[-4:], str(text))


def dbus_remedy(name: str) -> str | None:
    """What to do about a D-Bus error of this name; None if it says nothing about the service as a whole."""
    if name.startswith("org.freedesktop.DBus.Error.Spawn"):
        return SERVICE_DOWN
    return next((text for end, text in _DBUS.items() if name.endswith(end)), None)


def is_refusal(error: BaseException) -> bool:
    """Whether the error says that the two are not paired, or that pairing failed."""
    if isinstance(error, BleakGATTProtocolError):
        return error.code in _PROTECTED
    return isinstance(error, BleakError) and bool(_PAIRING.search(str(error)))


def remedy(error: BaseException, doing: str) -> LinkError:
    """The LinkError for an error while doing this; its text is one line that says what to do."""
    log.info("error while %s: %s: %s", doing, type(error).__name__, shorten_addresses(error))
    match error:
        case LinkError():
            return error
        case BleakBluetoothNotAvailableError():
            return LinkError(_NOT_AVAILABLE.get(error.reason, f"Bluetooth is not available ({error.args[0]})."))
        case BleakDeviceNotFoundError():
            return LinkError(NO_CLIP)
        case BleakCharacteristicNotFoundError():
            return LinkError(NO_SERVICE)
        case TimeoutError():
            return Interrupted(f"No answer while {doing}: bring the clip nearer, or switch Bluetooth off and on.")
        case BleakDBusError() if text := dbus_remedy(error.dbus_error):
            return LinkError(text)
        case BleakError():
            if is_refusal(error):
                return LinkError(NOT_PAIRED)
            what = re.sub(r"\s+", " ", str(error)).strip() or "disconnected"
            return Interrupted(f"Connection lost while {doing} ({what}): bring the clip nearer and try again.")
        case OSError() | EOFError():
            return LinkError(SERVICE_DOWN)
        case _:
            return Interrupted(f"Bluetooth failed while {doing}: switch it off and on, and try again.")
