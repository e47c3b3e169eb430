# Asks shims/time.py for the time while the machine stalls, or an interrupt comes, between any two of its steps. Each
# answer must lie between the clock's time at the call and at the return. Prints the answers outside, and their number.

import time

_UNIT_US = 64
_LEASE_US = 20000
_STALL_US = 1000000
_STEPS = 60  # of real time and lease, more than the calls below take


class Machine:
    """Real time, and a lease that the bus server extends after a stall; stands for the shim's `utime` and lease."""

    def __init__(self, stall_at, interrupt_at):
        self.real_us = 1000
        self.until = 0
        self.waited = 0
        self._stall_at = stall_at
        self._interrupt_at = interrupt_at
        self._step = 0
        self.extend()

    def extend(self):
        now = self.real_us // _UNIT_US
        self.waited += max(0, now - self.until) if self.until else 0
        self.until = now + _LEASE_US // _UNIT_US

    def virtual_us(self):
        return min(self.real_us, self.until * _UNIT_US) - self.waited * _UNIT_US

    def pass_time(self):
        self._step += 1
        self.real_us += 300
        if self._step == self._stall_at:
            self.real_us += _STALL_US
            self.extend()
        if self._step == self._interrupt_at:
            ask(self)

    def ticks_us(self):
        now_us = self.real_us
        self.pass_time()
        return now_us

    def seek(self, _):
        self.pass_time()

    def readinto(self, word):
        word[0] = self.until << 31 | self.waited
        self.pass_time()


def ask(machine):
    global wrong, asked
    before_us = machine.virtual_us()
    said_us = time.now_us()
    asked += 1
    if not before_us <= said_us <= machine.virtual_us():
        wrong += 1
        print(before_us, said_us, machine.virtual_us())


wrong = asked = 0
for stall_at in range(_STEPS):
    for interrupt_at in range(_STEPS):
        machine = Machine(stall_at, interrupt_at)
        time._real = time._lease = machine
        time._known = 0
        while machine._step < _STEPS:
            ask(machine)
            machine.real_us += 7000
print(wrong, "of", asked)
