"""The host's link and the real firmware over the virtual radio: finding, streaming, commands, rejections.

Every measured sample is compared with the received one. test_ble_faults.py tests faults of the radio.
"""

from __future__ import annotations

import asyncio
import logging
import re
import struct
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason
from virtual_clip.bleak_backend import make_backend
from virtual_clip.clip import CLIP_ADDRESS, HOST_ADDRESS, RadioChannel, VirtualClip
from virtual_clip.stream_checks import QUICK, assert_all_came, collect, motion

import untuck
from untuck import wire
from untuck.errors import LinkError
from untuck.sources.ble import BleSource, Timeouts, find_clips
from untuck.sources.clip_status import rejection
from untuck.sources.remedies import shorten_addresses


@asynccontextmanager
async def raw_client(clip: VirtualClip) -> AsyncIterator[BleakClient]:
    """A paired client without Untuck's link, for arbitrary writes."""
    device = await BleakScanner.find_device_by_address(CLIP_ADDRESS, timeout=3, backend=clip.backend.scanner)
    assert device is not None
    async with (
        clip.backend.open_stack().pairing_agent(CLIP_ADDRESS),
        BleakClient(device, backend=clip.backend.client, pair=True) as client,
    ):
        yield client


@pytest.mark.parametrize("rate_hz", wire.RATES_HZ)
async def test_streams_without_loss(rate_hz: int) -> None:
    samples = motion(12, rate_hz)
    async with VirtualClip(samples, speed=4) as clip:
        async with BleSource(rate_hz, backend=clip.backend, timeouts=QUICK) as source:
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
            async with BleSource(rate_hz, backend=clip.backend, timeouts=QUICK) as source:
                async for packet in source.packets():
                    head = wire.unpack_header(packet.data)
                    if head[3] == 5:
                        break
                streams.append(head[2])
                assert head[7] == wire.SAMPLES_PER_PACKET[rate_hz]
        assert 0 not in streams and streams[0] != streams[1]


async def test_clips_are_found_by_their_service() -> None:
    async with VirtualClip(motion(1, 100)) as clip:
        await clip.channel.make_device("a headset", "D0:D1:D2:D3:D4:D5").power_on()
        found = await find_clips(1.0, clip.backend)
        assert [(one.name, one.address) for one in found] == [("UntkA4B5", CLIP_ADDRESS)]


async def test_an_unknown_address_is_not_replaced_by_another_clip() -> None:
    async with VirtualClip(motion(1, 100)) as clip:
        with pytest.raises(LinkError, match=r"No clip in range.*AA:BB"):
            async with BleSource(address="AA:BB:CC:DD:EE:FF", backend=clip.backend, timeouts=Timeouts(scan_s=0.5)):
                pass


async def test_packets_are_acknowledged_as_they_are_consumed() -> None:
    async with VirtualClip(motion(6, 100), speed=2) as clip:
        async with BleSource(100, backend=clip.backend, timeouts=QUICK) as source:
            await collect(source, 500)
        acks = [struct.unpack("<HI", data[1:])[1] for data in clip.peripheral.written if data[0] == wire.CMD_ACK]
        assert len(acks) >= 10 and acks == sorted(acks) and acks[-1] >= 99
        assert source.status is not None and source.status.oldest_seq > 80


