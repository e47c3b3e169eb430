"""`untuck doctor`: checks what a run needs on this machine, and says what to do about what is missing.

Each check is a function that returns what it found, or raises UntuckError with the remedy. Nothing is changed, except
that the data folder is made if there is none, and that `--repair` replaces a damaged store.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Callable
from ctypes.util import find_library
from functools import partial
from importlib import metadata
from pathlib import Path

import click

from untuck import __version__
from untuck.cli import interrupt, output
from untuck.cli.options import adapter_option, address_option, as_json, clip_config, runner_option
from untuck.cli.results import AudioDelayResult, Check, DoctorResult
from untuck.errors import UntuckError
from untuck.vocabulary import Role


@click.command()
@click.option("--clip", is_flag=True, help="Only go through the first light of a clip, step by step.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="With --clip: write every figure as JSON, for a hardware report.",
)
@click.option(
    "--limit", "limit_s", type=click.FloatRange(1, 600), metavar="SECONDS", help="With --clip: for each step."
)
@runner_option
@address_option
@adapter_option
@click.option("--audio-delay", is_flag=True, help="Only measure how late the sound output is, with the microphone.")
@click.option("--store", is_flag=True, help="Only check every recorded session for damage.")
@click.option("--repair", is_flag=True, help="With --store: save what can be read of damaged sessions.")
@as_json
def doctor(
    clip: bool,
    report: Path | None,
    limit_s: float | None,
    runner: str | None,
    address: str | None,
    adapter: str | None,
    audio_delay: bool,
    store: bool,
    repair: bool,
    as_json: bool,
) -> None:
    """Check Python, the data folder, Bluetooth, the paired clips, sound, the window, extras and the compiler's cache.

    Exit code 1 if something that a run needs is missing: Python, the data folder or Bluetooth.

    --clip goes through a clip's first light: found, paired, battery, flash, sensor, which side is up, button, buzzer,
    motor, light, signal. Each step says what to do and passes by itself; keys: y yes, n no, s skip, q end. Exit code 1
    if a step failed. The report has no address and nothing of a runner.

    For --audio-delay hold an earphone to the microphone; the figure, with the microphone's own delay, is kept and
    stated in summaries.

    --store reads all sessions; exit code 1 if some of them are damaged. --repair copies what can be read into a new
    file and keeps the damaged one beside it.
    """
    if repair and not store:
        raise click.UsageError("--repair goes with --store.")
    if not clip and any(each is not None for each in (report, limit_s, runner, address, adapter)):
        raise click.UsageError("--report, --limit, --runner, --address and --adapter go with --clip.")
    if clip:
        from untuck.cli.doctor_clip import check_first_light

        check_first_light(clip_config(runner, address=address, adapter=adapter), limit_s, report, as_json)
        return
    if store:
        from untuck.cli.doctor_store import check_sessions

        check_sessions(repair, as_json)
        return
    if audio_delay:
        _measure_audio_delay(as_json)
        return
    checks = []
    for name, needed, look in _LOOKS:
        checks.append(_check(name, needed, look))
        if look is _bluetooth and checks[-1].ok:
            checks += _paired_clips()
    if as_json:
        output.print_json("doctor", DoctorResult(tuple(checks)))
    else:
        for check in checks:
            mark = "ok" if check.ok else "MISSING" if check.needed else "none"
            output.echo(f"{check.name:<12} {mark:<8} {check.text}")
    missing = [check.name for check in checks if check.needed and not check.ok]
    if missing:
        raise UntuckError(f"a run with the clip needs: {', '.join(missing)}. `untuck demo` needs no Bluetooth.")


def _measure_audio_delay(as_json: bool) -> None:
    from untuck.sound.delay import measure_delay_ms
    from untuck.store.profiles import Profiles

    output.note("playing test sounds for 8 s: hold an earphone to the microphone ...")
    delay_ms = measure_delay_ms()
    Profiles().keep_audio_delay(delay_ms)
    text = f"Sound is heard {delay_ms:.0f} ms after it is played, the microphone's own delay included."
    if as_json:
        output.print_json("audio_delay", AudioDelayResult(delay_ms))
    else:
        output.echo(text)


def _check(name: str, needed: bool, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, needed, look())
    except UntuckError as error:
        return Check(name, False, needed, str(error))
    except ModuleNotFoundError as error:
        return Check(name, False, needed, f"{error.name} is not installed: {_PIP}'untuck[all]'")


def _python() -> str:
    return f"{platform.python_version()} on {sys.platform} {platform.machine()}, untuck {__version__}"


def _bluetooth() -> str:
    from untuck.sources.ble_scan import choose_adapter, find_clips
    from untuck.sources.stack import Backend

    if sys.platform == "linux" and not any(map(Path.exists, map(Path, _BLUETOOTH_SERVICES))):
        raise UntuckError("BlueZ is not installed: sudo apt-get install bluez, or on Fedora sudo dnf install bluez")
    adapter = interrupt.run(choose_adapter(Backend()))
    clips = interrupt.run(find_clips(scan_s=3.0))
    heard = ", ".join(f"{clip.name} ({clip.role}) {clip.rssi_dbm} dBm" for clip in clips)
    return f"adapter {adapter or 'found'}; clips in range: {heard or 'none'}"


def _paired_clips() -> list[Check]:
    """One check for each clip of the runner of the settings, and one that fails if only the pelvis's is missing."""
    from untuck.session.paired_clips import look_at_clip, paired_addresses
    from untuck.session.request import missing_clip, with_paired_clip
    from untuck.store.profiles import Profiles

    try:
        config = clip_config(None)
        profile = Profiles().open(config.name)
        addresses = paired_addresses(config, profile)
    except UntuckError:
        return []  # the data folder's check says it, and every command does

    def look(role: Role) -> str:
        if role in addresses:
            return interrupt.run(look_at_clip(role, addresses[role]))
        what, command = missing_clip(with_paired_clip(config, profile))
        raise UntuckError(f"{what}: {command}")

    roles = (Role.PELVIS, *(role for role in addresses if role is not Role.PELVIS)) if addresses else ()
    return [_check(f"{role.capitalize()} clip", False, partial(look, role)) for role in roles]


