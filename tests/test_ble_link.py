"""The host's link and the real firmware over the virtual radio: streaming, faults of the air, refusals, bad input.

Every sample that the simulated sensor measured is compared with what arrives, number by number.
What must hold between the radio's two ends lives here; the firmware's ring alone is in test_ring.py.
"""

from __future__ import annotations

import asyncio
import struct
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason
from numpy.typing import NDArray
from tests.virtual_board.bleak_backend import make_backend
from tests.virtual_board.bumble_peripheral import NOTIFY_CREDITS
from tests.virtual_board.clip import CLIP_ADDRESS, HOST_ADDRESS, Air, VirtualClip
from tests.virtual_board.clock import affordable_speed
from tests.virtual_board.motion_feed import chip_values

from untuck import wire
from untuck.errors import LinkError
from untuck.model import Packet, Samples
from untuck.motion.decode import Decoder
from untuck.sources.ble import Backend, BleSource, Timeouts, find_clips

QUICK = Timeouts(scan_s=3, connect_s=5, call_s=2, close_s=2, silence_s=3, outage_s=20)


def motion(seconds: float, rate_hz: int, seed: int = 1) -> Samples:
    """Noise, so that no two samples are alike."""
    rng = np.random.default_rng(seed)
    count = round(seconds * rate_hz)
    quat = rng.normal(size=(count, 4))
    quat /= np.linalg.norm(quat, axis=1)[:, None]
    return Samples(np.arange(count) / rate_hz, rng.normal(size=(count, 3)), 10 * rng.normal(size=(count, 3)), quat)


def fed(samples: Samples) -> NDArray[np.int64]:
    """(N,10) what the sensor measures of a motion."""
    assert samples.quat is not None
    return chip_values(samples.gyr_rad_s, samples.acc_m_s2, samples.quat)


def received(packets: list[Packet]) -> NDArray[np.int64]:
    """(N,10) what came, in the order in which it came."""
    rows = [
        wire.unpack_sample(packet.data, index)
        for packet in packets
        for index in range(wire.unpack_header(packet.data)[7])
    ]
    return np.array(rows, dtype=np.int64).reshape(-1, 10)


def assert_all_came(packets: list[Packet], samples: Samples) -> None:
    """Not one sample is missing, doubled, changed or out of its place, and time runs evenly."""
    rows, want = received(packets), fed(samples)
    assert len(rows) >= len(want)
    np.testing.assert_array_equal(rows[: len(want)], want)
    heads = [wire.unpack_header(packet.data) for packet in packets]
    assert [head[3] for head in heads] == list(range(len(heads)))
    assert {head[2] for head in heads} == {heads[0][2]}
    times_s = Decoder().push([packet.data for packet in packets]).time_s
    period_s = samples.time_s[1]
    assert np.abs(np.diff(times_s) - period_s).max() < 0.1 * period_s


async def collect(source: BleSource, count: int) -> list[Packet]:
    """Packets until `count` samples are in, and what the clip still had when it was told to stop."""
    packets: list[Packet] = []
    samples = 0
    async for packet in source.packets():
        packets.append(packet)
        samples += wire.unpack_header(packet.data)[7]
        if samples >= count > samples - wire.unpack_header(packet.data)[7]:
            await source.stop()
    return packets


@asynccontextmanager
async def raw_client(clip: VirtualClip) -> AsyncIterator[BleakClient]:
    """A client that writes what it likes."""
    device = await BleakScanner.find_device_by_address(CLIP_ADDRESS, timeout=3, backend=clip.backend.scanner)
    assert device is not None
    async with BleakClient(device, backend=clip.backend.client) as client:
        yield client


async def meanwhile(clip: VirtualClip, samples: Samples, rate_hz: int, disturb: Callable[[], object]) -> BleSource:
    """Stream all of `samples` while `disturb` goes on; everything must come."""
    async with BleSource(rate_hz, backend=clip.backend, timeouts=QUICK) as source:
        task = asyncio.ensure_future(disturb())  # type: ignore[arg-type]
        packets = await collect(source, len(samples))
        await task
    assert_all_came(packets, samples)
    assert source.lost == 0
    return source


