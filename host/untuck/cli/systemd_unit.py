"""The text of the systemd user service that runs `untuck run --unattended` when the computer starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

NAME = "untuck.service"
STOP_S = 45  # saving a run takes up to 25 s

# What a user's own service manager can restrict without mounts. Absent on purpose: MemoryDenyWriteExecute, as numba
# compiles; RestrictRealtime, as the sound's thread asks for it. Bluetooth and PipeWire are reached over local sockets.
_TEMPLATE = """\
# Written by `untuck autostart install`, which replaces it; changes go into `systemctl --user edit untuck`.
[Unit]
Description=Untuck: cues while you run
After=bluetooth.target sound.target pipewire.service pipewire-pulse.service wireplumber.service pulseaudio.service
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={command}
{environment}Restart=always
RestartSec=5
TimeoutStartSec=300
TimeoutStopSec={stop_s}
WatchdogSec=180
KillMode=mixed
OOMPolicy=continue
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX
SystemCallArchitectures=native

[Install]
WantedBy=default.target
"""


@dataclass(frozen=True)
class Service:
    """What the service runs. python: the interpreter's absolute path; runner: "" for the one of the settings.

    environment: variables besides those of the user's service manager.
    """

    python: str
    runner: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The unit file."""
        words = [self.python, "-m", "untuck", "run", "--unattended"]
        words += ["--runner", self.runner] if self.runner else []
        lines = "".join(f"Environment={quoted(f'{name}={value}')}\n" for name, value in self.environment.items())
        command = " ".join(quoted(word).replace("$", "$$") for word in words)
        return _TEMPLATE.format(command=command, environment=lines, stop_s=STOP_S)


def quoted(word: str) -> str:
    """A word as systemd.syntax(7) reads it back, in double quotes where it needs them."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("\n", "\\n")
    return escaped if escaped == word and word.isascii() and not set(word) & set(" \t';") and word else f'"{escaped}"'


def unit_path(config_home: str, home: Path) -> Path:
    """Where the user's service manager looks for it. config_home: XDG_CONFIG_HOME, "" if it is not set."""
    folder = Path(config_home) if config_home.startswith("/") else home / ".config"
    return folder / "systemd" / "user" / NAME
