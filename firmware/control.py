# What the host's commands do, and the status that answers them.
# Two endless tasks: one moves samples from the sensor into the ring, one obeys commands and moves packets out, to the
# host while it listens, else to the flash. The clip's state is here and nowhere else; a malformed command changes
# nothing but the result that is reported.

import asyncio
import gc
import os

import wire
from micropython import const

import board
import status

_TURN_MS = const(2)  # the longest a sample or a packet waits for its task
_BACK_OFF_MS = const(12)  # after ENOMEM: the stack's own answers need buffers too
_WATCH_HZ = const(50)
_STATUS_TURNS = const(100)  # the status that can be read is renewed a few times a second
_UNANSWERED = wire.CMD_ACK, wire.CMD_TIME


def _new_stream_id(old):
    while True:
        noise = os.urandom(2)
        stream_id = noise[0] << 8 | noise[1]
        if stream_id not in (0, old):
            return stream_id


class Control:
    """Joins sensor, stream, ring, radio and flash."""

    def __init__(self, sensor, stream, ring, radio, store, transfer, standalone, settings, sounder):
        self.listening = False  # the host of this connection has asked for packets
        self.monitoring = False  # the sensor runs, only to see whether the runner does
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
        self.rate_hz = 0  # what the sensor granted
        self._samples_per_packet = 0
        self.last = 0, wire.RESULT_OK  # last command and its result
        self._answer_due = False
        self._host_active = False
        self._spare_run = 0  # the run last recorded of this stream, as long as the ring has all that it has
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
        """Task: samples into packets, whether or not a host is there."""
        while True:
            if self.state == wire.STATE_STREAMING:
                self.sensor.service()
                self._stream.drain()
            elif self.monitoring:
                self.sensor.service()
                self._stream.observe()
            await asyncio.sleep_ms(_TURN_MS)

    async def run_host(self):
        """Task: commands in, packets and status out."""
        radio = self.radio
        session = radio.session
        turn = 0
        linked = False
        while True:
            if session != radio.session or (self.listening and not radio.connected):
                session = radio.session
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
            if turn % _STATUS_TURNS == 0:  # a stranger who is just being shown out must not read it
                radio.set_status(self._pack_status() if linked else b"")
            turn += 1
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
        """While no host listens, packets go to the flash; they stay in the ring for a host that is soon back."""
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
        """A host that came back in time has every packet of the run that was begun for it: it need not be kept."""
        if self._spare_run and sequence >= self.ring.saved - 1:
            self.store.remove(self._spare_run)
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
        """A new stream, whether or not a host is there to take it; the result."""
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
        """Let the sensor run, to see whether the runner does, or stands; nothing is sent or kept."""
        if self.state == wire.STATE_STREAMING or self.monitoring:
            return
        granted_mhz = await self.sensor.start(_WATCH_HZ)
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
        """The standard services' values."""
        self.radio.update_battery(battery_pct)
        self.radio.update_running(cadence_spm)

    def calibrate(self, on):
        """Let the chip calibrate its accelerometer, or not."""
        if self.streaming or self.monitoring:
            self.sensor.calibrate(on)

    def mark(self, flag):
        """The next packet carries this flag."""
        self._stream.mark(flag)

    def prepare_sleep(self):
        """Before sleep: everything is in the flash, the radio is off, the chip waits for motion."""
        self.stop()
        while self.ring.unsaved() is not None:
            self._save_packet()
        self.store.end()
        self.radio.off()
        self.sensor.sleep_until_motion()

    def stop(self):
        """End the stream; its last samples go out in a short packet."""
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
            self._spare_run = 0  # the flash alone has what is missing
        return wire.RESULT_OK if kept else wire.RESULT_NOT_KEPT

    @property
    def connected(self):
        """Whether a host is connected that has spoken: a watch does not count."""
        return self.radio.connected and self._host_active

    @property
    def streaming(self):
        """Whether there is a stream."""
        return self.state == wire.STATE_STREAMING

    @property
    def recording(self):
        """Whether packets go to the flash."""
        return self.store.recording > 0

    @property
    def pairing_open(self):
        """Whether a new host may pair."""
        return self.radio.bonds.open

    def open_pairing(self):
        """For a while a new host may pair."""
        self.radio.bonds.open_window()

    @property
    def sensor_missing(self):
        """Whether the motion sensor does not answer."""
        return self.state == wire.STATE_NO_SENSOR or ((self.monitoring or self.streaming) and not self.sensor.present)

    def sensor_just_lost(self):
        """True once, each time that the sensor goes missing."""
        missing = self.sensor_missing
        told = self._reported_lost
        self._reported_lost = missing
        return missing and not told

    def _pack_status(self):
        status.pack(self._status, self)
        return self._status
