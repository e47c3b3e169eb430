"""Runners' profiles on the phone: a file for each, with the same JSON as a profile that the computer exports.

How many sessions count for the fading of cues follows from the runs on the phone, and from what an imported profile
says. What belongs to this phone, the clip's id, is in a file of its own.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import replace

from untuck.errors import StoreError
from untuck.model import Baseline, Calibration
from untuck.outside_text import as_file_name
from untuck.phone.app.files import Files
from untuck.phone.app.runs import RunFacts
from untuck.store import profile_file
from untuck.store.profile import COUNTED_MODES, Profile, cues_could_sound
from untuck.store.values import checked, loads

FOLDER = "profiles"
CLIPS = "settings/clips.json"  # by runner, the browser's id of the clip

_log = logging.getLogger(__name__)


class Profiles:
    """All profiles in the page's storage. Every method may raise StoreError."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._profiles: dict[str, Profile] = {}
        self._clips: dict[str, str] = {}

    async def load(self) -> None:
        """Read all profiles; one that cannot be read is left out, and reported in the log."""
        for name in await self._files.names(FOLDER):
            data = await self._files.read(f"{FOLDER}/{name}")
            try:
                profile = profile_file.from_text(data or b"")
            except StoreError as error:
                _log.warning("the profile %s: %s", name, error)
                continue
            self._profiles[profile.runner] = profile
        try:
            self._clips = {
                name: checked(str, clip) for name, clip in loads(await self._files.read(CLIPS) or b"{}").items()
            }
        except (ValueError, TypeError, AttributeError) as error:
            _log.warning("the runners' clips: %s", error)

    def runners(self) -> list[str]:
        """Names of all runners with a profile, in order."""
        return sorted(self._profiles)

    def open(self, runner: str, runs: Sequence[RunFacts] = ()) -> Profile:
        """A runner's profile; an empty one for a new runner. runs: all runs on the phone, to count the runner's."""
        profile = self._profiles.get(runner, Profile(runner))
        trained = self._trained(runner, runs)
        return replace(profile, sessions=profile.sessions + trained, clip=self._clips.get(runner, ""))

    def _trained(self, runner: str, runs: Sequence[RunFacts]) -> int:
        counted = [each for each in runs if each.runner == runner and each.mode in COUNTED_MODES]
        return sum(each.summary is not None and cues_could_sound(each.summary) for each in counted)

    async def keep(self, runner: str, value: Calibration | Baseline) -> None:
        """Store the runner's new calibration or baseline."""
        if isinstance(value, Calibration):
            await self._replace(replace(self.open(runner), calibration=value, calibration_unix_s=time.time()))
        else:
            await self._replace(replace(self.open(runner), baseline=value, baseline_unix_s=time.time()))

    async def keep_clip(self, runner: str, address: str) -> None:
        """Store which clip is the runner's: the browser's id of it."""
        if self._clips.get(runner) != address:
            self._clips[runner] = address
            await self._files.replace(CLIPS, json.dumps(self._clips).encode())

    async def take(self, profile: Profile, runs: Sequence[RunFacts]) -> None:
        """Store a profile from outside; its number of sessions includes those on this phone."""
        await self._replace(replace(profile, sessions=max(profile.sessions - self._trained(profile.runner, runs), 0)))

    async def _replace(self, profile: Profile) -> None:
        """Store a profile as a whole. sessions: without those on this phone."""
        self._profiles[profile.runner] = profile
        name = as_file_name(profile.runner or "runner")
        await self._files.replace(f"{FOLDER}/{name}.json", profile_file.to_text(profile).encode())
