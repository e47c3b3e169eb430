"""The settings on the phone: those of the computer, as the same TOML, and what the screen keeps for itself."""

from __future__ import annotations

import dataclasses
import json
import logging
from dataclasses import replace
from typing import Any

from untuck.errors import SettingsError
from untuck.phone.app.files import Files
from untuck.store.config import SECTIONS, Config, checked_name, parse_config, to_toml
from untuck.store.values import check_text, loads

CONFIG, SCREEN = "settings/settings.toml", "settings/screen.json"
_MOST_SCREEN = 50  # values

_log = logging.getLogger(__name__)


class PhoneSettings:
    """The settings of the page. config: of the session; screen: plain values that only the window uses."""

    def __init__(self, files: Files) -> None:
        self.config = Config()
        self.screen: dict[str, Any] = {}
        self._files = files

    async def load(self) -> None:
        """Read them; what cannot be read has its default. Raises StoreError."""
        text, screen = await self._files.read(CONFIG), await self._files.read(SCREEN)
        try:
            self.config = Config() if text is None else parse_config(text.decode(), None, "the settings")
            self.screen = {} if screen is None else _checked(loads(screen))
        except (SettingsError, ValueError, TypeError) as error:  # also of the text's decoding
            _log.warning("settings: %s", error)

    async def change(self, values: dict[str, Any]) -> None:
        """Set values by name: those of store.config's sections, others for the screen.

        Raises SettingsError for a value that does not fit, and StoreError.
        """
        config, screen = self.config, dict(self.screen)
        for name, value in values.items():
            section = next((each for each, kind in SECTIONS.items() if name in _names(kind)), None)
            if section is None:
                screen[name] = value
            else:
                value = tuple(value) if isinstance(value, list) else value
                config = replace(config, **{section: replace(getattr(config, section), **{name: value})})
        await self._keep(config, _checked(screen))

    async def choose_runner(self, name: str) -> None:
        """Set the runner. Raises SettingsError for a name that is none, and StoreError."""
        await self._keep(replace(self.config, name=checked_name(name)), self.screen)

    def plain(self) -> dict[str, Any]:
        """All values by name."""
        values = {"runner": self.config.name}
        for section in SECTIONS:
            values |= dataclasses.asdict(getattr(self.config, section))
        return {**self.screen, **values}

    async def _keep(self, config: Config, screen: dict[str, Any]) -> None:
        text = to_toml(config)
        self.config = parse_config(text, None, "the settings")  # checks every value
        self.screen = screen
        await self._files.replace(CONFIG, text.encode())
        await self._files.replace(SCREEN, json.dumps(screen).encode())


def _names(kind: type) -> set[str]:
    return {each.name for each in dataclasses.fields(kind)}


def _checked(values: Any) -> dict[str, Any]:
    """Values for the screen: a few simple ones. Raises SettingsError."""
    plain = isinstance(values, dict) and len(values) <= _MOST_SCREEN
    if not plain or not all(isinstance(each, str | int | float | bool) for each in values.values()):
        raise SettingsError("a setting of the screen is not a simple value.")
    for name, value in values.items():
        check_text(name, 100)
        check_text(str(value), 1000)
    return dict(values)
