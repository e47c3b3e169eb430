"""Sends samples, strides and cues live to other programs: three Lab Streaming Layer outlets (pylsl).

Time stamps are sensor time converted to LSL's clock by the least delayed packets, not arrival times.
Owns names, channels and units of the streams.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import ModuleType, TracebackType
from typing import Any

import numpy as np

from untuck.errors import ReportError
from untuck.events import CueDecided, CueSuppressed, Event, StrideMeasured
from untuck.model import Cue, SuppressedCue
from untuck.report.dictionary import SAMPLES, STRIDES
from untuck.samples import Samples

IMU = tuple(column for column in SAMPLES[1:11])
GAIT = tuple(column for column in STRIDES if column.kind != "text")
DRIFT = 2e-4  # largest relative drift between the clocks
SLEW = 0.05  # rate at which an offset that began with a late packet is corrected


class Outlet:
    """The three streams, "Untuck samples", "Untuck strides" and "Untuck cues"; closed at the end of a with statement.

    source_id: distinguishes this clip's streams from others'. The streams open with the first samples, which define the
    rate. Raises ReportError if pylsl or its library is missing.
    """

    def __init__(self, source_id: str) -> None:
        self._pylsl = _load()
        self._source_id = source_id
        self._streams: dict[str, Any] = {}
        self._clock_s = 0.0  # LSL time minus sensor time, by the least delayed packets
        self._last_s = 0.0

    def push(self, samples: Samples, events: Sequence[Event]) -> None:
        """Send the samples of a packet, and the strides and cues among its events."""
        if not self._streams:
            if len(samples) < 2:
                return
            self._open_all(float(np.round(1.0 / np.median(np.diff(samples.time_s)))))
        if len(samples):
            self._follow_clock(float(samples.time_s[-1]))
            chip = np.zeros((len(samples), 4)) if samples.quat is None else samples.quat
            rows = np.hstack([samples.gyr_rad_s, samples.acc_m_s2, chip])
            self._streams["samples"].push_chunk(rows.tolist(), (samples.time_s + self._clock_s).tolist())
        for event in events:
            match event:
                case StrideMeasured(stride=stride):
                    stamp_s = float(stride["start_s"] + stride["duration_s"]) + self._clock_s
                    self._streams["strides"].push_sample([float(stride[c.name]) for c in GAIT], stamp_s)
                case CueDecided(cue=cue) | CueSuppressed(cue=cue):
                    self._streams["cues"].push_sample([_marker(cue)], cue.time_s + self._clock_s)
                case _:
                    pass

    def __enter__(self) -> Outlet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._streams.clear()  # the library closes a stream that is no longer referenced

    def _follow_clock(self, newest_s: float) -> None:
        """Follow the least delayed packets slowly, so that time stamps never run backwards."""
        offset_s, step_s = float(self._pylsl.local_clock()) - newest_s, max(newest_s - self._last_s, 0.0)
        if self._last_s == 0.0:
            self._clock_s = offset_s
        self._clock_s = min(self._clock_s + DRIFT * step_s, max(offset_s, self._clock_s - SLEW * step_s))
        self._last_s = newest_s

    def _open_all(self, rate_hz: float) -> None:
        p = self._pylsl
        self._streams = {
            "samples": self._open("samples", "IMU", IMU, rate_hz, p.cf_double64),
            "strides": self._open("strides", "Gait", GAIT, p.IRREGULAR_RATE, p.cf_double64),
            "cues": self._open("cues", "Markers", (), p.IRREGULAR_RATE, p.cf_string),
        }

    def _open(self, name: str, kind: str, columns: Sequence[Any], rate_hz: float, form: int) -> Any:
        info = self._pylsl.StreamInfo(
            name=f"Untuck {name}",
            type=kind,
            channel_count=max(len(columns), 1),
            nominal_srate=rate_hz,
            channel_format=form,
            source_id=f"untuck-{self._source_id}-{name}",
        )
        channels = info.desc().append_child("channels")
        for column in columns:
            channel = channels.append_child("channel")
            channel.append_child_value("label", column.name)
            channel.append_child_value("unit", column.unit)
        return self._pylsl.StreamOutlet(info)


def _marker(cue: Cue | SuppressedCue) -> str:
    """A cue as one line of JSON."""
    reason = cue.reason if isinstance(cue, SuppressedCue) else ""
    marker = {"fault": cue.fault, "side": cue.side, "time_s": cue.time_s, "sounded": not reason, "reason": reason}
    return json.dumps(marker)


def _load() -> ModuleType:
    try:
        import pylsl
    except (ImportError, OSError, RuntimeError) as error:
        raise ReportError(
            f"Lab Streaming Layer is not available ({str(error).splitlines()[0]}): pip install pylsl, or omit --lsl."
        ) from error
    return pylsl  # type: ignore[no-any-return]
