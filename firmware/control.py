# Executes the host's commands and answers with the status; owns the clip's state.
# Two endless tasks: run_sensor() moves samples into the ring; run_host() executes commands and sends packets, or saves
# them to the flash while no host listens. A malformed command changes only the reported result.

import asyncio
import gc
import os

import wire
from micropython import const

import board
import status

_TURN_MS = const(2)  # period of both tasks: the longest wait of a sample or packet
_BACK_OFF_MS = const(12)  # pause after ENOMEM: the stack needs buffers for its own answers
_MONITOR_HZ = const(50)
_STATUS_TURNS = const(100)  # the readable status is updated a few times a second
_UNANSWERED = wire.CMD_ACK, wire.CMD_TIME


def _new_stream_id(old):
    while True:
        noise = os.urandom(2)
        stream_id = noise[0] << 8 | noise[1]
        if stream_id not in (0, old):
            return stream_id


class Control:
    """The clip's state, and what connects sensor, stream, ring, radio and flash."""

    def __init__(self, sensor, stream, ring, radio, store, transfer, standalone, settings, sounder):
        self.listening = False  # the connected host has requested packets
        self.monitoring = False  # the sensor is on only to detect running or standing
        self.standalone = standalone
        self._settings = settings
        self._sounder = sounder
        self.sensor = sensor
        self._stream = stream
        self.ring = ring
        self.radio = radio
        self.store = store
        self._transfer = transfer
        self.state = wire.STATE_IDLE
        self.rate_hz = 0  # granted by the sensor
        self._samples_per_packet = 0
        self.last = 0, wire.RESULT_OK  # last command and its result
        self._answer_due = False
        self._host_active = False
        self._spare_run = 0  # a recorded run whose packets are all still in the ring
        self._status = bytearray(wire.STATUS_SIZE)
        self._reported_lost = False
        self._do = {
            wire.CMD_STOP: self.stop,
            wire.CMD_ACK: self._acknowledge,
            wire.CMD_RESEND: self._resend,
            wire.CMD_LIST: transfer.list,
            wire.CMD_FETCH: transfer.fetch,
            wire.CMD_TIME: board.set_unix_s,
            wire.CMD_CUE: sounder.play,
            wire.CMD_TUCK_CUE: settings.set_tuck_cue,
        }

    async def run_sensor(self):
        """Task: reads the sensor and fills packets, with or without a host."""
        while True:
            self.sensor.service()  # also while it is off: ticks_us wraps, the clock of the samples must not
            if self.state == wire.STATE_STREAMING:
                self._stream.drain()
            elif self.monitoring:
                self._stream.observe()
            await asyncio.sleep_ms(_TURN_MS)

    async def run_host(self):
        """Task: executes commands; sends packets and status, or saves packets to the flash."""
        radio = self.radio
        connections = radio.connections
        turn = 0
        linked = False
        while True:
            if connections != radio.connections or (self.listening and not radio.connected):
                connections = radio.connections
                self.listening = self._host_active = self._answer_due = False
                self._transfer.cancel()
                self.ring.unsend()
                turn = 0
            data = None if self._answer_due else radio.command()
            if data is not None:
                await self._execute(data)
                turn = 0
            if linked != radio.connected:
                linked = radio.connected
                turn = 0
            if turn == 0:  # empty for an untrusted host that is about to be disconnected
                radio.set_status(self._pack_status() if linked else b"")
            turn = (turn + 1) % _STATUS_TURNS
            radio.maintain()
            self._save_packet()
            await asyncio.sleep_ms(_TURN_MS if self._send() else _BACK_OFF_MS)

    def _send(self):
        if self._answer_due:
            if not self.radio.notify_status(self._status):
                return False
            self._answer_due = False
        if not self._transfer.send_frames():
            return False
        return not self.listening or self.radio.send(self.ring)

    def _save_packet(self):
        """While no host listens, save a packet to the flash; it stays in the ring in case the host reconnects."""
        store = self.store
        if self.listening:
            store.end()
            return
        packet = self.ring.unsaved()
        if packet is None:
            if self.state == wire.STATE_IDLE:
                store.end()
            return
        if not store.recording:
            store.begin(board.unix_s())
            self._spare_run = store.recording
        store.add(packet)
        self.ring.saved += 1

    def _remove_spare_run(self, sequence):
        """Delete the run recorded during a short outage, once the host has received all its packets."""
        if self._spare_run and sequence >= self.ring.saved - 1 and self.store.remove(self._spare_run):
            self._spare_run = 0

    async def _execute(self, data):
        self._host_active = True
        result, opcode, values = wire.parse_command(data)
        if result == wire.RESULT_OK:
            if opcode == wire.CMD_START:
                result = await self._start(values[0])
            elif opcode == wire.CMD_CONFIRM:
                result = await self._transfer.confirm(*values)
            elif opcode == wire.CMD_STANDING:
                result = await self._set_standing(*values)
            else:
                result = self._do[opcode](*values) or wire.RESULT_OK
            if opcode in _UNANSWERED and result == wire.RESULT_OK:
                return
        self.last = opcode, result
        self._answer_due = True

    async def _start(self, rate_hz):
        if not self.radio.fits(wire.SAMPLES_PER_PACKET[rate_hz]):
            return wire.RESULT_MTU_TOO_SMALL
        result = await self.start_stream(rate_hz)
        self.listening = result == wire.RESULT_OK
        return result

    async def start_stream(self, rate_hz):
        """Start a new stream, with or without a host; returns the result code."""
        samples_per_packet = wire.SAMPLES_PER_PACKET[rate_hz]
        self.stop()
        while not self.listening and self.ring.unsaved() is not None:
            self._save_packet()
        self.store.end()
        granted_mhz = await self.sensor.start(rate_hz)
        if not granted_mhz:
            self.state = wire.STATE_NO_SENSOR
            return wire.RESULT_NO_SENSOR
        gc.collect()
        self.standalone.gait.begin(granted_mhz // 1000)
        self.standalone.tuck_cue.begin()
        self._stream.begin(_new_stream_id(self.ring.stream_id), rate_hz, granted_mhz)
        self._spare_run = 0
        self._samples_per_packet = samples_per_packet
        self.rate_hz = (granted_mhz + 500) // 1000
        self.state = wire.STATE_STREAMING
        return wire.RESULT_OK

    async def monitor(self):
        """Switch the sensor on to detect running or standing; samples are neither sent nor saved."""
        if self.state == wire.STATE_STREAMING or self.monitoring:
            return
        granted_mhz = await self.sensor.start(_MONITOR_HZ)
        self.state = wire.STATE_IDLE if granted_mhz else wire.STATE_NO_SENSOR
        if granted_mhz:
            self.standalone.gait.begin(granted_mhz // 1000)
            self.monitoring = True

    async def _set_standing(self, x, y, z):
        if x or y or z:
            self._settings.set_standing(x, y, z)
            return wire.RESULT_OK
        await self.monitor()
        if self.state == wire.STATE_NO_SENSOR:
            return wire.RESULT_NO_SENSOR
        self.standalone.tuck_cue.measure_standing()
        return wire.RESULT_OK

    def update_services(self, battery_pct, cadence_spm):
        """Update the values of the standard Bluetooth services."""
        self.radio.update_battery(battery_pct)
        self.radio.update_running(cadence_spm)

    def calibrate(self, on):
        """Switch the BNO085's accelerometer calibration on or off."""
        if self.streaming or self.monitoring:
            self.sensor.calibrate(on)

    def mark(self, flag):
        """Set a flag in the next packet."""
        self._stream.mark(flag)

    def prepare_sleep(self, until_motion):
        """Save all packets, switch the radio off, bring the BNO085 to rest; True: motion will wake the board."""
        self.listening = False  # what the host has not acknowledged goes to the flash
        self.stop()
        while self.ring.unsaved() is not None:
            self._save_packet()
        self.store.end()
        self.radio.off()
        return self.sensor.rest(until_motion) and until_motion

    def stop(self):
        """End the stream; the last samples form a shorter packet."""
        if self.monitoring:
            self.monitoring = False
            self.sensor.stop()
        if self.state == wire.STATE_STREAMING:
            self.sensor.stop()
            self._stream.flush()
        self.state = wire.STATE_IDLE
        self.rate_hz = 0

    def _acknowledge(self, stream_id, sequence):
        if stream_id != self.ring.stream_id:
            return wire.RESULT_WRONG_STREAM
        if not self.ring.acknowledge(sequence):
            return wire.RESULT_NOT_KEPT
        self._remove_spare_run(sequence)
        return wire.RESULT_OK

    def _resend(self, stream_id, sequence):
        if stream_id != self.ring.stream_id or not stream_id:
            return wire.RESULT_WRONG_STREAM
        if not self.radio.fits(self._samples_per_packet):
            return wire.RESULT_MTU_TOO_SMALL
        kept = self.ring.resend(sequence)
        self.listening = True
        if not kept:
            self._spare_run = 0  # only the flash has the missing packets
        return wire.RESULT_OK if kept else wire.RESULT_NOT_KEPT

    @property
    def connected(self):
        """Whether a host is connected that has sent a command (a sports watch sends none)."""
        return self.radio.connected and self._host_active

    @property
    def streaming(self):
        """Whether a stream is running."""
        return self.state == wire.STATE_STREAMING

    @property
    def recording(self):
        """Whether packets are being saved to the flash."""
        return self.store.recording > 0

    @property
    def pairing_open(self):
        """Whether a new host may pair."""
        return self.radio.bonds.open

    def open_pairing(self):
        """Open the pairing window."""
        self.radio.bonds.open_window()

    @property
    def sensor_missing(self):
        """Whether the motion sensor does not answer."""
        return self.state == wire.STATE_NO_SENSOR or ((self.monitoring or self.streaming) and not self.sensor.present)

    def sensor_just_lost(self):
        """True once each time the sensor stops answering."""
        missing = self.sensor_missing
        reported = self._reported_lost
        self._reported_lost = missing
        return missing and not reported

    def _pack_status(self):
        status.pack(self._status, self)
        return self._status