MALFORMED = [
    (b"", 0, wire.RESULT_BAD_LENGTH),
    (b"\x01", wire.CMD_START, wire.RESULT_BAD_LENGTH),
    (b"\x01\x64\x00\x00", wire.CMD_START, wire.RESULT_BAD_LENGTH),
    (struct.pack("<BH", wire.CMD_START, 75), wire.CMD_START, wire.RESULT_BAD_RATE),
    (struct.pack("<BH", wire.CMD_START, 0), wire.CMD_START, wire.RESULT_BAD_RATE),
    (b"\x02\x00", wire.CMD_STOP, wire.RESULT_BAD_LENGTH),
    (b"\x03\x00\x00", wire.CMD_ACK, wire.RESULT_BAD_LENGTH),
    (wire.command(wire.CMD_RESEND, 1, 0)[:-1], wire.CMD_RESEND, wire.RESULT_BAD_LENGTH),
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
            return wire.unpack_status(await asyncio.wait_for(answers.get(), 15))

        for command, opcode, result in MALFORMED:
            status = await answer(command)
            assert (status[4], *status[6:13]) == (wire.STATE_IDLE, 0, 0, 0, 0, 0, opcode, result), command
        assert not stream

        stream_id = (await answer(wire.command(wire.CMD_START, 100)))[7]
        wrong = (
            (wire.command(wire.CMD_ACK, stream_id ^ 1, 0), wire.RESULT_WRONG_STREAM),
            (wire.command(wire.CMD_ACK, stream_id, 100000), wire.RESULT_NOT_KEPT),
            (wire.command(wire.CMD_RESEND, stream_id ^ 1, 0), wire.RESULT_WRONG_STREAM),
            (wire.command(wire.CMD_RESEND, stream_id, 100000), wire.RESULT_NOT_KEPT),
        )
        for command, result in [*wrong, *((command, result) for command, _, result in MALFORMED)]:
            status = await answer(command)
            assert (status[4], status[6], status[7], status[8]) == (wire.STATE_STREAMING, 100, stream_id, 0), command
            assert status[12] == result, command
        async with asyncio.timeout(60):
            while len(stream) < 30:
                await asyncio.sleep(0.05)
        heads = [wire.unpack_header(packet) for packet in stream]
        assert [head[3] for head in heads] == list(range(len(heads)))
        read = wire.unpack_status(bytes(await client.read_gatt_char(wire.STATUS_UUID)))
        assert read[11:13] == (wire.CMD_STOP, wire.RESULT_BAD_LENGTH) and read[9] > 0


@pytest.mark.parametrize(("host", "update"), [(4, "update the firmware on the clip"), (1, "update this program")])
async def test_another_protocol_version_is_rejected(host: int, update: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with VirtualClip(motion(1, 100)) as clip:
        monkeypatch.setattr(wire, "PROTOCOL_VERSION", host)
        with pytest.raises(LinkError, match=f"speaks protocol 3, this program {host}: {update}"):
            async with BleSource(backend=clip.backend, timeouts=QUICK):
                pass
        assert clip.peripheral.written == []


async def test_short_radio_packets_are_rejected_with_a_remedy() -> None:
    async with VirtualClip(motion(1, 100), mtu=185, speed=2) as clip:
        with pytest.raises(LinkError, match="choose a lower rate"):
            async with BleSource(200, backend=clip.backend, timeouts=QUICK):
                pass
        async with BleSource(100, backend=clip.backend, timeouts=QUICK) as source:
            assert len(await collect(source, 100)) >= 20


async def test_a_clip_without_a_sensor_is_reported() -> None:
    async with VirtualClip(motion(1, 100), speed=8) as clip:
        clip.sim.faults.absent = True
        with pytest.raises(LinkError, match="motion sensor does not answer"):
            async with BleSource(backend=clip.backend, timeouts=QUICK):
                pass


def test_every_result_has_a_message_that_says_what_to_do() -> None:
    results = [getattr(wire, name) for name in dir(wire) if name.startswith("RESULT_") and name != "RESULT_OK"]
    assert len(results) == 13
    for result in results:
        assert re.fullmatch(r"The clip rejected a command: .+: .+\.", rejection(result))
    assert "result 99" in rejection(99)


async def test_the_log_has_the_connection_and_no_whole_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="untuck")
    async with VirtualClip(motion(4, 100), speed=2) as clip:
        async with BleSource(100, backend=clip.backend, timeouts=QUICK) as source:
            await collect(source, 100)
        with pytest.raises(LinkError, match=CLIP_ADDRESS[:-1]):
            async with BleSource(address=CLIP_ADDRESS[:-1] + "0", backend=clip.backend, timeouts=Timeouts(scan_s=0.3)):
                pass
    assert "found clip ...A4B5" in caplog.text and "connected" in caplog.text and "100 Hz" in caplog.text
    assert CLIP_ADDRESS not in caplog.text and len(caplog.records) < 20


def test_addresses_are_shortened_in_texts() -> None:
    assert shorten_addresses(f"no {CLIP_ADDRESS}!") == "no ...A4B5!"
    assert shorten_addresses("dev_F0_F1_F2_F3_A4_B5 5E1D0CBA-0F0E-4C00-9F1A-0123456789AB") == "dev_...A4B5 ...89AB"


async def test_no_clip_in_range() -> None:
    host = RadioChannel().make_device("host", HOST_ADDRESS)
    await host.power_on()
    backend = make_backend(host)
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
        (BleakBluetoothNotAvailableReason.DENIED_BY_USER, "allow"),
        (BleakBluetoothNotAvailableReason.DENIED_BY_UNKNOWN, "allow"),  # macOS before the user has answered
        (BleakBluetoothNotAvailableReason.UNKNOWN, "Bluetooth is not available, .*: switch it off and on"),
    ],
)
async def test_the_systems_bluetooth_errors_become_remedies(
    reason: BleakBluetoothNotAvailableReason, remedy: str
) -> None:
    host = RadioChannel().make_device("host", HOST_ADDRESS)
    whole = make_backend(host)

    async def start(_: object) -> None:
        raise BleakBluetoothNotAvailableError("no radio", reason)

    broken = type("Broken", (whole.scanner,), {"start": start})
    with pytest.raises(LinkError, match=remedy) as told:
        await find_clips(0.1, replace(whole, scanner=broken))
    assert "no radio" not in str(told.value)  # the library's words are for the log


@pytest.mark.parametrize(
    ("system", "name", "words"),
    [
        ("darwin", "DENIED_BY_USER", "Privacy & Security, Bluetooth, then close the terminal"),
        ("darwin", "SERVICE_DOWN", "System Settings"),
        ("darwin", "POWERED_OFF", "System Settings"),
        ("win32", "DENIED_BY_USER", "Radios"),
        ("win32", "SERVICE_DOWN", "Settings, Bluetooth & devices"),
        ("linux", "SERVICE_DOWN", "systemctl"),
    ],
)
def test_each_system_has_its_own_remedy(system: str, name: str, words: str) -> None:
    """Nobody on a Mac is sent to systemctl."""
    program = f"import sys; sys.platform = {system!r}; from untuck.sources import remedies as r; print(r.{name})"
    place = str(Path(untuck.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {place!r}); import bleak; {program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert words in done.stdout and ("systemctl" in done.stdout) == (system == "linux")
