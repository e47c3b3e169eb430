# Test cases for the firmware's radio.py and bonds.py: `micropython radio_cases.py NAME` runs one case.
# nimble_stack.py is the Bluetooth stack. tests/firmware/test_radio_cases.py runs all cases.

import os
import sys
from time import sleep_ms

import nimble_stack

sys.modules["bluetooth"] = nimble_stack
from nimble_stack import BLE, DISCONNECT, ENCRYPTION, GET, IDENTITY, IRK_KEY, MTU, OURS, THEIRS, WRITE

from bonds import Bonds
from radio import Radio

OWNER, OTHER = b"\x01OWNER.", b"\x01OTHER."
KEYS_FIRST, KEYS_LAST = True, False  # Espressif's NimBLE since 1.4, and older ones
MYNEWT = "<7sBHxxxxxxQ16sB16sB16sB5x"  # without Espressif's bond count and sign counter


def start():
    """The firmware's radio, as after switching on; and the stack."""
    stack = BLE.begin(object.__new__(BLE))
    return Radio(Bonds()), stack


def started_with_owner():
    """The same after OWNER has paired: the window is shut."""
    radio, stack = start()
    stack.connect()
    stack.pair(OWNER)
    stack.disconnect()
    radio.maintain()
    assert not radio.bonds.open
    return radio, stack


def owner_can_connect(stack, radio):
    stack.connect()
    assert stack.encrypt(OWNER) and radio.connected
    stack.disconnect()


def each_order(check):
    for keys_first in (KEYS_FIRST, KEYS_LAST):
        check(keys_first)
        for name in os.listdir():
            if name.startswith("bonds"):
                os.remove(name)


def case_first_pairing_is_trusted_in_either_order():
    def check(keys_first):
        radio, stack = start()
        stack.connect()
        stack.pair(OWNER, keys_first)
        assert radio.connected and not radio.bonds.refused
        radio.maintain()
        assert stack.closed == []

    each_order(check)


def case_a_host_that_pairs_with_the_window_shut_is_refused_in_either_order():
    def check(keys_first):
        radio, stack = started_with_owner()
        stack.connect()
        stack.pair(OTHER, keys_first)
        assert not radio.connected
        radio.maintain()
        assert stack.closed == [1]
        stack.disconnect()
        stack.connect()
        assert not stack.encrypt(OTHER)
        stack.disconnect()
        owner_can_connect(stack, radio)

    each_order(check)


def case_pairing_anew_with_the_window_shut_ends_and_keeps_the_bond():
    def check(keys_first):
        radio, stack = started_with_owner()
        stack.connect()
        stack.pair(OWNER, keys_first, ltk=b"X")
        assert not radio.connected
        radio.bonds.open_window()  # too late for this link
        stack.pair(OWNER, keys_first, ltk=b"Y")
        assert not radio.connected
        radio.maintain()
        assert stack.closed == [1]
        stack.disconnect()
        assert stack.find(OURS, OWNER)[24:25] == b"L"
        owner_can_connect(stack, radio)

    each_order(check)


def case_asking_for_the_key_and_pairing_anew_gains_no_trust():
    radio, stack = started_with_owner()
    stack.connect()
    assert stack.find(OURS, OWNER)  # encryption is requested, and fails
    stack.pair(OWNER, bonding=False)
    assert not radio.connected and radio.bonds.refused


def case_pairing_anew_in_the_window_replaces_the_bond_when_it_is_whole():
    def check(keys_first):
        radio, stack = started_with_owner()
        radio.bonds.open_window()
        stack.connect()
        stack.pair(OWNER, keys_first, parts=(OURS,), ltk=b"X")
        stack.disconnect()
        assert stack.find(OURS, OWNER)[24:25] == b"L"
        stack.connect()
        stack.pair(OWNER, keys_first, ltk=b"N")
        assert radio.connected
        stack.disconnect()
        assert stack.find(OURS, OWNER)[24:25] == b"N"
        owner_can_connect(stack, radio)

    each_order(check)


def case_half_a_bond_is_none():
    def check(keys_first):
        for part in (OURS, THEIRS):
            radio, stack = start()
            stack.connect()
            stack.pair(OWNER, keys_first, parts=(part,))
            assert not radio.connected
            stack.disconnect()
            radio.maintain()
            assert radio.bonds.open and stack.find(part, OWNER) is None
            radio, stack = start()
            assert radio.bonds.open and stack.find(part, OWNER) is None

    each_order(check)


def case_a_trusted_link_may_pair_again():
    def check(keys_first):
        radio, stack = started_with_owner()
        stack.connect()
        assert stack.encrypt(OWNER)
        stack.pair(OWNER, keys_first, ltk=b"N")
        assert radio.connected and not radio.bonds.refused

    each_order(check)


def case_private_addresses_are_resolved_after_a_restart():
    radio, stack = started_with_owner()
    radio.bonds.open_window()
    stack.connect()
    stack.pair(OTHER)
    stack.disconnect()
    radio.maintain()
    assert stack.find(IDENTITY, IRK_KEY) == b"i" * 16
    radio, stack = start()
    assert sorted(stack.peers) == sorted((OWNER, OTHER))
    assert stack.find(IDENTITY, IRK_KEY) == b"i" * 16


