# What the clip does without a host: button, cues, automatic start and stop, sleep, LED pattern.
# on_sample() is called for every sample and allocates nothing; run() is a task with a period of 20 ms.

import asyncio
from time import ticks_diff, ticks_ms

import wire
from micropython import const

import button
import sounder as sounds
from button import Button

_TURN_MS = const(20)
_MONITOR_AFTER_MS = const(60000)  # idle without a host: switch the sensor on to detect running
_START_AFTER_MS = const(10000)  # running: start recording
_STOP_AFTER_MS = const(240000)  # not running: stop recording
_SLEEP_AFTER_MS = const(900000)  # idle without a host: sleep
_CALM_MS = const(10000)  # without a step: the BNO085 may calibrate its accelerometer
_BATTERY_EVERY_MS = const(30000)
_LOW_PCT = const(10)
_SAVE_EVERY_S = const(10)  # the counts of what was lost
_RATE_HZ = const(100)
_FLASH_BLINKS = const(3)  # in a group, where the flash is full or broken; two: the battery is low
# Open-circuit voltage of a lithium polymer cell in mV, and its charge in per cent
_CURVE = ((3300, 0), (3600, 8), (3700, 22), (3800, 45), (3900, 62), (4000, 77), (4100, 90), (4180, 100))


def battery_pct(voltage_mv):
    """Charge in per cent; wire.BATTERY_UNKNOWN if no cell has this voltage."""
    if not 2500 < voltage_mv < 4500:
        return wire.BATTERY_UNKNOWN
    below_mv, below_pct = _CURVE[0]
    for mv, pct in _CURVE:
        if voltage_mv < mv:
            return max(0, below_pct + (pct - below_pct) * (voltage_mv - below_mv) // max(1, mv - below_mv))
        below_mv, below_pct = mv, pct
    return 100


class Standalone:
    """Uses gait.py, tuck_cue.py, sounder.py, and the inputs and sleep() of board.py."""

    def __init__(self, gait, tuck_cue, sounder, inputs, sleep):
        self.battery_pct = wire.BATTERY_UNKNOWN
        self.low = False
        self.gait = gait
        self.tuck_cue = tuck_cue
        self._sounder = sounder
        self._inputs = inputs
        self._sleep = sleep
        self._button = Button()
        self._alone_ms = 0  # idle without a host
        self._resting_ms = 0  # streaming without a host, not running
        self._battery_ms = 0
        self._updated_s = 0

    def on_sample(self, sample, time_s, time_us):
        """Process a sample in wire order."""
        self.tuck_cue.add(self.gait.add(sample, time_s, time_us))

    async def run(self, control):
        """Task: button, cues, battery, state, light. The light shows the start until the sensor has answered or not."""
        await control.probe_sensor()
        before_ms = ticks_ms()
        while True:
            now_ms = ticks_ms()
            passed_ms = ticks_diff(now_ms, before_ms)
            before_ms = now_ms
            await self._handle_press(control, self._button.feed(self._inputs.pressed(), passed_ms))
            self._play_cue(control)
            self._measure_battery(passed_ms)
            await self._manage_state(control, passed_ms)
            self._update_services(control)
            self._show_state(control)
            await asyncio.sleep_ms(_TURN_MS)

    async def _handle_press(self, control, press):
        if press == button.SHORT:
            if self.gait.run_began_ms >= 0 or control.listening:
                control.mark(wire.FLAG_LAP)
            else:
                await control.monitor()
                self.tuck_cue.measure_standing()
        elif press == button.LONG:
            control.open_pairing()
        elif press == button.VERY_LONG:
            self._fall_asleep(control, False)

    def _play_cue(self, control):
        cue = self.tuck_cue.cue()
        if control.sensor_just_lost():
            cue = wire.CUE_LOST
        if control.flash_just_failed():
            self._sounder.play(wire.CUE_FULL)  # also while a host listens: it may be too far away to say so
        if cue and not (control.listening and control.attended):
            self._sounder.play(cue)

    def _measure_battery(self, passed_ms):
        self._battery_ms -= passed_ms
        if self._battery_ms <= 0:
            self._battery_ms = _BATTERY_EVERY_MS
            self.battery_pct = battery_pct(self._inputs.battery_mv())
            self.low = self.battery_pct <= _LOW_PCT

    def _update_services(self, control):
        """Once a second: update the standard services and the accelerometer's calibration."""
        second = ticks_ms() // 1000
        if second != self._updated_s:
            self._updated_s = second
            if self.low:
                control.mark(wire.FLAG_LOW_BATTERY)
            if second % _SAVE_EVERY_S == 0:
                control.losses.save()
            control.update_services(self.battery_pct, self.gait.cadence_spm())
            control.calibrate(ticks_diff(self.gait.now_ms, self.gait.last_step_ms) > _CALM_MS)

    async def _manage_state(self, control, passed_ms):
        if control.attended:
            self._alone_ms = self._resting_ms = 0
            return
        gait = self.gait
        running_ms = ticks_diff(gait.now_ms, gait.run_began_ms) if gait.run_began_ms >= 0 else 0
        if control.streaming:
            self._alone_ms = 0
            self._resting_ms = 0 if running_ms else self._resting_ms + passed_ms
            if self._resting_ms > _STOP_AFTER_MS:
                self._resting_ms = 0
                control.stop()
                await control.monitor()
            return
        self._alone_ms += passed_ms
        if control.monitoring and running_ms > _START_AFTER_MS:
            await control.start_stream(_RATE_HZ)
        elif self._alone_ms > _SLEEP_AFTER_MS:
            self._fall_asleep(control, True)
        elif self._alone_ms > _MONITOR_AFTER_MS and not control.monitoring:
            await control.monitor()

    def _fall_asleep(self, control, until_motion):
        """Sleep until the button is pressed or, if asked and possible, until motion; the clip then restarts."""
        wakes_on_motion = control.prepare_sleep(until_motion)
        self._sounder.off()
        self._sleep(wakes_on_motion)

    def _show_state(self, control):
        """Choose the light: what the user has just asked for, then faults, then the state."""
        if control.window_open:
            light = sounds.LIGHT_PAIRING
        elif control.sensor_missing:
            light = sounds.LIGHT_NO_SENSOR
        elif control.recording:
            light = sounds.LIGHT_RECORDING
        elif control.pairing_open:
            light = sounds.LIGHT_PAIRING
        elif control.connected or control.streaming:
            light = sounds.LIGHT_CONNECTED
        else:
            light = sounds.LIGHT_IDLE
        alone = light is sounds.LIGHT_PAIRING or light is sounds.LIGHT_NO_SENSOR
        self._sounder.show(light, 0 if alone else _FLASH_BLINKS if control.store.full else 1 + self.low)
