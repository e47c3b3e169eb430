"""What two clips recorded without a computer becomes one session; a trunk alone is never taken for a pelvis."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest
from tests.paired import pair_both
from virtual_clip.pair import two_clips
from virtual_clip.stream_checks import QUICK

from untuck.model import Packet
from untuck.motion.trunk.join import SEARCH_S, join_clocks
from untuck.motion.trunk.offset import clock_offset
from untuck.samples import Samples
from untuck.session.joined_runs import join_run
from untuck.session.kept_runs import fetch_runs
from untuck.session.reanalysis import SYNC_MODE, decode, reanalyse
from untuck.session.run_fetching import as_received
from untuck.simulate.packets import pack
from untuck.simulate.scenario import Phase, Scenario
from untuck.simulate.trunk import SHIRT, STRAP, SimulatedPair, simulate_pair
from untuck.sources.ble import BleSource
from untuck.store import Settings, Store, StoredSession
from untuck.store.config import Config
from untuck.store.merging import add_to_session
from untuck.vocabulary import Role

CALIBRATED = (Phase("stand", 8.0), *[Phase("hinge", 3.5)] * 3, Phase("stand", 4.0))
RUN = Scenario((*CALIBRATED, Phase("run", 100.0), Phase("stand", 15.0), Phase("run", 120.0), Phase("stand", 5.0)))
BEGAN_UNIX_S = 1_800_000_000.0


def simulated(seed: int) -> SimulatedPair:
    return simulate_pair(RUN, seed, clip=replace(STRAP, offset_s=0.0))


def on_own_clock(samples: Samples, ahead_s: float, drift: float) -> Samples:
    """Samples of a clip whose clock shows so much more, and runs faster."""
    time_s = samples.time_s * (1.0 + drift) + ahead_s
    return Samples(time_s, samples.gyr_rad_s, samples.acc_m_s2, samples.quat)


def stored(pair: SimulatedPair) -> int:
    """The pelvis's run as fetched; returns the session's number."""
    packets = list(pack(pair.pelvis.samples, 100))
    settings = Settings(rate_hz=100, runner="Ada")
    with Store().record("clip UntkA4B5", SYNC_MODE, settings, BEGAN_UNIX_S) as recording:
        for packet in as_received(packets):
            recording.append(packet)
    return recording.id


def kept(pair: SimulatedPair, ahead_s: float, drift: float) -> list[bytes]:
    return list(pack(on_own_clock(pair.trunk, ahead_s, drift), 100))


@pytest.mark.parametrize("clip", [STRAP, SHIRT])
@pytest.mark.parametrize(("ahead_s", "drift"), [(0.0, 0.0), (61.3, 80e-6), (-114.2, -80e-6)])
def test_clocks_that_are_minutes_apart_are_joined_to_within_what_the_clip_is_worn_on(
    clip: object, ahead_s: float, drift: float
) -> None:
    pair = simulate_pair(RUN, 5, clip=replace(clip, offset_s=0.0))  # type: ignore[type-var]
    worn_s = clock_offset(pair.pelvis.samples, pair.trunk).offset_s  # of the strikes, up the spine and in the garment
    clocks = join_clocks(pair.pelvis.samples, on_own_clock(pair.trunk, ahead_s, drift))
    assert clocks is not None
    for true_s in pair.trunk.time_s[[0, 10_000, -1]]:
        assert clocks.of_pelvis(true_s * (1.0 + drift) + ahead_s) - true_s == pytest.approx(-worn_s, abs=0.003)


def test_two_other_runs_of_the_same_runner_are_not_joined() -> None:
    other = simulate_pair(Scenario((*CALIBRATED, Phase("run", 90.0), Phase("stand", 20.0), Phase("run", 130.0))), 8)
    assert join_clocks(simulated(6).pelvis.samples, other.trunk) is None


def test_recordings_without_a_minute_of_running_are_not_joined() -> None:
    pair = simulate_pair(Scenario((*CALIBRATED, Phase("run", 20.0), Phase("stand", 5.0))), 5)
    assert join_clocks(pair.pelvis.samples, pair.trunk) is None


def test_what_the_trunks_clip_kept_joins_the_session_of_the_same_run() -> None:
    pair = simulated(6)
    number = stored(pair)
    packets = kept(pair, 500.0, 40e-6)
    store = Store()
    added = join_run(store, "clip UntkA4B6", packets, BEGAN_UNIX_S + 37.0, lambda _: None)
    assert added == added.__class__(number, len(packets))
    session = store.open(number)
    assert session.settings().trunk and session.trunk_source == "clip UntkA4B6" and session.trunk_count == len(packets)
    found = reanalyse(session)
    assert found.summary.trunk is not None and (found.summary.signal.lost, found.summary.trunk.lost) == (0, 0)
    strides = found.run.strides[found.run.strides["valid"]]
    seen = strides[strides["trunk_reason"] == ""]
    assert len(seen) > 0.95 * len(strides) > 100
    middle_s = seen["start_s"] + seen["duration_s"] / 2
    true_deg = np.interp(middle_s, pair.truth.time_s, smoothed(pair.truth.lean_deg))
    assert np.sqrt(np.mean((seen["trunk_lean_deg"] - true_deg) ** 2)) < 1.0
    again = add_to_session(store, "clip UntkA4B6", packets, Role.TRUNK)  # as when the run is fetched twice
    assert again == again.__class__(number, 0)


def smoothed(values: np.ndarray) -> np.ndarray:
    """Mean over about a stride, at the samples' 100 Hz."""
    return np.convolve(values, np.ones(71) / 71, "same")


