"""Web Bluetooth as a backend of bleak: the firmware's packets through a simulated window, and Chrome's errors.

The window is Python (virtual_clip/virtual_window.py); test_bluetooth_page.py has the real one, in Chromium.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from virtual_clip.clip import VirtualClip
from virtual_clip.stream_checks import QUICK, assert_all_came, collect, fed, motion, received
from virtual_clip.virtual_window import GONE, HANG, VirtualWindow

from untuck import wire
from untuck.errors import LinkError
from untuck.model import Packet
from untuck.phone.app import bluetooth_errors
from untuck.phone.app.bridge import BridgeError
from untuck.phone.app.web_bluetooth import WebRadio
from untuck.sources import remedies
from untuck.sources.ble import BleSource, Timeouts, find_clips
from untuck.sources.ble_runs import ClipRuns
from untuck.sources.clip_setup import UNKNOWN_DBM, is_weak
from untuck.sources.run_decoder import decode_run

NOT_AUTHORIZED = ("SecurityError", "GATT operation not authorized.")
WHILE_ANDROID_PAIRS = [
    NOT_AUTHORIZED,
    ("NetworkError", "GATT Error: Not paired."),
    ("NotSupportedError", "GATT operation not permitted."),
    ("NotSupportedError", "GATT operation failed for unknown reason."),
    ("NotSupportedError", "GATT Error: Unknown GattErrorCode."),
    ("NetworkError", "GATT operation already in progress."),
]
REMEDIES = [  # where, the exception of Chrome, the beginning of what the user reads
    ("read", NOT_AUTHORIZED, remedies.NOT_PAIRED),
    ("read", ("NetworkError", "GATT Error: Not paired."), remedies.NOT_PAIRED),
    ("read", ("NotSupportedError", "GATT operation not permitted."), remedies.NOT_PAIRED),
    ("read", GONE, remedies.NOT_PAIRED),  # the clip ends the link of a stranger
    ("read", ("NotSupportedError", "GATT operation failed for unknown reason."), remedies.NOT_PAIRED),
    ("read", ("NetworkError", "GATT operation already in progress."), remedies.NOT_PAIRED),
    ("connect", ("NetworkError", "Authentication failed."), remedies.NOT_PAIRED),
    ("connect", ("NetworkError", "Authentication canceled."), remedies.NOT_PAIRED),
    ("connect", ("NetworkError", "Authentication rejected."), remedies.NOT_PAIRED),
    ("connect", ("NetworkError", "Authentication timeout."), remedies.NOT_PAIRED),
    ("connect", ("NetworkError", "Connection attempt failed."), remedies.NOT_PAIRED),  # also at the second try
    ("connect", ("NetworkError", "Connection Error: Connection attempt failed."), remedies.NOT_PAIRED),
    ("connect", ("NetworkError", "Bluetooth Device is no longer in range."), remedies.NO_CLIP),
    ("connect", ("NotFoundError", "The device is not chosen."), remedies.NO_CLIP),
    ("connect", ("NetworkError", "Connection Error: Not ready."), remedies.POWERED_OFF),
    ("connect", ("NotFoundError", "Bluetooth adapter not available."), remedies.NO_ADAPTER),
    ("services", ("NotFoundError", "No Services matching UUID 9e2f found in Device."), remedies.NO_SERVICE),
    ("services", ("SecurityError", "Origin is not allowed to access any service."), remedies.NO_SERVICE),
    ("chosen", ("NotFoundError", "Bluetooth adapter not available."), remedies.NO_ADAPTER),
    ("chosen", ("NotFoundError", "Bluetooth Low Energy not available."), remedies.NO_LOW_ENERGY),
    ("chosen", ("NotFoundError", "Web Bluetooth API globally disabled."), remedies.DENIED_BY_SYSTEM),
    ("chosen", ("NotSupportedError", "no Web Bluetooth"), remedies.UNAVAILABLE),
    ("chosen", ("NotSupportedError", "not a secure context"), remedies.UNAVAILABLE),
    ("subscribe", GONE, remedies.NOT_PAIRED),
    ("write", ("InvalidStateError", "anything else"), remedies.NOT_PAIRED),
]


class Phone:
    """A page whose user has chosen the clip."""

    def __init__(self, clip: VirtualClip, pair_s: float = 60.0) -> None:
        self.window = VirtualWindow(clip.backend)
        self.radio = WebRadio(self.window.bridge, pair_s=pair_s)

    async def choose(self) -> Phone:
        await self.window.choose()
        return self

    def source(self, rate_hz: int = 100, timeouts: Timeouts = QUICK) -> BleSource:
        return BleSource(rate_hz, backend=self.radio.backend, timeouts=timeouts)


async def drop_twice(clip: VirtualClip, source: BleSource) -> None:
    for count in (1, 2):
        await clip.sleep(2.0)
        with clip.crawling():
            await clip.peripheral.drop()
            while source.reconnects < count:
                await asyncio.sleep(0.05)


async def test_a_stream_over_two_lost_connections_is_whole_and_needs_no_tap() -> None:
    samples = motion(8, 200)
    async with VirtualClip(samples, speed=2) as clip:
        phone = await Phone(clip).choose()
        async with phone.source(200) as source:
            dropping = asyncio.create_task(drop_twice(clip, source))
            packets = await collect(source, len(samples))
            await dropping
        assert source.lost == 0 and source.reconnects == 2
        assert source.name.startswith(wire.NAME_PREFIX) and source.address == phone.window._facts()["id"]
        assert [name for name, _ in phone.window.told].count("bluetooth.service") == 1
        assert phone.radio.clients == {} and phone.radio.scanners == set()
        assert_all_came(packets, samples)


async def test_kept_runs_are_fetched_by_the_unchanged_code() -> None:
    samples = motion(60, 100)
    async with VirtualClip(samples, speed=4) as clip:
        phone = await Phone(clip).choose()
        await phone.source().__aenter__()
        clip.channel.set_in_range(False)
        await clip.peripheral.drop()
        await clip.sleep(12.0)
        clip.channel.set_in_range(True)
        async with ClipRuns(backend=phone.radio.backend, timeouts=QUICK) as runs:
            await runs.stop()
            (kept,) = await runs.list()
            data = await runs.fetch(kept)
            await runs.confirm(kept, data)
            assert await runs.list() == []
        packets, damaged = decode_run(data)
        assert damaged == 0
        rows = received([Packet(packet, 0.0) for packet in packets])
        assert len(rows) > 1000
        np.testing.assert_array_equal(rows, fed(samples)[: len(rows)])


async def test_the_clip_is_heard_when_the_user_has_chosen_it_and_its_signal_is_unknown() -> None:
    async with VirtualClip(motion(2, 100), speed=2) as clip:
        phone = Phone(clip)
        assert await find_clips(0.1, phone.radio.backend) == []
        picked: list[tuple[str, str]] = []
        phone.radio.on_picked = lambda *chosen: picked.append(chosen)
        looking = asyncio.create_task(find_clips(3.0, phone.radio.backend))
        chosen = await phone.window.choose()
        (heard,) = await looking
        assert (heard.address, heard.name) == (chosen["id"], chosen["name"]) == picked[0]
        assert heard.pairing is None and heard.rssi_dbm == UNKNOWN_DBM and not is_weak(heard.rssi_dbm)
        assert is_weak(-90) and not is_weak(-80)


@pytest.mark.parametrize("refusals", [1, 4])
async def test_refused_first_accesses_are_repeated_while_the_phone_pairs(refusals: int) -> None:
    async with VirtualClip(motion(2, 100), speed=2) as clip:
        phone = await Phone(clip).choose()
        failures = (WHILE_ANDROID_PAIRS * refusals)[:refusals] if refusals == 1 else WHILE_ANDROID_PAIRS
        phone.window.failures["bluetooth.read"].extend(failures)
        async with phone.source() as source:
            assert source.status is not None and source.reconnects == 0
        assert phone.window.calls.count("bluetooth.connect") == 1 and not phone.window.failures["bluetooth.read"]


async def test_a_link_that_pairing_ends_or_a_call_that_hangs_is_tried_again() -> None:
    async with VirtualClip(motion(60, 100), speed=2) as clip:
        for failure in (GONE, HANG):
            phone = await Phone(clip).choose()
            phone.window.failures["bluetooth.read"].append(failure)
            limits = Timeouts(scan_s=60, connect_s=60, call_s=60, pair_s=6, close_s=1)
            async with phone.source(timeouts=limits) as source:
                assert source.status is not None
            assert phone.window.calls.count("bluetooth.connect") == 2


async def test_every_error_of_the_browser_has_its_remedy() -> None:
    async with VirtualClip(motion(2, 100), speed=2) as clip:
        for place, error, text in REMEDIES:
            phone = await Phone(clip, pair_s=0.0).choose()
            phone.window.failures[f"bluetooth.{place}"].extend([error] * 4)
            with pytest.raises(LinkError) as told:
                async with phone.source():
                    pass
            assert str(told.value).startswith(text) and "\n" not in str(told.value), (place, error, str(told.value))


async def test_an_error_later_says_what_was_lost() -> None:
    async with VirtualClip(motion(20, 100), speed=2) as clip:
        phone = await Phone(clip).choose()
        async with phone.source() as source:
            phone.window.failures["bluetooth.write"].append(("InvalidStateError", "anything else"))
            with pytest.raises(LinkError, match=r"^Connection lost while writing \(anything else\): bring"):
                await source.configure([wire.command(wire.CMD_SPLIT)])


def test_a_chooser_that_fails_says_what_to_do() -> None:
    window = VirtualWindow(VirtualClip(motion(1, 50)).backend)
    WebRadio(window.bridge)
    window.send("bluetooth.failed", {"name": "NotFoundError", "message": "Bluetooth adapter not available."})
    assert window.told[-1] == ("failure", {"text": remedies.NO_ADAPTER})


def test_what_comes_of_an_earlier_connection_is_ignored() -> None:
    window = VirtualWindow(VirtualClip(motion(1, 50)).backend)
    radio = WebRadio(window.bridge)
    client: Any = radio.backend.client("an id", disconnected_callback=None, timeout=1.0)  # type: ignore[misc]
    came: list[bytes] = []
    client._connection, client._notifying = 2, {wire.STREAM_UUID: came.append}
    radio.clients[2] = client
    for number, data in ((1, b"old"), (2, b"new"), (3, b"unknown")):
        window.send("bluetooth.notified", {"id": "an id", "connection": number, "uuid": wire.STREAM_UUID, "data": data})
    window.send("bluetooth.disconnected", {"id": "an id", "connection": 1})
    assert came == [b"new"] and client.is_connected
    window.send("bluetooth.disconnected", {"id": "an id", "connection": 2})
    assert not client.is_connected and radio.clients == {}


def test_in_a_page_no_remedy_names_a_command_or_a_computer() -> None:
    """The words for a page, which the module chooses by sys.platform."""
    program = (
        "import sys; sys.platform = 'emscripten'\n"
        "import importlib.util as util\n"
        "spec = util.find_spec('untuck.sources.remedies'); module = util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "texts = [value for name, value in vars(module).items() if name.isupper() and isinstance(value, str)]\n"
        "print(*texts, sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    texts = done.stdout.splitlines()
    assert len(texts) >= 10 and len(set(texts)) == len(texts)
    for text in texts:
        assert not any(word in text for word in ("`", "untuck pair", "rfkill", "this computer", "terminal")), text
    assert any("tap Connect again within a minute" in text for text in texts)


def test_an_unknown_error_keeps_its_text() -> None:
    assert str(bluetooth_errors.bleak_error(BridgeError("OddError", "odd"))) == "odd"
    assert str(bluetooth_errors.bleak_error(BridgeError("OddError", ""))) == "OddError"
