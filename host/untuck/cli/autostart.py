"""`untuck autostart`: a systemd user service that runs Untuck when a computer without a screen is switched on."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click

from untuck.cli import output, systemd_unit
from untuck.cli.group import PlainGroup
from untuck.cli.options import as_json, runner_option
from untuck.cli.results import AutostartResult
from untuck.cli.systemd_unit import Service
from untuck.errors import UntuckError, reason

SYSTEMCTL_S = 30.0
LINGER = Path("/var/lib/systemd/linger")  # a file for each user whose services start without a login
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group(cls=PlainGroup)
def autostart() -> None:
    """Run with the clip whenever this computer is switched on: for a Raspberry Pi in the belt. Linux with systemd."""


def _service_options(function: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option(
            "--data", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER", help="Store sessions here."
        ),
        click.option("--sound-card", metavar="NAME", help="ALSA's name of the sound card, as `aplay -l` lists it."),
        runner_option,
    ):
        function = option(function)
    return function


@autostart.command()
@_service_options
@as_json
def install(runner: str | None, sound_card: str | None, data: Path | None, as_json: bool) -> None:
    """Write the service and enable it, so that it starts with the computer.

    The service runs `untuck run --unattended` with this Python. `systemctl --user start untuck` starts it now. Sessions
    and settings are in the folder of UNTUCK_HOME, else in your data folder; --data names another.
    """
    _need_systemd()
    service, path = _service(runner, sound_card, data), _path()
    todo = [*_missing(service)]
    _compile()
    _write(path, service.text())
    enabled = _systemctl("daemon-reload") and _systemctl("enable", systemd_unit.NAME)
    if not enabled:
        todo.append(
            "enable it in a login of this user: systemctl --user daemon-reload && systemctl --user enable untuck"
        )
    lingers = LINGER.joinpath(getpass.getuser()).exists()
    if not lingers:
        todo.append(f"let it start without a login: sudo loginctl enable-linger {getpass.getuser()}")
    if as_json:
        return output.print_json("autostart", AutostartResult(str(path), enabled, lingers, tuple(todo)))
    output.echo(f"Written: {path}")
    for line in todo:
        output.echo(f"To do: {line}")
    output.echo("Start it now: systemctl --user start untuck. What it does: journalctl --user -f -u untuck")


@autostart.command()
@_service_options
def show(runner: str | None, sound_card: str | None, data: Path | None) -> None:
    """Print the service that `install` would write."""
    output.echo(_service(runner, sound_card, data).text().rstrip("\n"))


@autostart.command()
def remove() -> None:
    """Stop the service, which ends and saves a run, and remove it."""
    _need_systemd()
    path = _path()
    if not path.exists():
        raise UntuckError("there is no service of Untuck to remove.")
    stopped = _systemctl("disable", "--now", systemd_unit.NAME)
    try:
        path.unlink()
    except OSError as error:
        raise UntuckError(f"{path} cannot be removed: {reason(error)}.") from error
    _systemctl("daemon-reload")
    output.echo(f"Removed: {path}")
    if not stopped:
        output.echo("It may still run: stop it with systemctl --user stop untuck, or restart the computer.")


def _service(runner: str | None, sound_card: str | None, data: Path | None) -> Service:
    home = os.environ.get("UNTUCK_HOME", "") if data is None else str(data)
    environment = {"UNTUCK_HOME": str(Path(home).expanduser().absolute())} if home else {}
    for name in ("NUMBA_CACHE_DIR", "NUMBA_DISABLE_JIT"):  # what `install` has compiled is used
        if value := os.environ.get(name):
            environment[name] = value
    if sound_card:
        environment["ALSA_CARD"] = sound_card
    for value in (*environment.values(), sys.executable):
        if any(ord(letter) < 32 for letter in value):
            raise UntuckError("a folder or a sound card with a line break in its name cannot be used for a service.")
    return Service(sys.executable, runner or "", environment)


def _missing(service: Service) -> list[str]:
    """What a run will need and does not find yet, with the command that helps."""
    from untuck.store.config_file import read_config
    from untuck.store.profiles import Profiles

    config = read_config(service.runner or None)
    option = f" --runner '{config.name}'" if config.name else ""
    if config.clip.address or Profiles().open(config.name).clip:
        return []
    return [f"pair the clip: hold its button for 3 s until its light blinks fast, then untuck pair{option}"]


def _compile() -> None:
    """Compile the analysis now: a computer with 512 MB should not do so during a run."""
    from untuck.session.warmup import warm_up

    warm_up(output.note)


def _path() -> Path:
    return systemd_unit.unit_path(os.environ.get("XDG_CONFIG_HOME", ""), Path.home())


def _write(path: Path, text: str) -> None:
    from untuck.store import private

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        private.create(path)  # it has the runner's name
        path.write_text(text, "utf-8")
    except OSError as error:
        raise UntuckError(f"the service {path} cannot be written: {reason(error)}.") from error


def _need_systemd() -> None:
    if not sys.platform.startswith("linux") or shutil.which("systemctl") is None:
        raise UntuckError(
            "autostart needs Linux with systemd: elsewhere let the system start `untuck run --unattended` at login."
        )


def _systemctl(*words: str) -> bool:
    """Whether the user's service manager did it; its own messages are not shown."""
    try:
        done = subprocess.run(
            ["systemctl", "--user", *words],
            capture_output=True,
            timeout=SYSTEMCTL_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
