# Sends kept runs to the host: the list of runs, and their bytes in frames; deletes a run when the host has all of it. A
# few frames are sent in each turn of the loop, so that commands are still executed. A run is deleted only if the host's
# checksum matches the bytes in the flash. The host's side is host/untuck/sources/ble_runs.py.

import asyncio
import struct

import wire
import wire_runs
from micropython import const

_FRAME_BYTES = const(244)  # fits into one radio packet
_BURST = const(4)
_BLOCKS_A_TURN = const(16)


class RunTransfer:
    """Answers CMD_LIST, CMD_FETCH and CMD_CONFIRM from `store`, over `radio`."""

    def __init__(self, store, radio):
        self._store = store
        self._radio = radio
        self._runs = []
        self._run = 0
        self._at = self._end = 0
        self._frame = bytearray(_FRAME_BYTES)

    def cancel(self):
        """Stop sending: the connection has ended."""
        self._runs = []
        self._at = self._end = 0
        self._store.release()

    def list(self):
        """Start sending the list of runs; returns the result code."""
        try:
            self._runs = self._store.runs()
        except OSError:
            return wire.RESULT_FLASH
        return wire.RESULT_OK

    def fetch(self, run, offset, size):
        """Start sending `size` bytes of a run from `offset`; returns the result code."""
        try:
            whole = self._store.size(run)
        except OSError:
            return wire.RESULT_FLASH
        if not size or offset + size > whole:
            return wire.RESULT_NO_RUN
        self._run = run
        self._at = offset
        self._end = offset + size
        return wire.RESULT_OK

    async def confirm(self, run, size, checksum, delete):
        """Delete a run, or mark it as fetched, if the host has exactly its bytes; returns the result code."""
        try:
            return await self._confirm(run, size, checksum, delete)
        except OSError:
            return wire.RESULT_FLASH

    async def _confirm(self, run, size, checksum, delete):
        if run == self._store.recording:
            return wire.RESULT_BUSY
        if not size or size != self._store.size(run):
            return wire.RESULT_NO_RUN
        turn = 0
        found = None
        for step in self._store.check(run, size):
            found = step
            turn += 1
            if turn % _BLOCKS_A_TURN == 0:
                await asyncio.sleep_ms(0)
        self._store.release()
        if found != checksum:
            return wire.RESULT_WRONG_CHECKSUM
        if not delete:
            self._store.mark_fetched(run)
        elif not self._store.remove(run):
            return wire.RESULT_FLASH
        return wire.RESULT_OK

    def send_frames(self):
        """Send a few frames; False if the radio has no buffer free. If the flash fails, the host has to ask again."""
        try:
            return self._send_burst()
        except OSError:
            self.cancel()
            return True

    def _send_burst(self):
        for _ in range(_BURST):
            if self._runs:
                if not self._radio.notify_stream(self._run_frame(self._runs[0])):
                    return False
                self._runs.pop(0)
            elif self._at < self._end:
                if not self._radio.notify_stream(self._data_frame()):
                    return False
                self._at += self._part
                if self._at >= self._end:
                    self._store.release()
            else:
                return True
        return True

    def _run_frame(self, entry):
        run, size, flags = entry
        return struct.pack(
            wire_runs.FRAME_RUN_FORMAT, wire_runs.FRAME_RUN, run, size, self._store.started_unix_s(run), flags
        )

    def _data_frame(self):
        head = wire_runs.FRAME_DATA_HEADER_SIZE
        room = min(_FRAME_BYTES, self._radio.mtu - wire.NOTIFY_OVERHEAD) - head
        self._part = min(room, self._end - self._at)
        struct.pack_into(wire_runs.FRAME_DATA_FORMAT, self._frame, 0, wire_runs.FRAME_DATA, self._run, self._at)
        frame = memoryview(self._frame)
        self._store.read(self._run, self._at, frame[head : head + self._part])
        return frame[: head + self._part]
