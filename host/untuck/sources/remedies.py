"""What to do about an error of the radio: converts errors of bleak, of D-Bus and of the system into a LinkError.

Lists the errors that BlueZ, Windows and macOS raise, as far as bleak passes them on. "emscripten" is a page in a
browser, of a phone or a computer; phone/app/bluetooth_errors.py converts its errors.
"""

from __future__ import annotations

import logging
import re
import sys

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

NO_CLIP = {
    "emscripten": (
        "No clip in range: switch the clip on, bring it within 5 m, then tap Connect and choose it. "
        "Close other apps and pages that are connected to it."
    ),
}.get(
    sys.platform,
    "No clip in range: switch the clip on, bring it within 5 m, and close other programs that are connected to it.",
)
NOT_PAIRED = {
    "emscripten": (
        "Not paired: hold the clip's button for 3 s until its light blinks fast, tap Connect again within a minute, "
        "and allow pairing if asked. If that fails, forget the clip in the system's Bluetooth settings and try again."
    ),
}.get(
    sys.platform,
    "The clip does not know this computer, or another device uses its name: hold the clip's button for 3 s until its "
    "light blinks fast, then run `untuck pair` within a minute. If they are paired, bring the clip nearer.",
)
SERVICE_DOWN = {
    "darwin": "Bluetooth does not answer: switch it off and on in System Settings, Bluetooth, or restart the computer.",
    "win32": "Bluetooth does not answer: switch it off and on in Settings, Bluetooth & devices, or restart Windows.",
    "emscripten": "Bluetooth does not answer: switch it off and on in the system's settings, then tap Connect.",
}.get(
    sys.platform,
    "The Bluetooth service does not run: start it (Linux: sudo systemctl start bluetooth), or install it (bluez).",
)
POWERED_OFF = {
    "darwin": "Bluetooth is off: switch it on in System Settings, Bluetooth.",
    "win32": "Bluetooth is off: switch it on in Settings, Bluetooth & devices.",
    "emscripten": "Bluetooth is off: switch it on in the system's settings, then tap Connect.",
}.get(
    sys.platform,
    "Bluetooth is off: switch it on in the system's settings (Linux: rfkill unblock bluetooth, bluetoothctl power on).",
)
NO_ADAPTER = {
    "emscripten": "The browser finds no Bluetooth: switch it on in the system's settings, then tap Connect.",
}.get(sys.platform, "No Bluetooth adapter found: plug one in, or pass it through to this machine.")
NO_LOW_ENERGY = "This Bluetooth adapter does not support Low Energy: use one with Bluetooth 4.2 or newer."
DENIED_BY_SYSTEM = {
    "darwin": "Whoever manages this Mac has forbidden Bluetooth: ask them to allow it for your terminal.",
    "emscripten": (
        "Web Bluetooth is switched off in this browser: allow Bluetooth devices in its site settings, or ask whoever "
        "manages it."
    ),
}.get(
    sys.platform,
    "The system does not allow this program to use Bluetooth: ask its administrator (Linux: D-Bus access).",
)
DENIED_BY_USER = {
    "darwin": (
        "macOS does not allow your terminal to use Bluetooth: switch it on in System Settings, Privacy & Security, "
        "Bluetooth, then close the terminal and open it again."
    ),
    "win32": (
        "Windows does not allow this program to use Bluetooth: switch on Settings, Privacy & security, Radios, "
        "and start again."
    ),
    "emscripten": (
        "The browser may not use Bluetooth: allow it Nearby devices (before Android 12: Location) in the system's "
        "settings for apps, then tap Connect."
    ),
}.get(
    sys.platform,
    "This program is not allowed to use Bluetooth: allow it in the system's privacy settings and start again.",
)
UNAVAILABLE = {
    "emscripten": (
        "This browser has no Web Bluetooth: open this page in Chrome or Edge, at an address that begins with https or "
        "at localhost (docs/phone.md lists browsers for iPhones)."
    ),
}.get(
    sys.platform,
    "Bluetooth is not available, and the system does not say why: switch it off and on, or restart the computer.",
)
NO_SERVICE = "The device lacks Untuck's service: install its firmware again (docs/builder.md)."

_NOT_AVAILABLE = {
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: NO_ADAPTER,
    BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE: NO_LOW_ENERGY,
    BleakBluetoothNotAvailableReason.POWERED_OFF: POWERED_OFF,
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: DENIED_BY_USER,
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM: DENIED_BY_SYSTEM,
    BleakBluetoothNotAvailableReason.DENIED_BY_UNKNOWN: DENIED_BY_USER,
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
            return LinkError(_NOT_AVAILABLE.get(error.reason, UNAVAILABLE))
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
