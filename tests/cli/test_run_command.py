"""`untuck run` with a clip: real firmware, virtual radio, ended like Ctrl-C.

The recording is analysed again, and both results must be the same.
"""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.paired import pair
from virtual_clip.clip import VirtualClip

from untuck.cli import output
from untuck.cli.main import cli
from untuck.cli.views.live import run_clip
from untuck.errors import LinkError
from untuck.session import clip_session
from untuck.session.request import SessionRequest
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.sources.stack import Adapter, Backend, Stack
from untuck.store import Store
from untuck.store.config import ClipConfig, Config

RATE_HZ = 100
SPEED = 4
SCENARIO = Scenario((Phase("stand", 7.0), *[Phase("hinge", 3.5)] * 3, Phase("stand", 2.5), Phase("run", 20.0)))


async def test_a_run_with_the_clip_is_recorded_and_replays_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    simulated = simulate(SCENARIO, rate_hz=RATE_HZ)
    async with VirtualClip(simulated.samples, speed=SPEED) as clip:
        await pair(clip)
        running = asyncio.create_task(run_clip(SessionRequest(Config()), as_json=True, backend=clip.backend))
        await asyncio.sleep(1)
        enough = (len(simulated.samples) - 2 * RATE_HZ) // 5
        async with asyncio.timeout(300):
            while not Store().sessions() or Store().open().packet_count < enough:
                await asyncio.sleep(0.2)
                assert not running.done(), running.result()
        running.cancel()
        ended = await running
    title, session_id, outcome = ended.title, ended.session_id, ended.outcome
    assert outcome.failure is None and session_id == 1 and title.startswith("Session 1: clip Untk")
    live = outcome.summary
    assert abs(live.strides - simulated.truth.strides) <= 4 and live.strides > 20
    assert live.signal.lost == live.signal.corrupt == 0
    assert live.calibration == "stand+hinges"
    settings = Store().open().settings()
    assert settings.rate_hz == RATE_HZ and settings.firmware.count(".") == 2
    capsys.readouterr()
    output.finish(outcome, title, True, session=session_id)
    printed = json.loads(capsys.readouterr().out)
    assert await asyncio.to_thread(replayed, capsys) == printed


async def test_without_an_adapter_it_says_so_before_the_analysis_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoAdapter(Stack):
        async def choose_adapter(self, wanted: str, clip: str | None) -> Adapter | None:
            raise LinkError(f"no adapter {wanted}")

    def start() -> None:
        pytest.fail("the analysis was compiled")

    monkeypatch.setattr(clip_session.live_kernels, "start", start)
    config = Config(clip=ClipConfig(adapter="hci7"))
    with pytest.raises(LinkError, match="no adapter hci7"):
        await run_clip(SessionRequest(config), as_json=True, backend=Backend(stack=NoAdapter()))


def replayed(capsys: pytest.CaptureFixture[str]) -> object:
    """What `untuck replay --json` prints; in a thread, because it has an event loop of its own."""
    cli.main(["replay", "--json"], standalone_mode=False)
    return json.loads(capsys.readouterr().out)
