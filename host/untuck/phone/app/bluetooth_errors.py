"""Errors of a browser's Bluetooth, converted to bleak's, for which sources/remedies.py knows what to do.

A browser gives a DOMException: few names, and a text that says more. The texts are Chrome's, of all systems; they are
constants in English. Owns these texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)

from untuck.phone.app.bridge import BridgeError

_REASON = BleakBluetoothNotAvailableReason


def _unavailable(reason: BleakBluetoothNotAvailableReason) -> Callable[[str], BleakError]:
    return lambda text: BleakBluetoothNotAvailableError(text, reason)


def _refused(_: str) -> BleakError:
    return BleakGATTProtocolError(BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION)


def _absent(text: str) -> BleakError:
    return BleakDeviceNotFoundError("", text)


_BY_TEXT: tuple[tuple[str, Callable[[str], BleakError]], ...] = (  # the first that is found
    (r"operation not (authorized|permitted)|Not paired|^Authentication \w+", _refused),
    (r"adapter not available", _unavailable(_REASON.NO_BLUETOOTH)),
    (r"Low Energy not available", _unavailable(_REASON.NO_BLE_CENTRAL_ROLE)),
    (r"Connection Error: Not ready", _unavailable(_REASON.POWERED_OFF)),
    (r"denied the browser permission|denied permission", _unavailable(_REASON.DENIED_BY_USER)),
    (r"disabled|[Pp]ermissions? [Pp]olicy|feature policy", _unavailable(_REASON.DENIED_BY_SYSTEM)),
    (r"not supported on this platform|no Web Bluetooth|secure context", _unavailable(_REASON.UNKNOWN)),
    (r"no longer in range|cancell?ed the|doesn't exist anymore|not chosen", _absent),
    (r"^No (Services|Characteristics)|not allowed to access", BleakCharacteristicNotFoundError),
    (r"^Unsupported device", BleakCharacteristicNotFoundError),
)
_MAY_PAIR = ("NotSupportedError", "SecurityError")  # names of GATT errors while the system pairs
_BUSY = re.compile(r"already in progress")


def bleak_error(error: BridgeError) -> BleakError:
    """The error of bleak that says the same as this one of the window."""
    for pattern, make in _BY_TEXT:
        if re.search(pattern, error.message):
            return make(error.message)
    return BleakError(error.message or error.name)


def is_refusal_of_access(error: BridgeError) -> bool:
    """Whether an access to the clip's data failed in a way that it does while the system is still pairing.

    Android reports the insufficient authentication that made it pair, or an error without a name, and is busy itself.
    """
    if isinstance(bleak_error(error), BleakGATTProtocolError) or _BUSY.search(error.message):
        return True
    return error.name in _MAY_PAIR and "GATT" in error.message
