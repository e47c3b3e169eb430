# What the host's commands do, and the status that answers them.
# Two endless tasks: one moves samples from the sensor into the ring, one obeys commands and moves packets out.
# The clip's state is here and nowhere else; a malformed command changes nothing but the result that is reported.

import asyncio
import gc
import os

import wire
from micropython import const

FIRMWARE_VERSION = (0, 1, 0)

_TURN_MS = const(2)  # the longest a sample or a packet waits for its task
_BACK_OFF_MS = const(12)  # after ENOMEM: the stack's own answers need buffers too
_STATUS_TURNS = const(100)  # the status that can be read is renewed a few times a second


def _new_stream_id(old):
    while True:
        noise = os.urandom(2)
        stream_id = noise[0] << 8 | noise[1]
        if stream_id not in (0, old):
            return stream_id


class Control:
    """Joins sensor, stream, ring and radio."""

    def __init__(self, sensor, stream, ring, radio):
        self._sensor = sensor
        self._stream = stream
        self._ring = ring
        self._radio = radio
        self._state = wire.STATE_IDLE
        self._rate_hz = 0  # what the sensor granted
        self._samples_per_packet = 0
        self._last = 0, wire.RESULT_OK  # last command and its result
        self._listening = False  # the host of this connection has asked for packets
        self._answer_due = False
        self._status = bytearray(wire.STATUS_SIZE)

    async def sample(self):
        """Task: samples into packets, whether or not a host is there."""
        while True:
            if self._state == wire.STATE_STREAMING:
                self._sensor.service()
                self._stream.drain()
            await asyncio.sleep_ms(_TURN_MS)

    async def talk(self):
        """Task: commands in, packets and status out."""
        radio = self._radio
        session = radio.session
        turn = 0
        while True:
            if session != radio.session:
                session = radio.session
                self._listening = self._answer_due = False
                self._ring.unsend()
                turn = 0
            data = None if self._answer_due else radio.command()
            if data is not None:
                await self._obey(data)
                turn = 0
            if turn % _STATUS_TURNS == 0:
                radio.set_status(self._pack_status())
            turn += 1
            radio.stay_visible()
            await asyncio.sleep_ms(_TURN_MS if self._send() else _BACK_OFF_MS)

    def _send(self):
        if self._answer_due:
            if not self._radio.notify_status(self._status):
                return False
            self._answer_due = False
        return not self._listening or self._radio.send(self._ring)

    async def _obey(self, data):
        result, opcode, a, b = wire.parse_command(data)
        if result == wire.RESULT_OK:
            if opcode == wire.CMD_START:
                result = await self._start(a)
            elif opcode == wire.CMD_STOP:
                self._stop()
            else:
                result = self._acknowledge(a, b) if opcode == wire.CMD_ACK else self._resend(a, b)
                if opcode == wire.CMD_ACK and result == wire.RESULT_OK:
                    return  # needs no answer
        self._last = opcode, result
        self._answer_due = True

    async def _start(self, rate_hz):
        samples_per_packet = wire.SAMPLES_PER_PACKET[rate_hz]
        if not self._radio.fits(samples_per_packet):
            return wire.RESULT_MTU_TOO_SMALL
        self._stop()
        granted_mhz = await self._sensor.start(rate_hz)
        if not granted_mhz:
            self._state = wire.STATE_NO_SENSOR
            return wire.RESULT_NO_SENSOR
        gc.collect()
        self._stream.begin(_new_stream_id(self._ring.stream_id), rate_hz, granted_mhz)
        self._samples_per_packet = samples_per_packet
        self._rate_hz = (granted_mhz + 500) // 1000
        self._state = wire.STATE_STREAMING
        self._listening = True
        return wire.RESULT_OK

    def _stop(self):
        if self._state == wire.STATE_STREAMING:
            self._sensor.stop()
            self._stream.flush()
        self._state = wire.STATE_IDLE
        self._rate_hz = 0

    def _acknowledge(self, stream_id, sequence):
        if stream_id != self._ring.stream_id:
            return wire.RESULT_WRONG_STREAM
        return wire.RESULT_OK if self._ring.acknowledge(sequence) else wire.RESULT_NOT_KEPT

    def _resend(self, stream_id, sequence):
        if stream_id != self._ring.stream_id or not stream_id:
            return wire.RESULT_WRONG_STREAM
        if not self._radio.fits(self._samples_per_packet):
            return wire.RESULT_MTU_TOO_SMALL
        kept = self._ring.resend(sequence)
        self._listening = True
        return wire.RESULT_OK if kept else wire.RESULT_NOT_KEPT

    def _pack_status(self):
        ring = self._ring
        state = self._state
        if state == wire.STATE_STREAMING and not self._sensor.present:
            state = wire.STATE_NO_SENSOR
        wire.pack_status(
            self._status,
            FIRMWARE_VERSION,
            state,
            wire.BATTERY_UNKNOWN,
            self._rate_hz,
            ring.stream_id,
            ring.oldest,
            ring.next,
            self._sensor.resets,
            self._last[0],
            self._last[1],
        )
        return self._status
