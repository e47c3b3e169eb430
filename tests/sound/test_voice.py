"""The output of a cue: the sound device, or the clip's buzzer if there is none; and pairing with that clip."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from tests.paired import pair
from virtual_clip.clip import CLIP_ADDRESS, VirtualClip

from untuck.errors import LinkError
from untuck.events import CueDecided
from untuck.model import RIGHT, Cue
from untuck.session.clip_session import connected_clip
from untuck.session.packet_pipeline import beyond_band
from untuck.session.pairing import pair_clip
from untuck.session.request import SessionRequest
from untuck.session.starts import ClipStart
from untuck.session.voice import Voice
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.sources.ble import BleSource, Timeouts
from untuck.store.config import ClipConfig, Config, SoundConfig
from untuck.store.profiles import Profiles

RATE_HZ = 100
STILL = simulate(Scenario((Phase("stand", 6.0),)), rate_hz=RATE_HZ).samples
CUE = CueDecided(1.0, Cue("pullback", RIGHT, 1.0))


@pytest.fixture
def no_device(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a sound device."""
    if os.path.exists("/dev/snd"):
        pytest.skip("this machine has a sound card")
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/none")
    monkeypatch.setenv("HOME", str(tmp_path))


async def sound(buzz: Callable[[str, int], Awaitable[None]] | None, config: SoundConfig) -> list[str]:
    """The messages while a cue is due."""
    said: list[str] = []
    voice = Voice(said.append, config, buzz=buzz)
    voice.take([CUE], None)  # type: ignore[arg-type]
    await asyncio.sleep(0.2)
    await asyncio.to_thread(voice.close)
    return said


@pytest.mark.usefixtures("no_device")
async def test_without_a_device_the_clip_sounds_the_cue() -> None:
    async with VirtualClip(STILL) as clip, BleSource(RATE_HZ, backend=clip.backend) as source:
        said = await sound(source.buzz, SoundConfig())
        async with asyncio.timeout(60):
            while not any(pin == "buzzer" and level for _, pin, level in clip.bus.outputs):
                await asyncio.sleep(0.1)
    assert said == ["no sound device: cues sound on the clip's buzzer until there is one."]


@pytest.mark.usefixtures("no_device")
async def test_the_buzzer_can_be_disabled_and_a_lost_clip_is_no_error() -> None:
    buzzed: list[str] = []

    async def gone(fault: str, side: int) -> None:
        buzzed.append(fault)
        raise LinkError("gone")

    assert await sound(gone, SoundConfig(buzzer=False)) == ["no sound device: cues are shown, not heard."]
    assert await sound(None, SoundConfig()) == ["no sound device: cues are shown, not heard."]
    assert not buzzed
    await sound(gone, SoundConfig())
    assert buzzed == ["pullback"]


async def test_pairing_finds_the_clip_and_stores_its_address() -> None:
    async with VirtualClip(STILL) as clip:
        paired = await pair_clip(None, clip.backend)
        assert paired.address.startswith(CLIP_ADDRESS) and paired.name.startswith("Untk")
        assert paired.firmware.count(".") == 2
        again = await pair_clip(paired.address, clip.backend)
        assert again.address == paired.address
        with pytest.raises(LinkError, match="No clip in range"):
            await pair_clip("00:11:22:33:44:55", clip.backend, Timeouts(scan_s=1.0))
    Profiles().keep_clip("Ada", paired.address)
    assert Profiles().open("Ada").clip == paired.address and Profiles().open("Ben").clip == ""


async def test_a_session_uses_only_the_runners_own_clip() -> None:
    Profiles().keep_clip("Ada", CLIP_ADDRESS)
    Profiles().keep_clip("Ben", "00:11:22:33:44:55")
    ada, ben = (SessionRequest(Config(name=name)) for name in ("Ada", "Ben"))
    async with VirtualClip(STILL) as clip:
        await pair(clip, "Ada")
        async with connected_clip(ada, clip.backend) as found:
            assert found.source.address is not None and found.source.address.startswith(CLIP_ADDRESS)
        window = replace(ClipStart.of(ben), backend=clip.backend, timeouts=Timeouts(scan_s=1.0))
        assert window.text == "Ben: Clip 00:11:22:33:44:55"
        for start in (window.open(), connected_clip(ben, clip.backend, Timeouts(scan_s=1.0))):
            with pytest.raises(LinkError, match="Looked for 00:11:22:33:44:55"):
                async with start:
                    pass
        elsewhere = SessionRequest(replace(Config(name="Ada"), clip=ClipConfig(address="00:11:22:33:44:66")))
        assert "44:66" in ClipStart.of(elsewhere).text  # the address in the settings has priority


def test_the_hum_begins_outside_the_band() -> None:
    from types import SimpleNamespace

    import numpy as np

    from untuck.model import STRIDE_DTYPE
    from untuck.motion.params import Params

    baseline = SimpleNamespace(at=lambda cadence_spm: int(cadence_spm > 165.0), tilt_deg=np.array([3.0, 5.0]))
    packets = SimpleNamespace(pipeline=SimpleNamespace(baseline=baseline, params=Params(tuck_off_deg=2.0)))

    def beyond(tilt_deg: float, valid: bool = True) -> float:
        stride = np.zeros((), STRIDE_DTYPE)
        stride["tilt_deg"], stride["cadence_spm"], stride["valid"] = tilt_deg, 168.0, valid
        return beyond_band(stride[()], packets)  # type: ignore[arg-type]

    assert [beyond(t) for t in (1.0, 3.0, 4.0, 6.5, 9.0)] == pytest.approx([-2.0, 0.0, 0.0, 0.0, 2.0])
    assert beyond(-9.0, valid=False) == 0.0
