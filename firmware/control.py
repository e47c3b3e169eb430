# Executes the host's commands and answers with the status; owns the clip's state.
# Two endless tasks: run_sensor() moves samples into the ring; run_host() executes commands, sends packets, and saves
# them to the flash while no host stores them. A malformed command changes only the reported result.

import asyncio
import gc
import os
from time import ticks_diff, ticks_ms

import wire
from micropython import const

import board
import status
from run_saver import RunSaver

_TURN_MS = const(2)  # period of both tasks: the longest wait of a sample or packet
_BACK_OFF_MS = const(12)  # pause after ENOMEM: the stack needs buffers for its own answers
_MONITOR_HZ = const(50)
_STATUS_TURNS = const(100)  # the readable status is updated a few times a second
_SILENT_MS = const(5000)  # without an acknowledgement: the host, although connected, is taken not to store packets
_UNANSWERED = wire.CMD_ACK, wire.CMD_TIME, wire.CMD_SEEN


def _new_stream_id(old):
    while True:
        noise = os.urandom(2)
        stream_id = noise[0] << 8 | noise[1]
        if stream_id not in (0, old):
            return stream_id


class Control:
    """The clip's state, and what connects sensor, stream, ring, radio and flash."""

    def __init__(self, sensor, stream, ring, radio, store, transfer, standalone, settings, sounder, losses):
        self.losses = losses
        self.listening = False  # the connected host has requested packets
        self.monitoring = False  # the sensor is on only to detect running or standing
        self.standalone = standalone
        self._settings = settings
        radio.trunk = settings.trunk
        self._sounder = sounder
        self.sensor = sensor
        self._sensor_free = asyncio.Lock()  # host, button and the end of a pause start it: one at a time
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
        self._saver = saver = RunSaver(ring, store, losses)
        self._acknowledged_ms = 0  # when the host acknowledged last, or had nothing to acknowledge
        self._status = bytearray(wire.STATUS_SIZE)
        self._reported_lost = False
        self._reported_full = False
        self._do = {
            wire.CMD_STOP: self.stop,
            wire.CMD_ACK: self._acknowledge,
            wire.CMD_RESEND: self._resend,
            wire.CMD_LIST: transfer.list,
            wire.CMD_FETCH: transfer.fetch,
            wire.CMD_TIME: board.set_unix_s,
            wire.CMD_CUE: sounder.play,
            wire.CMD_TUCK_CUE: settings.set_tuck_cue,
            wire.CMD_SPLIT: saver.end,
            wire.CMD_SEEN: losses.seen,
            wire.CMD_ROLE: self._set_role,
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
            if self.ring.oldest == self.ring.next:
                self._acknowledged_ms = ticks_ms()  # there is nothing to acknowledge
            self._saver.save(not (self.listening and self.attended), self.state != wire.STATE_IDLE)
            await asyncio.sleep_ms(_TURN_MS if self._send() else _BACK_OFF_MS)

    def _send(self):
        if self._answer_due:
            if not self.radio.notify_status(self._status):
                return False
            self._answer_due = False
        if not self._transfer.send_frames():
            return False
        return not self.listening or self.radio.send(self.ring)

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
        if result == wire.RESULT_OK:
            self._listen()
        return result

    def _listen(self):
        self.listening = True
        self._acknowledged_ms = ticks_ms()

    async def start_stream(self, rate_hz):
        """Start a new stream, with or without a host; returns the result code."""
        async with self._sensor_free:
            return await self._start_stream(rate_hz)

    async def _start_stream(self, rate_hz):
        samples_per_packet = wire.SAMPLES_PER_PACKET[rate_hz]
        self.stop()
        self.listening = False  # what no host has acknowledged goes to the flash
        self._saver.save_all()
        granted_mhz = await self.sensor.start(rate_hz)
        if not granted_mhz:
            self.state = wire.STATE_NO_SENSOR
            return wire.RESULT_NO_SENSOR
        gc.collect()
        self.standalone.gait.begin(granted_mhz // 1000)
        self.standalone.tuck_cue.begin()
        self._stream.begin(_new_stream_id(self.ring.stream_id), rate_hz, granted_mhz)
        self._saver.keep_runs()
        self._samples_per_packet = samples_per_packet
        self.rate_hz = (granted_mhz + 500) // 1000
        self.state = wire.STATE_STREAMING
        return wire.RESULT_OK

    async def monitor(self):
        """Switch the sensor on to detect running or standing; samples are neither sent nor saved."""
        async with self._sensor_free:
            if self.state == wire.STATE_STREAMING or self.monitoring:
                return
            granted_mhz = await self.sensor.start(_MONITOR_HZ)
            self.state = wire.STATE_IDLE if granted_mhz else wire.STATE_NO_SENSOR
            if granted_mhz:
                self.standalone.gait.begin(granted_mhz // 1000)
                self.monitoring = True

    async def probe_sensor(self):
        """Once after power-on: does the sensor answer? The light shows it before anybody starts a stream."""
        probe = getattr(self.sensor, "probe", None)  # a driver may leave it out
        async with self._sensor_free:
            if probe and self.state == wire.STATE_IDLE and not self.monitoring and not await probe():
                self.state = wire.STATE_NO_SENSOR

    async def _set_standing(self, x, y, z):
        if x or y or z:
            self._settings.set_standing(x, y, z)
            return wire.RESULT_OK
        await self.monitor()
        if self.state == wire.STATE_NO_SENSOR:
            return wire.RESULT_NO_SENSOR
        self.standalone.tuck_cue.measure_standing()
        return wire.RESULT_OK

    def _set_role(self, role):
        self._settings.set_trunk(role > 0)
        self.radio.trunk = role > 0

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
        self._saver.save_all()
        self.losses.save()
        self.radio.off()
        return self.sensor.rest(until_motion) and until_motion

    def stop(self):
        """End the stream; the last samples form a shorter packet."""
        if self.monitoring:
            self.monitoring = False
            self.sensor.stop()
        if self.state == wire.STATE_STREAMING:
            while self.sensor.service():  # what was measured since the last turn
                self._stream.drain()
            self.sensor.stop()
            self._stream.flush()
        self.state = wire.STATE_IDLE
        self.rate_hz = 0

    def _acknowledge(self, stream_id, sequence):
        if stream_id != self.ring.stream_id:
            return wire.RESULT_WRONG_STREAM
        before = self.ring.oldest
        if not self.ring.acknowledge(sequence):
            return wire.RESULT_NOT_KEPT
        if self.ring.oldest > before:
            self._acknowledged_ms = ticks_ms()
        self._saver.remove_runs(sequence)
        return wire.RESULT_OK

    def _resend(self, stream_id, sequence):
        if stream_id != self.ring.stream_id or not stream_id:
            return wire.RESULT_WRONG_STREAM
        if not self.radio.fits(self._samples_per_packet):
            return wire.RESULT_MTU_TOO_SMALL
        kept = self.ring.resend(sequence)
        self._listen()
        if not kept:
            self._saver.keep_runs()
        return wire.RESULT_OK if kept else wire.RESULT_NOT_KEPT

    @property
    def connected(self):
        """Whether a host is connected that has sent a command (a sports watch sends none)."""
        return self.radio.connected and self._host_active

    @property
    def attended(self):
        """Whether a connected host does its work: it stores the packets of the stream, or needs to store none.

        A host that is stopped, or dead behind an adapter that holds the link, is connected too.
        """
        if not self.connected:
            return False
        ring = self.ring
        waiting = ring.next - ring.oldest
        if not self.listening or not waiting:
            return True
        return ticks_diff(ticks_ms(), self._acknowledged_ms) < _SILENT_MS and waiting <= ring.slots * 3 // 4

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

    @property
    def window_open(self):
        """Whether the pairing window was opened with the button."""
        return self.radio.bonds.window_open

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

    def flash_just_failed(self):
        """True once after power-on, when packets could not be saved."""
        reported = self._reported_full
        self._reported_full = reported or self.store.full
        return self._reported_full and not reported

    def _pack_status(self):
        status.pack(self._status, self)
        return self._status