@pytest.mark.parametrize("rate_hz", wire.RATES_HZ)
async def test_streams_without_loss(rate_hz: int) -> None:
    samples = motion(12, rate_hz)
    async with VirtualClip(samples, speed=affordable_speed(4)) as clip:
        async with BleSource(rate_hz, backend=clip.backend) as source:
            assert source.name == "UntkA4B5" and source.address == CLIP_ADDRESS
            assert source.status is not None and source.status.state == wire.STATE_STREAMING
            assert source.status.rate_hz == rate_hz
            packets = await collect(source, len(samples))
            assert source.status.state == wire.STATE_IDLE
        assert_all_came(packets, samples)
        assert (source.lost, source.resent, source.corrupt, source.reconnects) == (0, 0, 0, 0)
        arrivals_s = np.array([packet.arrival_s for packet in packets])
        assert (np.diff(arrivals_s) >= 0).all()


async def test_each_start_is_a_new_stream() -> None:
    samples = motion(1, 100)
    async with VirtualClip(samples, speed=4) as clip:
        streams = []
        for rate_hz in (100, 50):
            async with BleSource(rate_hz, backend=clip.backend) as source:
                async for packet in source.packets():
                    head = wire.unpack_header(packet.data)
                    if head[3] == 5:
                        break
                streams.append(head[2])
                assert head[7] == wire.SAMPLES_PER_PACKET[rate_hz]
        assert 0 not in streams and streams[0] != streams[1]


async def test_clips_are_found_by_their_service() -> None:
    async with VirtualClip(motion(1, 100)) as clip:
        await clip.air.make_device("a headset", "D0:D1:D2:D3:D4:D5").power_on()
        found = await find_clips(1.0, clip.backend)
        assert [(one.name, one.address) for one in found] == [("UntkA4B5", CLIP_ADDRESS)]


async def test_an_unknown_address_is_not_replaced_by_another_clip() -> None:
    async with VirtualClip(motion(1, 100)) as clip:
        with pytest.raises(LinkError, match=r"No clip in range.*AA:BB"):
            async with BleSource(address="AA:BB:CC:DD:EE:FF", backend=clip.backend, timeouts=Timeouts(scan_s=0.5)):
                pass


async def test_a_stall_of_two_seconds_loses_nothing() -> None:
    samples = motion(6, 100)
    async with VirtualClip(samples) as clip:

        async def stall() -> None:
            await asyncio.sleep(1.5)
            clip.air.hold()
            await asyncio.sleep(1.9)
            assert clip.peripheral.in_flight == NOTIFY_CREDITS  # the firmware got ENOMEM for all beyond
            await asyncio.sleep(0.1)
            clip.air.release()

        source = await meanwhile(clip, samples, 100, stall)
        assert source.reconnects == 0 and source.corrupt == 0


async def test_a_dropped_connection_is_resumed_without_loss() -> None:
    speed = affordable_speed(4)
    samples = motion(6.0 * speed, 100)
    async with VirtualClip(samples, speed=speed) as clip:

        async def drop() -> None:
            for seconds in (0.2, 1.0):
                await asyncio.sleep(1.0)
                clip.air.hold()
                await asyncio.sleep(0.3)
                clip.air.lose()  # what was on its way never arrives
                clip.air.set_in_range(False)
                await clip.peripheral.drop()
                await asyncio.sleep(seconds)
                clip.air.set_in_range(True)

        source = await meanwhile(clip, samples, 100, drop)
        assert source.reconnects == 2 and source.resent > 12 and source.restarts == 0


async def test_an_outage_longer_than_the_ring_is_counted_and_flagged() -> None:
    samples = motion(40, 200)
    async with VirtualClip(samples, speed=8) as clip:

        async def drop() -> None:
            await asyncio.sleep(0.5)
            clip.air.set_in_range(False)
            await clip.peripheral.drop()
            await asyncio.sleep(2.0)  # 16 s of the clip's; it keeps 5.8 s
            clip.air.set_in_range(True)

        async with BleSource(200, backend=clip.backend, timeouts=QUICK) as source:
            task = asyncio.ensure_future(drop())
            packets = await collect(source, len(samples) - 3500)
            await task
        decoder = Decoder()
        decoder.push([packet.data for packet in packets])
        heads = [wire.unpack_header(packet.data) for packet in packets]
        sequences = np.array([head[3] for head in heads])
        missing = int(sequences[-1]) + 1 - len(sequences)
        assert missing == source.lost == decoder.lost > 100
        assert (np.diff(sequences) > 1).sum() <= 2 and (np.diff(sequences) > 0).all()
        assert any(head[1] & wire.FLAG_OVERRUN for head in heads)


