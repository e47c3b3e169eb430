# Moves packets from the ring to the flash while no host stores them, and deletes a run that a host has after all.
# What the flash refuses is still in the ring, and is saved again.

from time import ticks_diff, ticks_ms

import wire
from micropython import const

import board

_RETRY_MS = const(1000)  # after the flash has failed
_SPARE_RUNS = const(4)


class RunSaver:
    """Saves the packets of `ring` in runs of `store`. losses.packets counts those that a last attempt did not save."""

    def __init__(self, ring, store, losses):
        self._ring = ring
        self._store = store
        self._losses = losses
        self._failed_ms = None  # when the flash failed last; None: it works
        self._spare_runs = []  # (run, its last packet): recorded ones whose packets the host has or can still get

    def save(self, wanted, more):
        """Save one packet, if wanted, else end the run; more: packets may follow. False if the flash has failed.

        After a failure it waits a while. A saved packet stays in the ring in case a host takes it.
        """
        if self._failed_ms is not None and ticks_diff(ticks_ms(), self._failed_ms) < _RETRY_MS:
            return False
        self._failed_ms = None
        packet = self._ring.unsaved() if wanted else None
        if packet is None:
            return (wanted and more) or self.end() == wire.RESULT_OK
        store = self._store
        if not store.recording:
            store.begin(board.unix_s())
            if store.recording:
                self._spare_runs = self._spare_runs[-_SPARE_RUNS + 1 :] + [(store.recording, -1)]
        if not store.add(packet):
            self._save_again()
            return False
        self._ring.saved += 1
        return True

    def save_all(self):
        """Save all packets and end the run; what a failing flash does not take is lost."""
        ring = self._ring
        self._failed_ms = None  # one more attempt
        while ring.unsaved() is not None and self.save(True, True):
            pass
        self.end()
        if ring.unsaved() is not None:
            self._losses.add_packets(ring.next - ring.saved)
        self._failed_ms = None

    def end(self):
        """End the run that is being recorded, if any; later packets begin another. Returns the result code."""
        run = self._store.recording
        if not run:
            return wire.RESULT_OK
        done = self._store.end()
        if not done:
            self._save_again()
        last = self._ring.saved - 1
        self._spare_runs = [(spare, last if spare == run else end) for spare, end in self._spare_runs]
        return wire.RESULT_OK if done else wire.RESULT_FLASH

    def keep_runs(self):
        """The runs recorded so far stay until they are fetched: only they have what the host misses."""
        self._spare_runs = []

    def remove_runs(self, sequence):
        """The host has stored this packet and all before it: delete the runs whose packets are among them."""
        for spare, end in self._spare_runs:
            if 0 <= end <= sequence and self._store.remove(spare):
                self._spare_runs = [other for other in self._spare_runs if other[0] != spare]

    def _save_again(self):
        self._ring.unsave(self._store.unwritten)
        self._store.unwritten = 0
        self._failed_ms = ticks_ms()