def case_the_identity_is_no_bond():
    radio, stack = start()
    assert stack.find(IDENTITY, IRK_KEY) and radio.bonds.open
    radio.maintain()
    radio, stack = start()
    assert stack.find(IDENTITY, IRK_KEY) and radio.bonds.open


def case_legacy_pairing_is_refused():
    def check(keys_first):
        radio, stack = start()
        stack.connect()
        stack.pair(OWNER, keys_first, rand=1 << 60)
        assert not radio.connected and radio.bonds.refused
        stack.disconnect()
        stack.connect()
        stack.pair(OWNER, keys_first, rand=1 << 60, layout=MYNEWT)
        assert not radio.connected and radio.bonds.refused
        stack.disconnect()
        assert radio.bonds.open
        stack.connect()
        stack.pair(OWNER, keys_first, layout=MYNEWT)
        assert radio.connected

    each_order(check)


def case_pairing_without_bonding_or_with_a_short_key_is_refused():
    def check(keys_first):
        for how in ({"bonding": False}, {"size": 7}):
            radio, stack = start()
            stack.connect()
            stack.pair(OWNER, keys_first, **how)
            assert not radio.connected and radio.bonds.refused

    each_order(check)


def case_the_oldest_bond_makes_room():
    radio, stack = started_with_owner()
    for number in range(8):
        radio.bonds.open_window()
        stack.connect()
        stack.pair(b"\x01HOST%02d" % number)
        assert radio.connected
        stack.disconnect()
    assert not stack.find(OURS, OWNER) and not stack.find(THEIRS, OWNER)
    assert all(stack.find(OURS, b"\x01HOST%02d" % number) for number in range(8))
    assert stack.find(IDENTITY, IRK_KEY)


def case_a_failed_connection_does_not_end_advertising():
    radio, stack = start()
    radio.maintain()
    assert stack.advertising == 1
    stack.call(DISCONNECT, 0xFFFF, 0xFF, memoryview(bytes(6)))
    radio.maintain()
    assert stack.advertising == 2


def case_a_failed_connection_does_not_end_another():
    radio, stack = started_with_owner()
    stack.connect(0)
    stack.call(GET, OURS, 0, memoryview(OWNER))
    stack.call(ENCRYPTION, 0, 1, 0, 1, 16)
    stack.call(DISCONNECT, 0, 0xFF, memoryview(bytes(6)))
    assert radio.connected


def case_advertising_is_tried_again_after_an_error():
    radio, stack = start()
    stack.failures = [114, 19]  # EALREADY, ENODEV
    for _ in range(100):
        radio.maintain()
    assert stack.advertising == 0 and len(stack.failures) == 1  # not at full speed
    for _ in range(25):
        sleep_ms(100)
        radio.maintain()
    assert stack.advertising == 1


def case_a_host_that_comes_and_goes_while_advertising_begins():
    radio, stack = start()

    def visit():
        stack.connect()
        stack.disconnect()

    stack.during = visit
    radio.maintain()
    radio.maintain()
    assert stack.advertising == 2


def case_a_second_connection_is_closed_and_gains_nothing():
    radio, stack = started_with_owner()
    stack.connect(1)
    stack.encrypt(OWNER)
    stack.connect(2)
    assert stack.find(OURS, OWNER) is None
    stack.delete_peer(OWNER)
    stack.call(WRITE, 2, 2)
    stack.call(MTU, 2, 500)
    assert radio.command() is None and radio.mtu == 23 and radio.connected
    radio.maintain()
    assert stack.closed == [2]
    stack.disconnect(2)
    assert radio.connected


def case_closing_a_refused_link_is_tried_again():
    radio, stack = started_with_owner()
    stack.connect()
    stack.pair(OTHER)
    stack.failures = [16]  # EBUSY
    for _ in range(100):
        radio.maintain()
    sleep_ms(1100)
    radio.maintain()
    assert stack.closed == [1]


def case_an_error_in_an_interrupt_is_counted_and_does_not_disable_it():
    radio, stack = started_with_owner()

    def fail(handle):
        raise MemoryError

    stack.gatts_read = fail
    stack.connect()
    stack.encrypt(OWNER)
    stack.call(WRITE, 1, 2)
    assert not stack.disabled and radio.faulty
    radio.maintain()
    stack.disconnect()
    radio.maintain()
    assert stack.advertising == 2


def case_a_radio_that_is_off_resets_nothing():
    radio, _ = start()
    radio.off()
    radio.set_status(b"")
    radio.update_battery(50)


def case_a_power_loss_while_saving_keeps_the_old_bonds():
    radio, stack = started_with_owner()
    with open("bonds.new", "wb") as file:
        file.write(b"1 00")
    radio, stack = start()
    owner_can_connect(stack, radio)


if __name__ == "__main__":
    globals()["case_" + sys.argv[1]]()
    print("ok", sys.argv[1])
