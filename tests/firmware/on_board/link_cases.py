# Test cases for the firmware's radio.py and links.py: several connections, their ends, and whose commands count.
# `micropython link_cases.py NAME` runs one case; tests/firmware/test_radio_cases.py runs all.


import nimble_stack
import wire
from radio_support import (
    BATTERY,
    LIST,
    OTHER,
    OWNER,
    STATUS,
    command,
    each_order,
    refused,
    run,
    skip,
    start,
    started_with_owner,
    started_with_two,
    trusts,
)


def case_a_silent_stranger_is_disconnected_after_five_seconds():
    radio, stack = started_with_owner()
    stack.connect(1, OTHER)
    skip(4900)
    radio.maintain()
    assert stack.closed == []
    skip(200)
    radio.maintain()
    assert stack.closed == [1]


def case_who_may_pair_or_has_a_known_address_gets_thirty_seconds():
    for may_pair in (True, False):
        radio, stack = started_with_owner()
        if may_pair:
            radio.bonds.open_window()
        stack.connect(1, OTHER if may_pair else OWNER)
        skip(29900)
        radio.maintain()
        assert stack.closed == []
        skip(200)
        radio.maintain()
        assert stack.closed == [1]


def case_a_trusted_link_stays():
    radio, stack = started_with_owner()
    stack.connect(1, OWNER)
    stack.encrypt()
    skip(86400000)
    radio.maintain()
    assert stack.closed == [] and radio.connected


def case_a_host_that_pairs_while_a_stranger_is_silent_gets_its_own_trust():
    def check(keys_first):
        radio, stack = start()
        stack.connect(1)
        stack.connect(2, b"\x01RANDOM")
        stack.pair(OWNER, keys_first, connection=2)
        assert trusts(radio, 2) and not trusts(radio, 1)
        skip(5100)
        radio.maintain()
        assert stack.closed == [1]

    each_order(check)


def case_two_links_may_be_trusted_and_no_third():
    radio, stack = started_with_two()
    assert stack.said & wire.LINK_FULL and not stack.connectable  # heard, but not connected to
    stack.connect(3)
    assert refused(radio, 3)
    radio.maintain()
    assert stack.closed == [3]
    stack.disconnect(3)
    stack.disconnect(1)
    radio.maintain()
    assert not stack.said & wire.LINK_FULL and stack.connectable


def case_of_three_links_that_come_together_two_are_trusted():
    radio, stack = started_with_owner()
    for address in (OTHER, b"\x01THIRD."):
        radio.bonds.open_window()
        stack.connect(1, address)
        stack.pair(address)
        stack.disconnect()
    for connection, address in ((1, OWNER), (2, OTHER), (3, b"\x01THIRD.")):
        stack.connect(connection, address)
    for connection in (1, 2, 3):
        stack.encrypt(connection)
    assert radio.bonds.trusted() == 2 and refused(radio, 3)
    radio.maintain()
    assert stack.closed == [3]


def case_packets_and_answers_go_to_the_host_only():
    radio, stack = started_with_two()
    assert not radio.notify_status(b"s")  # nobody is the host
    stack.write(1, LIST)
    assert command(radio) == LIST
    stack.sent.clear()
    assert radio.notify_status(b"s") and radio.notify_stream(b"p")
    assert stack.sent == [(1, STATUS, b"s"), (1, 1, b"p")]
    stack.sent.clear()
    radio.update_battery(50)
    radio.update_running(170)
    assert sorted([connection for connection, _, _ in stack.sent]) == [1, 1, 2, 2]


def case_battery_and_running_do_not_go_to_an_untrusted_link():
    radio, stack = started_with_owner()
    stack.connect(1, OWNER)
    stack.encrypt()
    stack.connect(2)
    radio.update_battery(50)
    radio.update_running(170)
    assert [connection for connection, _, _ in stack.sent] == [1, 1]


