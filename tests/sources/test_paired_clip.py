"""Only the paired clip is connected, by its bond: neither the first one heard nor one with its name and address."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from tests.paired import pair
from tests.sources.hostile_clip import HostileClip
from virtual_clip.clip import CLIP_ADDRESS, HOST_ADDRESS, VirtualClip
from virtual_clip.stream_checks import QUICK, motion

from untuck import wire
from untuck.cli.main import cli
from untuck.errors import LinkError
from untuck.session import kept_runs
from untuck.session.clip_session import connected_clip
from untuck.session.kept_runs import fetch_runs
from untuck.session.pairing import free_clip, pair_clip
from untuck.session.request import SessionRequest, calibration_request
from untuck.session.starts import ClipStart
from untuck.sources import remedies, stack
from untuck.sources.ble import BleSource, HeardClip, Timeouts
from untuck.sources.ble_runs import ClipRuns
from untuck.sources.stack import Backend, Stack, WinRtStack
from untuck.store.config import Config
from untuck.store.profiles import Profiles
from untuck.vocabulary import Role

FAST = Timeouts(scan_s=2, connect_s=2, call_s=2, close_s=1, silence_s=0.4, outage_s=0.5)
ADA = Config(name="Ada")


async def enter(source: Any) -> str:
    """The message with which the source refuses to be entered."""
    with pytest.raises(LinkError) as told:
        async with source:
            pass
    return str(told.value)


async def test_a_clip_without_a_bond_is_neither_connected_nor_written_to() -> None:
    """It has the name and the address of the runner's clip, answers everything, and needs no encryption."""
    impostor = HostileClip(paired=False)
    Profiles().keep_clip("Ada", impostor.address)
    backend = replace(impostor.backend, pairs=False)
    for source in (
        BleSource(address=impostor.address, backend=backend, timeouts=FAST),
        ClipRuns(impostor.address, backend, FAST),
        connected_clip(SessionRequest(ADA), impostor.backend, FAST),
        connected_clip(calibration_request(ADA), impostor.backend, FAST),
        replace(ClipStart.of(SessionRequest(ADA)), backend=impostor.backend, timeouts=FAST).open(),
    ):
        assert await enter(source) == remedies.NOT_PAIRED
    with pytest.raises(LinkError) as told:
        await fetch_runs(impostor.address, print, backend=impostor.backend)
    assert str(told.value) == remedies.NOT_PAIRED
    assert impostor.connections == 0 and impostor.written == []


async def test_without_a_paired_clip_none_is_looked_for() -> None:
    clip = HostileClip()
    for start in (
        connected_clip(SessionRequest(ADA), clip.backend, FAST),
        replace(ClipStart.of(SessionRequest(ADA)), backend=clip.backend, timeouts=FAST).open(),
    ):
        text = await enter(start)
        assert text.startswith("No clip is paired for Ada yet: hold the clip's button")
        assert "`untuck pair --runner Ada`" in text
    assert clip.connections == 0
    assert ClipStart.of(SessionRequest(ADA)).text == "Ada: No clip is paired yet"
    Profiles().keep_clip("Ada", clip.address, Role.TRUNK)
    text = await enter(connected_clip(SessionRequest(ADA), clip.backend, FAST))
    assert text.startswith("No clip for the waistband is paired for Ada yet: hold the clip's button")
    assert "`untuck pair --role pelvis --runner Ada`" in text and clip.connections == 0
    assert ClipStart.of(SessionRequest(ADA)).text == "Ada: No clip for the waistband is paired yet"


def test_sync_says_to_pair_first() -> None:
    done = CliRunner().invoke(cli, ["sync"])
    assert done.exit_code == 1 and done.stderr.startswith("untuck: No clip is paired yet: hold")
    assert "`untuck pair`" in done.stderr and done.stderr.count("\n") == 1


