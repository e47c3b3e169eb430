"""The file of the user's settings, in the platform's folder; its content is checked in config.py."""

from __future__ import annotations

from pathlib import Path

from untuck.errors import SettingsError, reason
from untuck.store import paths, private
from untuck.store.config import Config, parse_config


def read_config(runner: str | None = None, path: Path | None = None) -> Config:
    """Settings of a runner (None: of the one that the file names); a setting that is missing has its default.

    Raises SettingsError, which names file and line, for invalid TOML, unknown names and values out of range.
    """
    path = path or paths.config_path()
    try:
        text = path.read_text(encoding="utf-8")
        private.tighten(path)  # it names runners
    except FileNotFoundError:
        text = ""
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not text in UTF-8: save it so with an editor, or move it away.") from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {reason(error)}.") from error
    return parse_config(text, runner, str(path))