def case_a_second_host_is_rejected_with_an_answer_while_the_first_is_active():
    radio, stack = started_with_two()
    radio.set_status(bytes(range(wire.STATUS_SIZE)))
    stack.write(1, LIST)
    assert command(radio) == LIST
    changes = radio.connections
    stack.write(2, b"\x02")
    assert radio.command() is None and radio.connections == changes
    stack.buffers = 0
    radio.maintain()
    stack.buffers = 10
    stack.sent.clear()
    radio.maintain()
    radio.maintain()
    answer = bytes(range(20)) + bytes((2, wire.RESULT_IN_USE)) + bytes(range(22, wire.STATUS_SIZE))
    assert stack.sent == [(2, STATUS, answer)]
    stack.write(1, LIST)
    assert radio.command() == LIST


def case_a_host_that_was_silent_for_ten_seconds_can_be_replaced():
    radio, stack = started_with_two()
    stack.write(1, LIST)
    assert command(radio) == LIST
    skip(9900)
    stack.write(2, LIST)
    assert command(radio) is None
    skip(200)
    stack.write(2, LIST)
    changes = radio.connections
    assert command(radio) == LIST and radio.connections != changes
    stack.write(1, LIST)
    assert command(radio) is None


def case_a_host_that_leaves_is_replaced_at_once():
    radio, stack = started_with_two()
    stack.write(1, LIST)
    assert command(radio) == LIST
    changes = radio.connections
    stack.disconnect(1)
    assert radio.connections != changes and radio.connected
    stack.write(2, LIST)
    assert command(radio) == LIST
    radio.maintain()
    assert stack.said & wire.LINK_HOST


def case_a_watch_that_leaves_changes_nothing_for_the_host():
    radio, stack = started_with_two()
    stack.write(1, LIST)
    assert command(radio) == LIST
    changes = radio.connections
    stack.disconnect(2)
    stack.connect(2, OTHER)
    stack.encrypt(2)
    assert radio.connections == changes and radio.notify_stream(b"p")


def case_commands_of_an_ended_connection_are_dropped():
    radio, stack = started_with_owner()
    stack.connect(1, OWNER)
    stack.encrypt()
    stack.write(1, LIST)
    stack.disconnect(1)
    stack.connect(1, OWNER)
    stack.encrypt()
    assert command(radio) is None
    stack.write(1, b"\x02")
    assert command(radio) == b"\x02"


def case_more_commands_than_fit_are_dropped_and_counted_without_reading_them():
    radio, stack = started_with_owner()
    stack.connect(1, OWNER)
    stack.encrypt()
    reads = []
    read = stack.gatts_read
    stack.gatts_read = lambda handle: reads.append(handle) or read(handle)
    for number in range(100):
        stack.write(1, bytes((number,)))
    kept = len(reads)
    assert 4 <= kept <= 16 and radio.commands.dropped == 100 - kept
    assert [command(radio) for _ in range(kept + 1)] == [bytes((number,)) for number in range(kept)] + [None]


def case_the_mtu_is_that_of_the_host():
    radio, stack = started_with_two()
    stack.call(nimble_stack.MTU, 1, 500)
    stack.call(nimble_stack.MTU, 2, 60)
    assert not radio.fits(5)
    stack.write(1, LIST)
    command(radio)
    assert radio.fits(5) and radio.mtu == 500


def case_an_untrusted_link_reads_nothing_beside_a_trusted_one():
    radio, stack = started_with_owner()
    stack.connect(1, OWNER)
    stack.encrypt()
    stack.connect(2)
    radio.set_status(bytes(range(wire.STATUS_SIZE)))
    radio.update_battery(50)
    assert stack.read(2, STATUS) == b"" and stack.read(2, BATTERY) == 8 and stack.read(2, 8) == 8
    assert stack.read(1, STATUS) == bytes(range(wire.STATUS_SIZE)) and stack.read(1, BATTERY) == b"2"
    stack.write(2, LIST)
    assert command(radio) is None


if __name__ == "__main__":
    run(globals())