def test_sync_fetches_from_the_second_clip_if_the_first_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"role": "trunk", "run": 7, "bytes": 9, "started_unix_s": 0, "recording": False, "fetched": False}

    async def fetch(address: str, *_: object, **__: object) -> list[dict[str, Any]]:
        if address in away:
            raise LinkError(f"{address} was not found.")
        return [row | {"session": None}]

    monkeypatch.setattr(kept_runs, "fetch_runs", fetch)
    Profiles().keep_clip("Ada", "AA")
    Profiles().keep_clip("Ada", "BB", Role.TRUNK)
    away = {"AA"}
    done = CliRunner().invoke(cli, ["sync", "--runner", "Ada"])
    assert done.exit_code == 1 and "Run 7 of the upper back" in done.stdout and "AA was not found" in done.stderr
    done = CliRunner().invoke(cli, ["sync", "--runner", "Ada", "--json"])
    assert json.loads(done.stdout)["runs"][0]["role"] == "trunk"
    away = {"AA", "BB"}
    done = CliRunner().invoke(cli, ["sync", "--runner", "Ada"])
    assert done.exit_code == 1 and done.stdout == "" and "AA was not found" in done.stderr


async def test_a_clip_that_lost_the_bond_to_another_is_not_commanded() -> None:
    """Same name and address, its pairing shut, the bond another one's: the link ends at its encryption."""
    async with VirtualClip(motion(20, 50), speed=2) as clip:
        await pair(clip, "Ada")
        bonds = (clip.flash / "bonds").read_bytes()
        await clip.switch_off()
        (clip.flash / "bonds").unlink()
        await clip.switch_on()
        other = await clip.make_host(HOST_ADDRESS.replace("C0", "D0"))
        await pair_clip(None, other, QUICK)
        clip.peripheral.written.clear()
        assert await enter(connected_clip(SessionRequest(ADA), clip.backend, QUICK)) == remedies.NOT_PAIRED
        assert clip.peripheral.written == []
        await clip.switch_off()
        (clip.flash / "bonds").write_bytes(bonds)
        await clip.switch_on()
        async with connected_clip(SessionRequest(ADA), clip.backend, QUICK) as found:
            assert found.source.address == CLIP_ADDRESS


async def test_a_session_never_consents_to_pairing() -> None:
    seen: list[tuple[str, object]] = []

    class Watched(Stack):
        def pairing_agent(self, clip: str) -> Any:
            seen.append(("agent", clip))
            return super().pairing_agent(clip)

        def protect(self, client: Any) -> None:
            seen.append(("protect", client.is_connected))

    clip = HostileClip(stack=Watched(), answers=lambda data: {"stream_id": 77})
    backend = replace(clip.backend, pairs=False)
    async with BleSource(address=clip.address, backend=backend, timeouts=FAST):
        pass
    assert seen == [("protect", True)]
    seen.clear()
    await pair_clip(clip.address, clip.backend, FAST)
    assert seen == [("agent", clip.address), ("protect", True)]


def test_windows_is_told_to_encrypt(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    name = "winrt.windows.devices.bluetooth.genericattributeprofile"
    module: Any = ModuleType(name)
    module.GattProtectionLevel = SimpleNamespace(ENCRYPTION_REQUIRED="encryption")
    each = [SimpleNamespace(obj=SimpleNamespace()) for _ in range(3)]
    client: Any = SimpleNamespace(services=SimpleNamespace(characteristics=dict(enumerate(each))))
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, name, module)
        for part in ("winrt", "winrt.windows", "winrt.windows.devices", "winrt.windows.devices.bluetooth"):
            patched.setitem(sys.modules, part, ModuleType(part))
        WinRtStack().protect(client)
        assert [one.obj.protection_level for one in each] == ["encryption"] * 3 and not caplog.records
        patched.setattr(stack.sys, "platform", "win32")
        assert isinstance(Backend().open_stack(), WinRtStack)
    WinRtStack().protect(client)
    assert "did not take the demand for encryption" in caplog.text


async def test_pairing_takes_the_clip_whose_button_was_held() -> None:
    other = HeardClip("Untk", "near", -40, wire.PAIRING_SHUT)
    held = HeardClip("Untk", "far", -80, wire.PAIRING_OPEN)
    assert free_clip([other, held]) is held and free_clip([other]) is None
    clip = HostileClip(pairing=wire.PAIRING_OPEN, paired=False)
    assert (await pair_clip(None, clip.backend, FAST)).address == clip.address
