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

    def __init__(self, sensor, stream, ring, radio, log, fetching, wearer, settings, sounder):
        self.listening = False  # the host of this connection has asked for packets
        self.watching = False  # the sensor runs, only to see whether the runner does
        self.wearer = wearer
        self._settings = settings
        self._sounder = sounder
        self.sensor = sensor
        self._stream = stream
        self.ring = ring
        self.radio = radio
        self.log = log
        self._fetching = fetching
        self.state = wire.STATE_IDLE
        self.rate_hz = 0  # what the sensor granted
        self._samples_per_packet = 0
        self.last = 0, wire.RESULT_OK  # last command and its result
        self._answer_due = False
        self._spoken = False
        self._spare_run = 0  # the run last recorded of this stream, as long as the ring has all that it has
        self._status = bytearray(wire.STATUS_SIZE)
        self._told_lost = False
        self._do = {
            wire.CMD_STOP: self.stop,
            wire.CMD_ACK: self._acknowledge,
            wire.CMD_RESEND: self._resend,
            wire.CMD_LIST: fetching.list,
            wire.CMD_FETCH: fetching.fetch,
            wire.CMD_TIME: board.set_unix_s,
            wire.CMD_CUE: sounder.play,
            wire.CMD_COACH: settings.set_coach,
        }

    async def sample(self):
        """Task: samples into packets, whether or not a host is there."""
        while True:
            if self.state == wire.STATE_STREAMING:
                self.sensor.service()
                self._stream.drain()
            elif self.watching:
                self.sensor.service()
                self._stream.look()
            await asyncio.sleep_ms(_TURN_MS)

    async def talk(self):
        """Task: commands in, packets and status out."""
        radio = self.radio
        session = radio.session
        turn = 0
        linked = False
        while True:
            if session != radio.session or (self.listening and not radio.connected):
                session = radio.session
                self.listening = self._spoken = self._answer_due = False
                self._fetching.cancel()
                self.ring.unsend()
                turn = 0
            data = None if self._answer_due else radio.command()
            if data is not None:
                await self._obey(data)
                turn = 0
            if linked != radio.connected:
                linked = radio.connected
                turn = 0
            if turn % _STATUS_TURNS == 0:  # a stranger who is just being shown out must not read it
                radio.set_status(self._pack_status() if linked else b"")
            turn += 1
            radio.stay_visible()
            self._keep()
            await asyncio.sleep_ms(_TURN_MS if self._send() else _BACK_OFF_MS)

    def _send(self):
        if self._answer_due:
            if not self.radio.notify_status(self._status):
                return False
            self._answer_due = False
        if not self._fetching.pump():
            return False
        return not self.listening or self.radio.send(self.ring)

    def _keep(self):
        """While no host listens, packets go to the flash; they stay in the ring for a host that is soon back."""
        log = self.log
        if self.listening:
            log.end()
            return
        packet = self.ring.unsaved()
        if packet is None:
            if self.state == wire.STATE_IDLE:
                log.end()
            return
        if not log.recording:
            log.begin(board.unix_s())
            self._spare_run = log.recording
        log.add(packet)
        self.ring.saved += 1

    def _forget_kept(self, sequence):
        """A host that came back in time has every packet of the run that was begun for it: it need not be kept."""
        if self._spare_run and sequence >= self.ring.saved - 1:
            self.log.remove(self._spare_run)
            self._spare_run = 0

    async def _obey(self, data):
        self._spoken = True
        result, opcode, values = wire.parse_command(data)
        if result == wire.RESULT_OK:
            if opcode == wire.CMD_START:
                result = await self._start(values[0])
            elif opcode == wire.CMD_CONFIRM:
                result = await self._fetching.confirm(*values)
            elif opcode == wire.CMD_STANDING:
                result = await self._stand(*values)
            else:
                result = self._do[opcode](*values) or wire.RESULT_OK
            if opcode in _UNANSWERED and result == wire.RESULT_OK:
                return
        self.last = opcode, result
        self._answer_due = True

    async def _start(self, rate_hz):
        if not self.radio.fits(wire.SAMPLES_PER_PACKET[rate_hz]):
            return wire.RESULT_MTU_TOO_SMALL
        result = await self.start_alone(rate_hz)
        self.listening = result == wire.RESULT_OK
        return result

    async def start_alone(self, rate_hz):
        """A new stream, whether or not a host is there to take it; the result."""
        samples_per_packet = wire.SAMPLES_PER_PACKET[rate_hz]
        self.stop()
        while not self.listening and self.ring.unsaved() is not None:
            self._keep()
        self.log.end()
        granted_mhz = await self.sensor.start(rate_hz)
        if not granted_mhz:
            self.state = wire.STATE_NO_SENSOR
            return wire.RESULT_NO_SENSOR
        gc.collect()
        self.wearer.gait.begin(granted_mhz // 1000)
        self.wearer.coach.begin()
        self._stream.begin(_new_stream_id(self.ring.stream_id), rate_hz, granted_mhz)
        self._spare_run = 0
        self._samples_per_packet = samples_per_packet
        self.rate_hz = (granted_mhz + 500) // 1000
        self.state = wire.STATE_STREAMING
        return wire.RESULT_OK

    async def watch(self):
        """Let the sensor run, to see whether the runner does, or stands; nothing is sent or kept."""
        if self.state == wire.STATE_STREAMING or self.watching:
            return
        granted_mhz = await self.sensor.start(_WATCH_HZ)
        self.state = wire.STATE_IDLE if granted_mhz else wire.STATE_NO_SENSOR
        if granted_mhz:
            self.wearer.gait.begin(granted_mhz // 1000)
            self.watching = True

    async def _stand(self, x, y, z):
        if x or y or z:
            self._settings.set_standing(x, y, z)
            return wire.RESULT_OK
        await self.watch()
        if self.state == wire.STATE_NO_SENSOR:
            return wire.RESULT_NO_SENSOR
        self.wearer.coach.measure_standing()
        return wire.RESULT_OK

    def tell(self, battery_pct, cadence_spm):
        """The standard services' values."""
        self.radio.tell_battery(battery_pct)
        self.radio.tell_running(cadence_spm)

    def calibrate(self, on):
        """Let the chip calibrate its accelerometer, or not."""
        if self.streaming or self.watching:
            self.sensor.calibrate(on)

    def mark(self, flag):
        """The next packet carries this flag."""
        self._stream.mark(flag)

    def rest(self):
        """Before sleep: everything is in the flash, the radio is off, the chip waits for motion."""
        self.stop()
        while self.ring.unsaved() is not None:
            self._keep()
        self.log.end()
        self.radio.off()
        self.sensor.doze()

    def stop(self):
        """End the stream; its last samples go out in a short packet."""
        if self.watching:
            self.watching = False
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
        self._forget_kept(sequence)
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
        return self.radio.connected and self._spoken

    @property
    def streaming(self):
        """Whether there is a stream."""
        return self.state == wire.STATE_STREAMING

    @property
    def recording(self):
        """Whether packets go to the flash."""
        return self.log.recording > 0

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
        return self.state == wire.STATE_NO_SENSOR or ((self.watching or self.streaming) and not self.sensor.present)

    def lost_sensor(self):
        """True once, each time that the sensor goes missing."""
        missing = self.sensor_missing
        told = self._told_lost
        self._told_lost = missing
        return missing and not told

    def _pack_status(self):
        status.pack(self._status, self)
        return self._status
