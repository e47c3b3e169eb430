# Test cases for the firmware's radio.py: advertising, errors of the stack and of interrupts.
# `micropython advertising_cases.py NAME` runs one case; tests/firmware/test_radio_cases.py runs all.

from time import sleep_ms

import wire
from nimble_stack import DISCONNECT, WRITE
from radio_support import (
    OTHER,
    OWNER,
    command,
    run,
    skip,
    start,
    started_with_owner,
)


def case_a_failed_connection_does_not_end_advertising():
    radio, stack = start()
    radio.maintain()
    assert stack.advertising == 1
    stack.call(DISCONNECT, 0xFFFF, 0xFF, memoryview(bytes(6)))
    radio.maintain()
    assert stack.advertising == 2


def case_a_failed_connection_does_not_end_another():
    radio, stack = started_with_owner()
    stack.connect(0, OWNER)
    stack.encrypt(0)
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


def case_the_clip_can_be_found_while_a_watch_is_connected():
    radio, stack = started_with_owner()
    radio.maintain()
    times = stack.advertising
    stack.connect(1, OWNER)
    stack.encrypt()
    radio.maintain()
    assert stack.advertising == times + 1 and stack.connectable and not stack.said & ~wire.PAIRING_BITS


def case_the_role_is_advertised_and_a_new_one_within_a_second():
    radio, stack = started_with_owner()
    radio.maintain()
    assert not stack.said & wire.ROLE_TRUNK
    times = stack.advertising
    radio.trunk = True
    skip(1000)
    radio.maintain()
    assert stack.advertising == times + 1 and stack.said == wire.ROLE_TRUNK
    stack.connect(1, OWNER)
    stack.encrypt()
    radio.maintain()
    stack.call(WRITE, 1, 2)
    command(radio)
    skip(1000)
    radio.maintain()
    assert stack.said == wire.ROLE_TRUNK | wire.LINK_HOST
    radio.trunk = False
    skip(1000)
    radio.maintain()
    assert stack.said == wire.LINK_HOST


def case_strangers_do_not_use_up_the_connections_at_once():
    radio, stack = started_with_owner()
    stack.connect(1)
    radio.maintain()
    assert stack.connectable
    stack.connect(2, b"\x01GUEST2")
    radio.maintain()
    assert stack.connectable
    stack.connect(3, b"\x01GUEST3")  # as many as the controller of a plain ESP32 holds
    radio.maintain()
    assert not stack.connectable and stack.said & wire.LINK_FULL
    skip(5100)
    radio.maintain()
    assert stack.closed == [1, 2, 3]


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
    stack.connect(1, OWNER)
    stack.encrypt()
    stack.call(WRITE, 1, 2)
    assert not stack.disabled and radio.faulty
    radio.maintain()
    times = stack.advertising
    stack.disconnect()
    radio.maintain()
    assert stack.advertising == times + 1


def case_a_radio_that_is_off_resets_nothing():
    radio, _ = start()
    radio.off()
    radio.set_status(b"")
    radio.update_battery(50)


if __name__ == "__main__":
    run(globals())