def damaged(packet: bytes) -> bytes:
    changed = bytearray(packet)
    changed[30] ^= 0x10
    return bytes(changed)


async def test_damaged_truncated_and_lost_packets_are_asked_for_again() -> None:
    samples = motion(8, 100)
    harm: dict[int, Callable[[bytes], bytes | None]] = {
        4: damaged,
        30: lambda packet: packet[:-7],
        31: lambda packet: packet[:3],
        60: lambda packet: None,
        90: lambda packet: packet + b"\0",
    }

    def damage(packet: bytes) -> bytes | None:
        change = harm.pop(wire.unpack_header(packet)[3], None)
        return packet if change is None else change(packet)

    async with VirtualClip(samples, speed=2) as clip:
        clip.peripheral.damage = damage
        async with BleSource(100, backend=clip.backend, timeouts=QUICK) as source:
            packets = await collect(source, len(samples))
        assert_all_came(packets, samples)
        assert not harm and source.corrupt == 4 and source.resent >= 5 and source.lost == 0


async def test_a_packet_that_never_comes_whole_is_given_up_and_counted() -> None:
    samples = motion(12, 100)
    async with VirtualClip(samples, speed=2) as clip:
        clip.peripheral.damage = lambda packet: damaged(packet) if wire.unpack_header(packet)[3] == 20 else packet
        async with BleSource(100, backend=clip.backend, timeouts=QUICK) as source:
            packets = await collect(source, len(samples) - 5)
        sequences = [wire.unpack_header(packet.data)[3] for packet in packets]
        assert 20 not in sequences and sequences == [*range(20), *range(21, sequences[-1] + 1)]
        assert source.lost == 1 and source.corrupt >= 3


async def test_packets_are_acknowledged_as_they_are_consumed() -> None:
    async with VirtualClip(motion(6, 100), speed=2) as clip:
        async with BleSource(100, backend=clip.backend) as source:
            await collect(source, 500)
        acks = [struct.unpack("<HI", data[1:])[1] for data in clip.peripheral.written if data[0] == wire.CMD_ACK]
        assert len(acks) >= 10 and acks == sorted(acks) and acks[-1] >= 99
        assert source.status is not None and source.status.oldest_seq > 80


async def test_the_end_of_a_stream_is_asked_for_when_it_is_lost() -> None:
    samples = motion(4, 100)
    async with VirtualClip(samples, speed=2) as clip:
        again: set[int] = set()

        def lose_once(packet: bytes) -> bytes | None:
            sequence = wire.unpack_header(packet)[3]
            late = sequence >= 60 and sequence not in again
            again.add(sequence)
            return None if late else packet

        clip.peripheral.damage = lose_once
        async with BleSource(100, backend=clip.backend, timeouts=QUICK) as source:
            packets = []
            async for packet in source.packets():
                packets.append(packet)
                if len(packets) == 60:
                    await asyncio.sleep(0.3)
                    await source.stop()
        heads = [wire.unpack_header(packet.data) for packet in packets]
        assert [head[3] for head in heads] == list(range(len(heads)))
        assert source.status is not None and len(heads) > 60 and source.lost == source.reconnects == 0