def test_a_run_of_the_trunk_alone_becomes_no_session() -> None:
    pair = simulated(6)
    packets = kept(pair, 500.0, 0.0)
    assert join_run(Store(), "clip UntkA4B6", packets, BEGAN_UNIX_S, lambda _: None).session is None
    stored(pair)  # of another day
    late_s = BEGAN_UNIX_S + 86_400.0 + SEARCH_S
    assert join_run(Store(), "clip UntkA4B6", packets, late_s, lambda _: None).session is None
    assert len(Store().sessions()) == 1 and Store().open().trunk_count == 0


def test_a_part_that_the_trunks_clip_kept_of_a_live_session_is_placed_where_it_was_measured() -> None:
    pair = simulated(6)
    whose = ((Role.PELVIS, pair.pelvis.samples, 0.06), (Role.TRUNK, pair.trunk, 0.07))
    live = [Packet(data, at_s, role) for role, samples, late_s in whose for data, at_s in arriving(samples, late_s)]
    live.sort(key=lambda packet: packet.arrival_s)
    gone = [each for each in live if each.role == Role.TRUNK and 80.0 < each.arrival_s < 110.0]
    with Store().record(
        "clip UntkA4B5", "run", Settings(rate_hz=100, trunk=True), trunk_source="clip UntkA4B6"
    ) as made:
        for packet in live:
            if packet not in gone:
                made.append(packet)
    without = reanalyse(Store().open()).run.strides
    added = add_to_session(Store(), "clip UntkA4B6", [packet.data for packet in gone], Role.TRUNK)
    assert added.new == len(gone) > 500
    completed = list(Store().open().packets())
    assert [packet.data for packet in completed] == [packet.data for packet in live]
    strides = reanalyse(Store().open()).run.strides
    within = (strides["start_s"] > 81.0) & (strides["start_s"] < 108.0) & strides["valid"]
    assert within.sum() > 20
    assert (without["trunk_reason"][within] != "").all() and (strides["trunk_reason"][within] == "").mean() > 0.95


def arriving(samples: Samples, late_s: float) -> list[tuple[bytes, float]]:
    """The packets of a clip, each so long after its first sample."""
    return [(packet.data, packet.arrival_s + late_s) for packet in as_received(list(pack(samples, 100)))]


@pytest.mark.slow
async def test_what_both_clips_kept_of_one_run_is_fetched_into_one_session() -> None:
    """Both record on after the computer has failed; fetched before the pelvis's, the trunk's run stays on its clip."""
    pair = simulate_pair(Scenario((Phase("stand", 30.0), Phase("run", 110.0), Phase("stand", 300.0))), 7, clip=STRAP)
    said: list[str] = []
    async with asyncio.timeout(600), two_clips(pair.pelvis.samples, pair.trunk, speed=8, begins_s=0.0) as clips:
        pelvis, trunk = clips
        await pair_both(pelvis, trunk, "Ada")
        for clip in clips:
            source = BleSource(100, clip.address, pelvis.backend, QUICK)
            await source.__aenter__()  # and never left: the computer fails
            async for _ in source.packets():
                break
            pelvis.channel.set_in_range(False, clip.address)
            await clip.peripheral.drop()
            await source._close()
        await pelvis.sleep(max(0.0, 145.0 - pelvis.clock.now_us() / 1e6))
        pelvis.channel.set_in_range(True, pelvis.address)
        pelvis.channel.set_in_range(True, trunk.address)
        config = Config(name="Ada")
        options = {"backend": pelvis.backend, "config": config, "stop": True}
        (refused,) = await fetch_runs(trunk.address, said.append, **options)
        assert refused["session"] is None and not Store().sessions()
        assert any("stays on the clip" in text for text in said)
        (row,) = await fetch_runs(pelvis.address, said.append, **options)
        (joined,) = await fetch_runs(trunk.address, said.append, **options)
        assert joined["session"] == row["session"] is not None
        assert await fetch_runs(trunk.address, said.append, **options) == []
    session = Store().open()
    assert session.trunk_count == joined["packets"] > 1500 and session.runner == "Ada"
    strides = reanalyse(session).run.strides
    valid = strides[strides["valid"]]
    offset = clock_offset(*both(session))
    assert len(valid) > 100 and abs(offset.offset_s) < 0.01


def both(session: StoredSession) -> tuple[Samples, Samples]:
    """The samples of both clips on the pelvis's clock."""
    decoded = decode(session)
    assert decoded.trunk is not None
    return decoded.samples, decoded.trunk