def _sound() -> str:
    from untuck.sound.player import Player

    if sys.platform == "linux" and not any(map(find_library, ("pulse", "asound"))):
        raise UntuckError(
            "no sound system's library: sudo apt-get install libpulse0, or on Fedora sudo dnf install pulseaudio-libs"
        )
    with Player() as player:
        return f"plays through {player.backend}"


def _window() -> str:
    from untuck.coach.screen import check_window

    return f"opens on {check_window()}"


def _extras() -> str:
    """Which optional parts are installed. Raises UntuckError if one is not."""
    lacking = {extra: missing for extra in _USERS_EXTRAS if (missing := _lacking(extra))}
    if lacking:
        named = "; ".join(f"{extra} lacks {', '.join(missing)}" for extra, missing in lacking.items())
        raise UntuckError(f"{named}: {_PIP}'untuck[{','.join(lacking)}]'")
    return "all are installed"


def _lacking(extra: str) -> list[str]:
    """Distributions that this extra of the package asks for and that are not installed."""
    try:
        asked = metadata.requires("untuck") or []
    except metadata.PackageNotFoundError as error:
        raise UntuckError(f"Untuck itself is not installed: {_PIP}'.[all]' in its folder") from error
    names = [re.split(r"[^\w.-]", line)[0] for line in asked if re.search(rf"""extra == ['"]{extra}['"]""", line)]
    return [name for name in names if name != "untuck" and not _installed(name)]


def _installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _data_folder() -> str:
    from untuck.store import Store

    store = Store()
    store.check_writable()
    return f"{len(store.sessions())} sessions in {store.path}"


def _cache() -> str:
    from untuck.session.warmup import cache_folder, is_cached

    if is_cached():
        return f"compiled, in {cache_folder() or 'no folder: the compiler is off'}"
    if cache_folder() is None:
        raise UntuckError("compiled at every start, about 10 s: set NUMBA_CACHE_DIR to a folder you can write to")
    raise UntuckError("not compiled yet, or damaged: the next analysis of a file takes about 10 s longer")


_PIP = "python -m pip install "
_USERS_EXTRAS = ("live", "coach", "report", "simulate", "lsl")
_BLUETOOTH_SERVICES = ("/usr/libexec/bluetooth/bluetoothd", "/usr/lib/bluetooth/bluetoothd", "/usr/sbin/bluetoothd")
_LOOKS: tuple[tuple[str, bool, Callable[[], str]], ...] = (
    ("Python", True, _python),
    ("Data folder", True, _data_folder),
    ("Bluetooth", True, _bluetooth),
    ("Sound", False, _sound),
    ("Window", False, _window),
    ("Extras", False, _extras),
    ("Analysis", False, _cache),
)