MALFORMED = [
    (b"", 0, wire.RESULT_BAD_LENGTH),
    (b"\x01", wire.CMD_START, wire.RESULT_BAD_LENGTH),
    (b"\x01\x64\x00\x00", wire.CMD_START, wire.RESULT_BAD_LENGTH),
    (struct.pack("<BH", wire.CMD_START, 75), wire.CMD_START, wire.RESULT_BAD_RATE),
    (struct.pack("<BH", wire.CMD_START, 0), wire.CMD_START, wire.RESULT_BAD_RATE),
    (b"\x02\x00", wire.CMD_STOP, wire.RESULT_BAD_LENGTH),
    (b"\x03\x00\x00", wire.CMD_ACK, wire.RESULT_BAD_LENGTH),
    (wire.resend_command(1, 0)[:-1], wire.CMD_RESEND, wire.RESULT_BAD_LENGTH),
    (b"\x7f", 0x7F, wire.RESULT_UNKNOWN_COMMAND),
    (b"\xff" * 200, 0xFF, wire.RESULT_UNKNOWN_COMMAND),
    (b"\x02" * 60, wire.CMD_STOP, wire.RESULT_BAD_LENGTH),
]


async def test_malformed_commands_change_nothing() -> None:
    async with VirtualClip(motion(30, 100), speed=2) as clip, raw_client(clip) as client:
        answers: asyncio.Queue[bytes] = asyncio.Queue()
        stream: list[bytes] = []
        await client.start_notify(wire.STATUS_UUID, lambda _, data: answers.put_nowait(bytes(data)))
        await client.start_notify(wire.STREAM_UUID, lambda _, data: stream.append(bytes(data)))

        async def answer(command: bytes) -> tuple[int, ...]:
            await client.write_gatt_char(wire.CONTROL_UUID, command, response=True)
            return wire.unpack_status(await asyncio.wait_for(answers.get(), 2))

        for command, opcode, result in MALFORMED:
            status = await answer(command)
            assert status[4:] == (wire.STATE_IDLE, wire.BATTERY_UNKNOWN, 0, 0, 0, 0, 0, opcode, result), command
        assert not stream

        stream_id = (await answer(wire.start_command(100)))[7]
        wrong = (
            (wire.ack_command(stream_id ^ 1, 0), wire.RESULT_WRONG_STREAM),
            (wire.ack_command(stream_id, 100000), wire.RESULT_NOT_KEPT),
            (wire.resend_command(stream_id ^ 1, 0), wire.RESULT_WRONG_STREAM),
            (wire.resend_command(stream_id, 100000), wire.RESULT_NOT_KEPT),
        )
        for command, result in [*wrong, *((command, result) for command, _, result in MALFORMED)]:
            status = await answer(command)
            assert (status[4], status[6], status[7], status[8]) == (wire.STATE_STREAMING, 100, stream_id, 0), command
            assert status[12] == result, command
        async with asyncio.timeout(5):
            while len(stream) < 30:
                await asyncio.sleep(0.05)
        heads = [wire.unpack_header(packet) for packet in stream]
        assert [head[3] for head in heads] == list(range(len(heads)))
        read = wire.unpack_status(bytes(await client.read_gatt_char(wire.STATUS_UUID)))
        assert read[11:] == (wire.CMD_STOP, wire.RESULT_BAD_LENGTH) and read[9] > 0


