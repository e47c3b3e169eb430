# Test cases for the firmware's bonds.py: who may pair, who is trusted. `micropython radio_cases.py NAME` runs one case.
# tests/firmware/test_radio_cases.py runs all.


from nimble_stack import IDENTITY, IRK_KEY, OURS, THEIRS, UNKNOWN
from radio_support import (
    OTHER,
    OWNER,
    bonded,
    each_order,
    owner_can_connect,
    refused,
    run,
    start,
    started_with_owner,
    trusts,
)

MYNEWT = "<7sBHxxxxxxQ16sB16sB16sB5x"  # without Espressif's bond count and sign counter


def case_first_pairing_is_trusted_in_either_order():
    def check(keys_first):
        radio, stack = start()
        stack.connect()
        stack.pair(OWNER, keys_first)
        assert radio.connected and not refused(radio, 1)
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
        stack.connect(1, OTHER)
        assert not stack.encrypt()
        stack.disconnect()
        owner_can_connect(stack, radio)

    each_order(check)


def case_pairing_again_with_the_window_shut_ends_and_keeps_the_bond():
    def check(keys_first):
        radio, stack = started_with_owner()
        stack.connect(1, OWNER)
        stack.pair(OWNER, keys_first, ltk=b"X")
        assert not radio.connected
        radio.bonds.open_window()  # too late for this link
        stack.pair(OWNER, keys_first, ltk=b"Y")
        assert not radio.connected
        radio.maintain()
        assert stack.closed == [1]
        stack.disconnect()
        assert bonded(radio, OWNER) == b"L"
        owner_can_connect(stack, radio)

    each_order(check)


def case_asking_for_the_key_and_pairing_again_gains_no_trust():
    radio, stack = started_with_owner()
    stack.connect(1, OWNER)
    assert stack.find(OURS, OWNER)  # encryption is requested, and fails
    stack.pair(OWNER, bonding=False)
    assert not radio.connected and refused(radio, 1)


def case_pairing_again_in_the_window_replaces_the_bond_when_it_is_whole():
    def check(keys_first):
        radio, stack = started_with_owner()
        radio.bonds.open_window()
        stack.connect(1, OWNER)
        stack.pair(OWNER, keys_first, parts=(OURS,), ltk=b"X")
        stack.disconnect()
        assert bonded(radio, OWNER) == b"L"
        stack.connect(1, OWNER)
        stack.pair(OWNER, keys_first, ltk=b"N")
        assert radio.connected
        stack.disconnect()
        assert bonded(radio, OWNER) == b"N"
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
            assert radio.bonds.open and bonded(radio, OWNER) is None
            radio, stack = start()
            assert radio.bonds.open and bonded(radio, OWNER) is None

    each_order(check)


def case_a_trusted_link_may_pair_again():
    def check(keys_first):
        radio, stack = started_with_owner()
        stack.connect(1, OWNER)
        assert stack.encrypt()
        stack.pair(OWNER, keys_first, ltk=b"N")
        assert radio.connected and not refused(radio, 1)

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
        assert not radio.connected and refused(radio, 1)
        stack.disconnect()
        stack.connect()
        stack.pair(OWNER, keys_first, rand=1 << 60, layout=MYNEWT)
        assert not radio.connected and refused(radio, 1)
        stack.disconnect()
        stack.connect()
        stack.pair(OWNER, keys_first, rand=1 << 60, ltk=b"0123456789abcdef", layout=UNKNOWN)
        assert not radio.connected and refused(radio, 1)
        stack.disconnect()
        radio.maintain()
        with open("bonds") as file:
            assert radio.bonds.open and [line[:3] for line in file] == ["10 "]
        stack.connect()
        stack.pair(OWNER, keys_first, layout=MYNEWT)
        assert radio.connected
        stack.disconnect()
        radio.bonds.open_window()
        stack.connect()
        stack.pair(OTHER, keys_first, ltk=b"0123456789abcdef", layout=UNKNOWN)
        assert radio.connected

    each_order(check)


def case_pairing_without_bonding_or_with_a_short_key_is_refused():
    def check(keys_first):
        for how in ({"bonding": False}, {"size": 7}):
            radio, stack = start()
            stack.connect()
            stack.pair(OWNER, keys_first, **how)
            assert not radio.connected and refused(radio, 1)

    each_order(check)


def case_the_oldest_bond_makes_room():
    radio, stack = started_with_owner()
    for number in range(8):
        radio.bonds.open_window()
        stack.connect()
        stack.pair(b"\x01HOST%02d" % number)
        assert radio.connected
        stack.disconnect()
    assert not bonded(radio, OWNER)
    assert all(bonded(radio, b"\x01HOST%02d" % number) for number in range(8))
    assert stack.find(IDENTITY, IRK_KEY)


def case_a_trusted_link_that_pairs_by_legacy_pairing_ends():
    def check(keys_first):
        radio, stack = started_with_owner()
        stack.connect(1, OWNER)
        stack.encrypt()
        stack.pair(OWNER, keys_first, rand=1 << 60, ltk=b"X")
        assert not radio.connected and refused(radio, 1) and bonded(radio, OWNER) == b"L"

    each_order(check)


def case_one_window_lets_one_new_host_pair():
    def check(keys_first):
        radio, stack = started_with_owner()
        radio.bonds.open_window()
        stack.connect(1)
        stack.connect(2, OTHER)
        stack.pair(b"\x01FIRST.", keys_first, connection=1)
        assert trusts(radio, 1) and not radio.bonds.open
        stack.pair(OTHER, keys_first, connection=2)
        assert refused(radio, 2) and not bonded(radio, OTHER)
        radio.maintain()
        assert stack.closed == [2]

    each_order(check)


def case_the_first_host_closes_a_window_that_was_opened_before():
    radio, stack = start()
    radio.bonds.open_window()
    stack.connect()
    stack.pair(OWNER)
    assert radio.connected and not radio.bonds.open


def case_a_copied_address_gains_nothing_beside_the_owner():
    def check(keys_first):
        radio, stack = started_with_owner()
        stack.connect(1, OWNER)
        stack.encrypt()
        stack.connect(2, OTHER)
        stack.pair(OWNER, keys_first, ltk=b"X", connection=2)
        assert trusts(radio, 1) and refused(radio, 2) and bonded(radio, OWNER) == b"L"

    each_order(check)


def case_a_power_loss_while_saving_keeps_the_old_bonds():
    radio, stack = started_with_owner()
    with open("bonds.new", "wb") as file:
        file.write(b"1 00")
    radio, stack = start()
    owner_can_connect(stack, radio)


if __name__ == "__main__":
    run(globals())
