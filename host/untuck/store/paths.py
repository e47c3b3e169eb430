"""Paths of Untuck's data, settings and cache: in the platform's folders, or in the folder that UNTUCK_HOME names."""

from __future__ import annotations

import os
from pathlib import Path


def data_folder() -> Path:
    """The folder of sessions and settings; it may not exist yet."""
    if home := os.environ.get("UNTUCK_HOME"):
        return Path(home).expanduser()
    import platformdirs  # of the extra "cli"

    return platformdirs.user_data_path("untuck", appauthor=False)


def sessions_path() -> Path:
    """The file of recorded sessions."""
    return data_folder() / "sessions.db"


def config_path() -> Path:
    """The file of the user's settings; it may not exist yet."""
    if os.environ.get("UNTUCK_HOME"):
        return data_folder() / "untuck.toml"
    import platformdirs

    return platformdirs.user_config_path("untuck", appauthor=False) / "untuck.toml"


def cache_folder() -> Path:
    """The folder of what can be fetched or made again; it may not exist yet."""
    if os.environ.get("UNTUCK_HOME"):
        return data_folder() / "cache"
    import platformdirs

    return platformdirs.user_cache_path("untuck", appauthor=False)