@pytest.mark.parametrize(("host", "update"), [(2, r"update the clip \(untuck flash\)"), (0, "update this program")])
async def test_another_protocol_version_is_refused(host: int, update: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with VirtualClip(motion(1, 100)) as clip:
        monkeypatch.setattr(wire, "PROTOCOL_VERSION", host)
        with pytest.raises(LinkError, match=f"speaks protocol 1, this program {host}: {update}"):
            async with BleSource(backend=clip.backend, timeouts=QUICK):
                pass
        assert clip.peripheral.written == []


async def test_short_radio_packets_are_refused_with_a_remedy() -> None:
    async with VirtualClip(motion(1, 100), mtu=185, speed=2) as clip:
        with pytest.raises(LinkError, match="ask for a lower rate"):
            async with BleSource(200, backend=clip.backend, timeouts=QUICK):
                pass
        async with BleSource(100, backend=clip.backend, timeouts=QUICK) as source:
            assert len(await collect(source, 100)) >= 20


async def test_a_clip_without_a_sensor_says_so() -> None:
    async with VirtualClip(motion(1, 100), speed=8) as clip:
        clip.sim.faults.absent = True
        with pytest.raises(LinkError, match="motion sensor does not answer"):
            async with BleSource(backend=clip.backend, timeouts=QUICK):
                pass


async def test_a_sensor_that_falls_silent_ends_the_stream_with_a_remedy() -> None:
    timeouts = Timeouts(scan_s=3, connect_s=5, call_s=2, close_s=2, silence_s=1)
    async with (
        VirtualClip(motion(4, 100), speed=4) as clip,
        BleSource(backend=clip.backend, timeouts=timeouts) as source,
    ):
        with pytest.raises(LinkError, match="No data from the clip for 1 s"):
            async for _ in source.packets():
                clip.sim.faults.absent = True


async def test_a_clip_that_was_switched_off_and_on_starts_a_new_stream() -> None:
    async with VirtualClip(motion(20, 100), speed=4) as clip:
        streams: list[int] = []
        async with BleSource(backend=clip.backend, timeouts=QUICK) as source:
            async for packet in source.packets():
                streams.append(wire.unpack_header(packet.data)[2])
                if len(streams) == 20:
                    await clip.switch_off()
                    await clip.switch_on()
                if len(streams) == 60:
                    await source.stop()
        assert source.restarts == 1 and source.reconnects == 1
        assert streams[0] != streams[-1] and streams == sorted(streams, key=[streams[0], streams[-1]].index)


async def test_a_clip_that_does_not_come_back_is_given_up() -> None:
    timeouts = Timeouts(scan_s=0.5, connect_s=2, call_s=1, close_s=1, silence_s=2, outage_s=1.5)
    async with (
        VirtualClip(motion(4, 100), speed=4) as clip,
        BleSource(backend=clip.backend, timeouts=timeouts) as source,
    ):
        with pytest.raises(LinkError, match=r"did not come back within 1.5 s\. No clip in range"):
            async for _ in source.packets():
                clip.air.set_in_range(False)
                await clip.peripheral.drop()


async def test_a_call_that_hangs_times_out() -> None:
    timeouts = Timeouts(scan_s=3, connect_s=5, call_s=0.5, close_s=0.5)
    async with VirtualClip(motion(4, 100)) as clip, BleSource(backend=clip.backend, timeouts=timeouts) as source:
        clip.air.hold()
        with pytest.raises(LinkError, match=r"within 0\.5 s"):
            await source.stop()
        clip.air.release()


async def test_no_clip_in_range() -> None:
    host = Air().make_device("host", HOST_ADDRESS)
    await host.power_on()
    backend = Backend(*make_backend(host))
    with pytest.raises(LinkError, match="No clip in range: switch the clip on"):
        async with BleSource(backend=backend, timeouts=Timeouts(scan_s=0.3)):
            pass
    assert await find_clips(0.3, backend) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux's own Bluetooth")
@pytest.mark.skipif(any(Path("/sys/class/bluetooth").glob("*")), reason="this machine has a Bluetooth adapter")
async def test_without_an_adapter_the_error_says_what_to_do() -> None:
    with pytest.raises(LinkError, match="Bluetooth"):
        await find_clips(0.3)
    with pytest.raises(LinkError, match="Bluetooth"):
        async with BleSource():
            pass


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        (BleakBluetoothNotAvailableReason.POWERED_OFF, "Bluetooth is off: switch it on"),
        (BleakBluetoothNotAvailableReason.NO_BLUETOOTH, "No Bluetooth adapter found: plug one in"),
        (BleakBluetoothNotAvailableReason.DENIED_BY_USER, "allow it in the system's privacy settings"),
        (BleakBluetoothNotAvailableReason.UNKNOWN, "not available"),
    ],
)
async def test_what_the_system_says_about_bluetooth_becomes_a_remedy(
    reason: BleakBluetoothNotAvailableReason, remedy: str
) -> None:
    host = Air().make_device("host", HOST_ADDRESS)
    scanner, client = make_backend(host)

    async def start(_: object) -> None:
        raise BleakBluetoothNotAvailableError("no radio", reason)

    broken = type("Broken", (scanner,), {"start": start})
    with pytest.raises(LinkError, match=remedy):
        await find_clips(0.1, Backend(broken, client))
