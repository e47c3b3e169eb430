"""The computer, in a process of its own: the product's `run` or `sync` over HCI to an adapter of the rig.

    python -m tests.chaos.host PORT KEYS SPEED run|unattended|sync|sync-stop CLIPS

bumble is its Bluetooth stack; the adapter is a TCP port. Its bonds are in the file KEYS, its store in UNTUCK_HOME.
Sound is left out. SIGTERM ends a run as it does in the product. SIGUSR1 moves the computer's clock an hour ahead,
SIGUSR2 two hours back. Prints a line for what the user is shown.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from bumble.device import Device
from bumble.hci import Address
from bumble.pairing import PairingConfig
from bumble.transport import open_transport
from virtual_clip.bleak_backend import make_backend
from virtual_clip.clip import CLIP_ADDRESS
from virtual_clip.file_keys import FileKeys
from virtual_clip.pair import TRUNK_ADDRESS

from untuck.errors import UntuckError
from untuck.session import clip_session, live, outcome, recorder, two_clips, unattended
from untuck.session.kept_runs import fetch_runs
from untuck.session.pairing import pair_clip
from untuck.session.request import SessionRequest
from untuck.sources import ble, ble_link
from untuck.sources.stack import Backend
from untuck.store.config import ClipConfig, Config
from untuck.store.profiles import Profiles
from untuck.vocabulary import Role

ADDRESS = "C0:C1:C2:C3:C4:C5"
OUTAGE_S = 120.0


@dataclass
class SilentView:
    """Prints messages only."""

    def show(self, events: list[Any], packets: Any) -> None:
        """Nothing is shown."""

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, flush=True)


class NoVoice:
    """A voice that says nothing."""

    def __init__(self, *_: object) -> None:
        """Takes whatever a voice is made from."""

    def take(self, *_: object) -> None:
        """Nothing sounds."""

    def speak(self, _: str) -> None:
        """Nothing is said."""

    def close(self) -> None:
        """Nothing to release."""


@asynccontextmanager
async def powered(port: int, keys: str) -> AsyncIterator[Backend]:
    """The computer's radio."""
    async with await open_transport(f"tcp-client:127.0.0.1:{port}") as transport:
        device = Device.with_hci("host", Address(ADDRESS), transport.source, transport.sink)
        device.keystore = FileKeys("host", keys)
        device.pairing_config_factory = lambda _: PairingConfig(sc=True, mitm=False, bonding=True)
        await device.power_on()
        yield make_backend(device)


def keep_time(speed: float) -> None:
    """Let the product's times pass as fast as the clip's, and the user change the computer's clock."""
    recorder.COMMIT_EVERY_S = recorder.RETRY_S = 1.0 / speed
    clip_session.CLOCKS_DIFFER_S = 1e9  # it was changed
    true_time, moved_s = time.time, [0.0]
    time.time = lambda: true_time() + moved_s[0]

    def move(number: int, _: object) -> None:
        moved_s[0] += 3600.0 if number == signal.SIGUSR1 else -7200.0

    signal.signal(signal.SIGUSR1, move)
    signal.signal(signal.SIGUSR2, move)


@contextmanager
def silent_view(title: str, _: object) -> Iterator[SilentView]:
    """What `run` shows."""
    print(title, flush=True)
    yield SilentView()


async def pair_once(backend: Backend, limits: ble_link.Timeouts, clips: int) -> None:
    """Pair the clips that this computer does not know yet."""
    known = Profiles().open("")
    if not known.clip:
        paired = await pair_clip(CLIP_ADDRESS, backend, limits)
        Profiles().keep_clip("", paired.address)
    if clips > 1 and not known.trunk_clip:
        paired = await pair_clip(TRUNK_ADDRESS, backend, limits, Role.TRUNK)
        Profiles().keep_clip("", paired.address, Role.TRUNK)


async def main(port: int, keys: str, speed: float, task: str, clips: int) -> int:
    """Run one command of the product; returns its exit code."""
    live.Voice = NoVoice  # type: ignore[misc,assignment]
    outcome.KEPT_S = 0.0  # the rig accounts for each sample, also of short sessions
    keep_time(speed)
    limits = replace(ble_link.Timeouts(), outage_s=OUTAGE_S, connect_s=30.0, call_s=10.0)
    ble.Timeouts = two_clips.Timeouts = lambda: limits  # type: ignore[misc,assignment]
    async with powered(port, keys) as backend:
        try:
            await pair_once(backend, limits, clips)
            if task == "unattended":
                live.is_worth_keeping = lambda *_: True  # as KEPT_S does for `run`
                request = SessionRequest(Config(clip=ClipConfig(rate_hz=100)))
                long = unattended.Limits(rest_s=1e9, empty_s=1e9, retry_s=0.5)
                around = unattended.Surroundings(silent_view, print, backend, lambda *_: None, long)
                print(f"{await unattended.run_unattended(lambda: request, around)} sessions", flush=True)
                return 0
            if task == "run":
                request = SessionRequest(Config(clip=ClipConfig(rate_hz=100)))
                ended = await clip_session.run_with_clip(request, silent_view, print, backend=backend)
                print(f"session {ended.session_id}: {ended.outcome.failure}", flush=True)
                return int(ended.outcome.failure is not None)
            rows = []
            for address in (CLIP_ADDRESS, TRUNK_ADDRESS)[:clips]:
                rows += await fetch_runs(address, print, stop=task == "sync-stop", backend=backend)
            print(f"{len(rows)} runs", flush=True)
            return 0
        except UntuckError as error:
            print(f"{type(error).__name__}: {error}", flush=True)
            return 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), sys.argv[4], int(sys.argv[5]))))
