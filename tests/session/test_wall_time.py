"""Wall time of a session in which the clip restarts: strides, FIT export and merging keep the host's time.

The clip's clock begins near 0 with each restart; only the packets' arrival says how long the restart took.
"""

from __future__ import annotations

import functools
import io
import math

import fitdecode
import numpy as np
import pytest

from untuck import wire
from untuck.model import Packet
from untuck.motion.clock import STEP_S
from untuck.motion.decode import Decoder
from untuck.report import fit_activity, fit_bytes
from untuck.report.fit_merge import merge
from untuck.run_results import Run
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.reanalysis import reanalyse, unix_zero_s
from untuck.simulate.packets import pack
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.store import Settings, Store, StoredSession

STARTED_S = 1_760_000_000.0


HALF_S = 167.0  # when the clip restarts


@functools.cache
def plain() -> list[bytes]:
    """The packets of a run without a restart."""
    phases = (Phase("stand", 7.0), Phase("run", 160.0), Phase("run", 160.0), Phase("stand", 5.0))
    return pack(simulate(Scenario(phases), seed=3).samples, 100)


def packets(boot_s: float = 2.0, pause_s: float = 300.0) -> tuple[list[Packet], float]:
    """A run whose clip restarts in its middle, with a clock that begins at boot_s, and the time of the last sample."""
    out = []
    for number, data in enumerate(plain()):
        head = wire.unpack_header(data)
        at_s = head[4] + head[5] * 1e-6
        late_s = 0.04 * (number % 3)
        if at_s >= HALF_S:
            again, clock_us = bytearray(data), round(1e6 * (at_s - HALF_S + boot_s))
            wire.pack_header(again, head[1], head[2] + 1, head[3], *divmod(clock_us, 1_000_000), head[6], head[7])
            wire.seal(again, head[7])
            data, late_s = bytes(again), late_s + pause_s
        out.append(Packet(data, 50.0 + at_s + late_s))
    return out, at_s + pause_s


def store(run: list[Packet]) -> StoredSession:
    with Store().record("clip X", "run", Settings(rate_hz=100), STARTED_S) as recording:
        for packet in run:
            recording.append(packet)
    return Store().open()


def watch_bytes(run: Run, pause_s: float) -> bytes:
    """A watch that saw it all, once a second, from the run without a restart; its cadence is 0 in the pause."""
    strides = run.strides
    layout = fit_bytes.Definition(fit_bytes.RECORD, False, ((253, 4, 0x86), (4, 1, 0x02)), ())
    whole = fit_bytes.definition_bytes(0, layout)
    for second in range(int(run.time_s[-1] + pause_s)):
        at_s = second if second < HALF_S else max(second - pause_s, HALF_S)
        k = max(int(np.searchsorted(strides["start_s"], at_s)) - 1, 0)
        standing = at_s == HALF_S or not 0 <= at_s - strides["start_s"][k] < 1.5
        stamp = second + int(STARTED_S) - fit_bytes.EPOCH_UNIX_S
        whole += (
            bytes([0]) + stamp.to_bytes(4, "little") + bytes([0 if standing else round(strides["cadence_spm"][k] / 2)])
        )
    header = b"\x0e\x20\x54\x08" + len(whole).to_bytes(4, "little") + b".FIT"
    header += fit_bytes.crc(header).to_bytes(2, "little")
    return header + whole + fit_bytes.crc(header + whole).to_bytes(2, "little")


@pytest.mark.parametrize("boot_s", [2.0, 400.0])  # the second: the new clock is ahead of the old one
def test_strides_after_a_restart_keep_their_wall_time(own_home: object, boot_s: float) -> None:
    run, last_s = packets(boot_s)
    session = store(run)
    found = reanalyse(session)
    zero_s = unix_zero_s(session, found)
    assert found.summary.signal.restarts == 1
    assert zero_s + found.run.time_s[-1] - STARTED_S == pytest.approx(last_s, abs=0.5)
    stop_s = last_s - 5.0
    assert zero_s + found.run.strides["start_s"][-1] - STARTED_S == pytest.approx(stop_s, abs=2.0)

    written = fit_activity.to_fit(found.run, found.summary, zero_s)
    times = [m.time_s for m in fit_bytes.read(written, "ours").data(fit_bytes.RECORD) if m.unsigned(4) is not None]
    assert times[-1] is not None
    assert times[-1] + fit_bytes.EPOCH_UNIX_S - STARTED_S == pytest.approx(stop_s, abs=3.0)


def test_merging_fills_the_run_on_both_sides_of_a_restart(own_home: object) -> None:
    watch = watch_bytes(reanalyse(store([Packet(data, 0.05 * k) for k, data in enumerate(plain())])).run, 300.0)
    session = store(packets()[0])
    found = reanalyse(session)
    merged = merge(watch, "watch.fit", found.run, unix_zero_s(session, found))
    assert abs(merged.match.offset_s) <= 3.0
    filled = {True: 0, False: 0}
    for frame in fitdecode.FitReader(io.BytesIO(merged.data)):
        if isinstance(frame, fitdecode.FitDataMessage) and frame.name == "record":
            tilt = frame.get_value("pelvic_tilt", fallback=None)
            filled[bool(frame.get_value("cadence"))] += tilt is not None and not math.isnan(tilt)
    assert filled[True] > 250 and filled[False] < 5


def test_live_and_stored_sessions_have_the_same_time_after_a_restart(own_home: object) -> None:
    run, _ = packets()
    live = PacketPipeline(Settings(rate_hz=100))
    for packet in run:
        live.push(packet)
    stored = reanalyse(store(run)).run
    assert live.pipeline.run().time_s[-1] == stored.time_s[-1]
    assert abs(live.last_s - stored.time_s[-1]) <= STEP_S  # of the clip's clock and the analysis's


def test_a_new_stream_of_the_same_clock_keeps_its_time() -> None:
    run, _ = packets(boot_s=0.0, pause_s=0.0)
    decoder, data = Decoder(), [packet.data for packet in run]
    decoder.arrival_s = 10.0
    first = decoder.push(data[:100])
    head = wire.unpack_header(data[100])
    again = bytearray(data[100])
    wire.pack_header(again, head[1], 77, 0, head[4] + 40, head[5], head[6], head[7])
    wire.seal(again, head[7])
    decoder.arrival_s = 10.0 + 43.0  # 3 s late
    after = decoder.push([bytes(again)])
    assert decoder.restarts == 1
    assert after.time_s[0] - first.time_s[-1] == pytest.approx(40.0, abs=0.1)


def test_arrivals_that_run_back_are_not_believed() -> None:
    """Runs that the clip kept are stored with the clip's own time as arrival."""
    run, _ = packets()
    decoder = Decoder()
    times = []
    for packet in run:
        head = wire.unpack_header(packet.data)
        decoder.arrival_s = head[4] + head[5] * 1e-6
        times.append(decoder.push([packet.data]).time_s)
    assert (np.diff(np.concatenate(times)) > 0).all()
    assert np.diff(np.concatenate(times)).max() < 1.5
