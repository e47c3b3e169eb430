# Builds the status that answers commands and reads, from the state of control.py and the parts it connects.

import wire

from services import FIRMWARE_VERSION


def pack(buffer, control):
    """Write the clip's status into `buffer`."""
    ring = control.ring
    store = control.store
    wire.pack_status(
        buffer,
        FIRMWARE_VERSION,
        wire.STATE_NO_SENSOR if control.sensor_missing else control.state,
        control.standalone.battery_pct,
        control.rate_hz,
        ring.stream_id,
        ring.oldest,
        ring.next,
        control.sensor.resets,
        control.last[0],
        control.last[1],
        _conditions(control),
        store.count,
        control.losses.runs,
        store.free_kb(),
        control.standalone.gait.cadence_spm(),
        control.losses.packets,
    )


def _conditions(control):
    tuck_cue = control.standalone.tuck_cue
    return (
        (wire.COND_PAIRING if control.pairing_open else 0)
        | (wire.COND_RECORDING if control.recording else 0)
        | (wire.COND_FULL if control.store.full else 0)
        | (wire.COND_TUCK_CUE if tuck_cue.armed else 0)
        | (wire.COND_STANDING if tuck_cue.measuring else 0)
        | (wire.COND_RUNNING if control.standalone.gait.run_began_ms >= 0 else 0)
        | (wire.COND_FAULT if control.radio.faulty else 0)
        | (wire.COND_TRUNK if control.radio.trunk else 0)
    )
