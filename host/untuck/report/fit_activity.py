"""A session as a FIT activity: one record a second with native running dynamics and Untuck's developer fields.

fit-tool writes the activity; developer fields are added as in a watch's file. A native field is written only if its
meaning is the same: no step length or distance without a measured speed, no torso oscillation from a pelvis.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from fit_tool.fit_file_builder import FitFileBuilder
from fit_tool.profile.messages.activity_message import ActivityMessage
from fit_tool.profile.messages.event_message import EventMessage
from fit_tool.profile.messages.file_id_message import FileIdMessage
from fit_tool.profile.messages.lap_message import LapMessage
from fit_tool.profile.messages.record_message import RecordMessage
from fit_tool.profile.messages.session_message import SessionMessage
from fit_tool.profile.profile_type import Activity, Event, EventType, FileType, Manufacturer, Sport, SubSport

from untuck.errors import ReportError
from untuck.limits import MOST_SESSION_S
from untuck.report import fit_bytes as fb
from untuck.report import fit_fields
from untuck.report.summary import Summary
from untuck.run_results import Run
from untuck.session_commands import Lap


def to_fit(run: Run, summary: Summary, unix_zero_s: float) -> bytes:
    """The bytes of a FIT activity. unix_zero_s: unix time of the run's sensor time 0.

    Raises ReportError for a run without strides.
    """
    if len(run.strides) == 0:
        raise ReportError("this session has no strides: no activity was written.")
    first_s, last_s = math.floor(unix_zero_s + run.time_s[0]) + 1, math.floor(unix_zero_s + run.time_s[-1])
    if last_s - first_s > MOST_SESSION_S:
        raise ReportError("the times of this session are too far apart: no activity was written.")
    means = fit_fields.StrideMeans(run)
    builder = FitFileBuilder(auto_define=True)
    builder.add(_file_id(first_s))
    builder.add(_timer(first_s, EventType.START))
    for second in range(first_s, last_s + 1):
        builder.add(_record(means, second, second - unix_zero_s))
    builder.add(_timer(last_s, EventType.STOP_ALL))
    edges = [first_s, *(s for s in _laps(run, unix_zero_s) if first_s < s < last_s), last_s]
    for number, (start, end) in enumerate(pairwise(edges)):
        builder.add(_lap(number, start, end))
    builder.add(_session(summary, first_s, last_s, len(edges) - 1))
    builder.add(_activity(first_s, last_s))
    fit = fb.read(builder.build_bytes(), "the activity")

    now_s = np.arange(first_s, last_s + 1) - unix_zero_s
    rows = iter(fit_fields.rows(means, now_s - 1.0, now_s, big_endian=False))
    intro, layout = fit_fields.describe(0, means.fields), fit_fields.layout(0, means.fields)
    return fb.write(fb.with_developer_fields(fit, intro, layout, lambda _: next(rows)))


def _laps(run: Run, unix_zero_s: float) -> list[int]:
    laps = [each.time_s for each in run.commands if isinstance(each, Lap) and math.isfinite(each.time_s)]
    return [round(unix_zero_s + time_s) for time_s in laps]


def _file_id(start_s: int) -> FileIdMessage:
    message = FileIdMessage()
    message.type = FileType.ACTIVITY
    message.manufacturer = Manufacturer.DEVELOPMENT.value
    message.product = 0
    message.serial_number = 0x756E7475
    message.time_created = 1000 * start_s
    return message


def _timer(at_s: int, kind: EventType) -> EventMessage:
    message = EventMessage()
    message.timestamp = 1000 * at_s
    message.event, message.event_type = Event.TIMER, kind
    return message


def _record(means: fit_fields.StrideMeans, second: int, now_s: float) -> RecordMessage:
    message = RecordMessage()
    message.timestamp = 1000 * second
    cadence = means.value("cadence_spm", now_s - 1.0, now_s)
    if not math.isnan(cadence):
        message.cadence = int(cadence / 2)  # FIT counts one leg's strides
        message.fractional_cadence = int(cadence / 2 % 1 * 128) / 128
        message.stance_time = means.value("contact_ms", now_s - 1.0, now_s)
        message.stance_time_balance = means.value("balance_left_pct", now_s - 1.0, now_s)
    return message


def _lap(number: int, start_s: int, end_s: int) -> LapMessage:
    message = LapMessage()
    message.message_index = number
    message.timestamp, message.start_time = 1000 * end_s, 1000 * start_s
    message.total_elapsed_time = message.total_timer_time = float(end_s - start_s)
    message.sport = Sport.RUNNING
    return message


def _session(summary: Summary, start_s: int, end_s: int, laps: int) -> SessionMessage:
    message = SessionMessage()
    message.timestamp, message.start_time = 1000 * end_s, 1000 * start_s
    message.total_elapsed_time = message.total_timer_time = float(end_s - start_s)
    message.sport, message.sub_sport = Sport.RUNNING, SubSport.GENERIC
    message.first_lap_index, message.num_laps = 0, laps
    message.total_cycles = summary.strides
    m = summary.medians
    if m["cadence_spm"] is not None:
        message.avg_cadence = int(m["cadence_spm"] / 2)
        message.avg_fractional_cadence = int(m["cadence_spm"] / 2 % 1 * 128) / 128
    if m["contact_left_ms"] is not None and m["contact_right_ms"] is not None:
        message.avg_stance_time = 0.5 * (m["contact_left_ms"] + m["contact_right_ms"])
        message.avg_stance_time_balance = m["balance_left_pct"]
    return message


def _activity(start_s: int, end_s: int) -> ActivityMessage:
    message = ActivityMessage()
    message.timestamp = 1000 * end_s
    message.total_timer_time = float(end_s - start_s)
    message.num_sessions = 1
    message.type = Activity.MANUAL
    message.event, message.event_type = Event.ACTIVITY, EventType.STOP
    return message
