"""Saves a session's new calibration and baseline in the runner's profile, away from the events that cue.

stored_profile.py saves in the computer's store, the phone in its own files.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable

from untuck.errors import StoreError
from untuck.events import BaselineExtended, BaselineTaken, Calibrated, Event, TrunkCalibrated
from untuck.model import Baseline, Calibration
from untuck.vocabulary import Role

RETRY_S = 1.0
FINISH_S = 10.0  # how long the end of a session waits for a store that cannot be written to

Save = Callable[[Calibration | Baseline, Role], Awaitable[None]]  # a calibration is that of the clip with this role

_log = logging.getLogger(__name__)


class ProfileKeeper:
    """Saves in the order of the events; while the store cannot be written to, it tries again.

    save: saves a value, or raises StoreError; say: receives a line when saving fails for the first time; until: whether
    an event ends the session.
    """

    def __init__(self, save: Save, say: Callable[[str], None], until: Callable[[Event], bool] | None = None) -> None:
        self._save_value = save
        self._say = say
        self._until = until
        self._waiting: deque[tuple[Calibration | Baseline, Role]] = deque()
        self._saving: asyncio.Task[None] | None = None
        self._failed = False
        self._give_up_s: float | None = None  # set at the end

    def on_event(self, event: Event) -> bool:
        """Save what the event holds, from the event loop; returns True for the event that ends the session."""
        match event:
            case BaselineTaken(baseline=baseline) | BaselineExtended(baseline=baseline):
                self._keep(baseline)
            case Calibrated(calibration=calibration) if calibration.source == "stand+hinges":
                self._keep(calibration)
            case TrunkCalibrated(calibration=calibration) if calibration.source == "stand+hinges":
                self._keep(calibration, Role.TRUNK)
            case _:
                pass
        return self._until is not None and self._until(event)

    async def finish(self) -> None:
        """Wait until all is saved. Begins no attempt after FINISH_S; what is not saved then is named in the log."""
        self._give_up_s = time.monotonic() + FINISH_S
        if self._saving is not None:
            await self._saving

    def _keep(self, value: Calibration | Baseline, role: Role = Role.PELVIS) -> None:
        self._waiting.append((value, role))
        if self._saving is None or self._saving.done():
            self._saving = asyncio.get_running_loop().create_task(self._save())

    async def _save(self) -> None:
        while self._waiting:
            try:
                await self._save_value(*self._waiting[0])
            except StoreError as error:
                self._report(error)
                if self._give_up_s is not None and time.monotonic() >= self._give_up_s:
                    _log.warning("%d of the profile's values were not saved", len(self._waiting))
                    return
                await asyncio.sleep(RETRY_S)
            else:
                self._waiting.popleft()

    def _report(self, error: StoreError) -> None:
        if not self._failed:
            self._failed = True
            self._say(f"not saved for the next session yet: {error}")
            _log.info("the profile was not saved", exc_info=error)
