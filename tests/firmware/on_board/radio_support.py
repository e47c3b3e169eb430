# For radio_cases.py and link_cases.py: the firmware's radio on a stack that behaves as NimBLE (nimble_stack.py), hosts,
# and a clock that can be moved on.

import os
import sys
from time import ticks_add, ticks_ms

import nimble_stack

sys.modules["bluetooth"] = nimble_stack
from nimble_stack import BLE, OURS

import bonds
import links
import radio as radio_module
from bonds import Bonds
from radio import Radio

OWNER, OTHER = b"\x01OWNER.", b"\x01OTHER."
CONTROL, STATUS, BATTERY, RUNNING = 2, 3, 4, 5  # handles
LIST = b"\x05"
skipped_ms = 0


def now_ms():
    return ticks_add(ticks_ms(), skipped_ms)


def skip(ms):
    """Let time pass."""
    global skipped_ms
    skipped_ms += ms


bonds.ticks_ms = links.ticks_ms = radio_module.ticks_ms = now_ms
KEYS_FIRST, KEYS_LAST = True, False  # Espressif's NimBLE since 1.4, and older ones


def start():
    """The firmware's radio, as after switching on; and the stack."""
    stack = BLE.begin(object.__new__(BLE))
    return Radio(Bonds()), stack


def started_with_owner():
    """The same after OWNER has paired: the window is shut."""
    radio, stack = start()
    stack.connect(1, OWNER)
    stack.pair(OWNER)
    stack.disconnect()
    radio.maintain()
    assert not radio.bonds.open
    return radio, stack


def started_with_two():
    """The same with two hosts bonded and connected: OWNER on connection 1, OTHER on 2."""
    radio, stack = started_with_owner()
    radio.bonds.open_window()
    stack.connect(2, OTHER)
    stack.pair(OTHER, connection=2)
    stack.connect(1, OWNER)
    assert stack.encrypt(1) and radio.bonds.trusted() == 2
    radio.maintain()
    return radio, stack


def trusts(radio, connection):
    return any(link.trusted for link in radio.bonds.links if link.handle == connection)


def refused(radio, connection):
    return any(link.refused for link in radio.bonds.links if link.handle == connection)


def bonded(radio, address):
    """The first byte of the key that this host encrypts with."""
    bond = radio.bonds.bond(address)
    return bond and bond[OURS][24:25]


def owner_can_connect(stack, radio):
    stack.connect(1, OWNER)
    assert stack.encrypt() and radio.connected
    stack.disconnect()


def command(radio):
    """The next command; the first of a new host comes at the second call."""
    return radio.command() or radio.command()


def each_order(check):
    for keys_first in (KEYS_FIRST, KEYS_LAST):
        check(keys_first)
        for name in os.listdir():
            if name.startswith("bonds"):
                os.remove(name)


def run(cases):
    """Run the case that the command line names."""
    cases["case_" + sys.argv[1]]()
    print("ok", sys.argv[1])
