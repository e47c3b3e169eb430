"""Any command of `untuck` with a virtual clip or two in range, in place of the computer's own radio.

    python -m virtual_clip doctor --clip
    python -m virtual_clip --speed 4 run
    python -m virtual_clip --clips 2 pair --role trunk

Before the command: --speed N lets the clip's time pass N times as fast, a whole number, by default 1; --clips 2 has a
second clip in range, which the runner wears on the upper back: pair one, then the other with --role trunk, then run.

A clip is real firmware in MicroPython; its flash, its pairing and the sessions are kept in build/virtual-clip, so that
one that was paired is known the next time. For `doctor --clip` and `pair` a hand moves it and presses its button now
and then; for all other commands a runner stands, hinges and runs. The session ends when the runner has finished, or by
Ctrl-C as with a real clip.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

HOME = Path("build", "virtual-clip")
HAND_COMMANDS = ("doctor", "pair")
HAND_ROUNDS = 40
RUN_MINUTES = 8.0
PRESS_EVERY_S = 5.0
BEGIN_S = 0.01  # between looks whether a clip measures
T = TypeVar("T")


@dataclass(frozen=True)
class Rig:
    """What is simulated: how many clips, and how many times as fast as real time."""

    clips: int = 1
    speed: int = 1


async def main(arguments: list[str], rig: Rig) -> int:
    """Run one command line; returns its exit code."""
    from untuck.cli.main import cli
    from virtual_clip.file_keys import FileKeys

    logging.getLogger().addHandler(logging.NullHandler())  # otherwise a library's first message would print all others
    logging.getLogger("bumble").setLevel(logging.ERROR)
    folder = HOME.resolve()
    os.environ.setdefault("UNTUCK_HOME", str(folder / "home"))
    by_hand = any(word in HAND_COMMANDS for word in arguments)
    motions = await asyncio.to_thread(_motions, by_hand, rig.clips)
    async with AsyncExitStack() as stack:
        clips = [await stack.enter_async_context(clip) for clip in _clips(motions, rig.speed, folder)]
        radio: Any = clips[0].backend.client
        radio.radio.keystore = FileKeys("host", str(folder / "keys.json"))
        end_session = _replace_radio(clips[0].backend, asyncio.get_running_loop())
        acting = asyncio.create_task(_press(clips) if by_hand else _finish(clips, end_session))
        try:
            await asyncio.to_thread(cli.main, arguments, "python -m virtual_clip")
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else 1
        finally:
            acting.cancel()
    return 0


def _clips(motions: list[Any], speed: int, folder: Path) -> Iterator[Any]:
    """The clips, each with its flash; the first one is entered before the second is made."""
    from virtual_clip.clip import VirtualClip
    from virtual_clip.pair import address_of

    first: VirtualClip | None = None
    for number, motion in enumerate(motions):
        clip = VirtualClip(motion, speed=speed, address=address_of(number), beside=first)
        clip.flash = folder / ("flash" if number == 0 else f"flash-{number + 1}")
        clip.flash.mkdir(parents=True, exist_ok=True)
        first = first or clip
        yield clip


def _motions(by_hand: bool, clips: int) -> list[Any]:
    """What the sensors feel from the moment that they are switched on: of the pelvis, then of the upper back."""
    from untuck.simulate.runner import simulate
    from untuck.simulate.scenario import Scenario
    from untuck.simulate.trunk import STRAP, simulate_pair
    from virtual_clip.hand import hand_motion

    if by_hand:
        return [hand_motion(rounds=HAND_ROUNDS)] * clips
    if clips == 1:
        return [simulate(Scenario.default(RUN_MINUTES), rate_hz=100).samples]
    on_one_clock = replace(STRAP, offset_s=0.0, drift_ppm=0.0)  # what differs are the clips' own clocks
    pair = simulate_pair(Scenario.default(RUN_MINUTES, clips=2), clip=on_one_clock)
    return [pair.pelvis.samples, pair.trunk]


def _replace_radio(backend: Any, loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
    """The commands, which run in a thread, use this radio, and its loop for what they do with it.

    Returns a function that ends the running session, or the program if there is none.
    """
    from untuck.cli import interrupt
    from untuck.sources.stack import Backend

    Backend.__init__.__defaults__ = (backend.scanner, backend.client, backend.stack, "", True)  # type: ignore[misc]
    running: list[asyncio.Task[Any]] = []

    def run(coroutine: Coroutine[Any, Any, T]) -> T:
        async def tracked() -> T:
            task = asyncio.current_task()
            assert task is not None
            running.append(task)
            try:
                return await coroutine
            finally:
                running.remove(task)

        return asyncio.run_coroutine_threadsafe(tracked(), loop).result()

    def end_session() -> None:
        for task in running:
            task.cancel()
        if not running:
            os._exit(interrupt.EXIT_CODE)

    interrupt.run = run
    loop.add_signal_handler(signal.SIGINT, end_session)
    return end_session


async def _press(clips: list[Any]) -> None:
    """Press the button of each clip now and then: for what only a person can confirm."""
    while True:
        for clip in clips:
            await clip.sleep(PRESS_EVERY_S)
            await clip.press(0.5)


async def _finish(clips: list[Any], end_session: Callable[[], None]) -> None:
    """Let the runner begin with the first clip that measures, and end the session when he has finished.

    Later a sensor would repeat its last sample for ever.
    """
    chips = [clip.chip for clip in clips]
    while all(chip.origin_us is None for chip in chips):
        await asyncio.sleep(BEGIN_S)
    begin_us = min(chip.origin_us for chip in chips if chip.origin_us is not None)
    for chip in chips:
        chip.origin_us = begin_us  # they are on one body
    while not clips[0].sim.ended():
        await clips[0].sleep(1.0)
    end_session()


def split(words: list[str]) -> tuple[Rig, list[str]]:
    """What is simulated, and the words of the command. Exits for numbers that cannot be."""
    numbers = {"--speed": 1, "--clips": 1}
    while words[:1] and words[0] in numbers:
        name, number, words = words[0], "".join(words[1:2]), words[2:]
        if name == "--clips" and number not in ("1", "2"):
            sys.exit(f"virtual clip: --clips {number or 'N'}: give 1 or 2.")
        if not number.isdecimal() or int(number) < 1:
            sys.exit(f"virtual clip: {name} {number or 'N'}: give a whole number from 1 on.")
        numbers[name] = int(number)
    return Rig(numbers["--clips"], numbers["--speed"]), words


def show_help() -> None:
    """Print what is simulated, then the commands; no clip is started for it."""
    from untuck.cli.main import cli

    print(f"{__doc__}\nThe commands are those of `untuck`:\n", flush=True)
    cli.main(["--help"], "python -m virtual_clip", standalone_mode=False)


if __name__ == "__main__":
    try:
        rig, words = split(sys.argv[1:])
        if words[:1] in ([], ["-h"], ["--help"]):
            sys.exit(show_help())
        sys.exit(asyncio.run(main(words, rig)))
    except ModuleNotFoundError as error:
        sys.exit(f"virtual clip: {error.name} is not installed: run `make test` once, or install requirements-dev.txt.")
