"""Packets of two clips in any order of arrival: live, packet by packet, equals the whole at once, to the bit."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from untuck import wire
from untuck.model import Packet
from untuck.samples import Samples
from untuck.session.clip_decoders import ClipDecoders
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.reanalysis import decode, reanalyse
from untuck.session_commands import Lap, SessionCommand, StaleData
from untuck.simulate.packets import pack
from untuck.simulate.scenario import Phase, Scenario
from untuck.simulate.trunk import simulate_pair
from untuck.store import Settings, Store, codec
from untuck.vocabulary import Role

SCENARIO = Scenario((Phase("stand", 7), Phase("hinge", 10.5), Phase("stand", 2.5), Phase("run", 50), Phase("stand", 3)))
BEGIN_S = {Role.PELVIS: 0.0, Role.TRUNK: 41.0}  # of each clip's clock


def moved(samples: Samples, by_s: float) -> Samples:
    return Samples(samples.time_s + by_s, samples.gyr_rad_s, samples.acc_m_s2, samples.quat, samples.acc_end_m_s2)


@cache
def of_clips() -> dict[Role, list[bytes]]:
    pair = simulate_pair(SCENARIO, 12)
    samples = {Role.PELVIS: pair.pelvis.samples, Role.TRUNK: pair.trunk}
    return {role: pack(moved(samples[role], BEGIN_S[role] + 0.01), 100, 3 + at) for at, role in enumerate(Role)}


def sent(role: Role, late_s: list[float], outage_s: tuple[float, float] = (0.0, 0.0)) -> list[Packet]:
    """The packets of a clip with delays in turn; those of an outage come when it ends."""
    packets, arrival_s = [], 0.0
    for number, data in enumerate(of_clips()[role]):
        ready_s = 0.05 * (number + 1)
        due_s = outage_s[1] if outage_s[0] < ready_s < outage_s[1] else ready_s
        arrival_s = max(arrival_s, due_s + late_s[number % len(late_s)])
        packets.append(Packet(data, 1000.0 + arrival_s, role))
    return packets


delays = st.lists(st.floats(0.001, 0.08), min_size=1, max_size=7)
outages = st.tuples(st.floats(0, 25), st.floats(0, 10)).map(lambda span: (span[0], span[0] + span[1]))


@settings(deadline=None, max_examples=15)
@given(late=st.tuples(delays, delays), outage=st.tuples(outages, outages), lap=st.integers(0, 1100))
def test_samples_and_commands_do_not_depend_on_how_many_packets_come_at_once(
    late: tuple[list[float], list[float]], outage: tuple[tuple[float, float], ...], lap: int
) -> None:
    packets = sent(Role.PELVIS, late[0], outage[0])[:600] + sent(Role.TRUNK, late[1], outage[1])[:600]
    packets = sorted(packets, key=lambda each: each.arrival_s)
    packets[lap] = packets[lap]._replace(data=with_lap(packets[lap].data))
    whole, single = ClipDecoders(1.0, trunk=True), ClipDecoders(1.0, trunk=True)
    found, commands = list[tuple[Role, Samples]](), list[object]()
    for part in whole.push(packets):
        found.append(part)
        commands += whole.commands
    one_by_one, later = list[tuple[Role, Samples]](), list[object]()
    for packet in packets:
        one_by_one += single.push([packet])
        later += single.commands
    assert commands == later and any(isinstance(each, Lap) for each in commands)
    for role in Role:
        first, second = (
            np.concatenate([each.time_s for of, each in parts if of == role]) for parts in (found, one_by_one)
        )
        assert first.tobytes() == second.tobytes() and (np.diff(first) > 0).all()


def with_lap(data: bytes) -> bytes:
    """The same packet with the button pressed."""
    changed = bytearray(data)
    changed[1] |= wire.FLAG_LAP
    wire.seal(changed, changed[18])
    return bytes(changed)


def test_a_trunk_that_vanishes_and_returns_late_is_analysed_as_live(tmp_path: Path) -> None:
    """Its packets of 15 s come at once: live judges the pelvis alone meanwhile, and so does the analysis afterwards."""
    settings_here = Settings(rate_hz=100, trunk=True)
    packets = sent(Role.PELVIS, [0.01, 0.03]) + sent(Role.TRUNK, [0.02, 0.005, 0.04], (35.0, 50.0))
    packets = sorted(packets, key=lambda each: each.arrival_s)
    live = PacketPipeline(settings_here)
    store = Store(tmp_path / "s.db")
    with store.record("clip A", "run", settings_here, trunk_source="clip B") as recording:
        for packet in packets:
            recording.append(packet)
            live.push(packet)
    live.finish()
    again = reanalyse(store.open(1))
    run = live.pipeline.run()
    assert again.run.strides.tobytes() == run.strides.tobytes()
    assert codec.to_json(again.summary) == codec.to_json(live.summary())
    absent = run.strides["trunk_reason"] == "no trunk"
    assert 10 < absent.sum() < 25 and (run.strides["trunk_reason"] == "").sum() > 20
    decoded = decode(store.open(1))
    assert decoded.trunk is not None and len(decoded.trunk) == len(decoded.samples)


def test_a_trunk_nobody_expected_is_decoded_too() -> None:
    decoders = ClipDecoders(1.0)
    assert decoders.trunk is None
    parts = list(decoders.push(sorted(sent(Role.PELVIS, [0.01]) + sent(Role.TRUNK, [0.01]), key=lambda p: p.arrival_s)))
    assert decoders.trunk is not None and {role for role, samples in parts if len(samples)} == set(Role)


def test_cues_are_no_longer_suppressed_once_a_corrected_clock_is_known() -> None:
    """The host's clock is set 1.5 s ahead after 3 s, and stays so."""
    decoders, found = ClipDecoders(stale_s=0.7), list[SessionCommand]()
    for number, packet in enumerate(sent(Role.PELVIS, [0.01, 0.05])):
        arrival_s = packet.arrival_s + (1.5 if number >= 60 else 0.0)
        for _ in decoders.push([packet._replace(arrival_s=arrival_s)]):
            found += decoders.commands
    assert [command.on for command in found if isinstance(command, StaleData)] == [True, False]
    assert 59.9 < found[1].time_s - found[0].time_s < 66.0
