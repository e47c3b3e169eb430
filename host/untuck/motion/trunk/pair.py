"""Two clips of one runner: when the trunk is there, whether its calibration agrees, and which clip is worn where.

Composed by the pipeline; the samples are put in order by merge.py, measured by clip.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from math import inf, nan

from untuck.events import Event, Rejected, TrunkCalibrated, TrunkChanged, Warned
from untuck.model import Calibration
from untuck.motion.mount.tracker import Mounting
from untuck.motion.params import Params
from untuck.motion.strides.stride import NO_TRUNK, Stride
from untuck.motion.trunk.clip import TrunkClip
from untuck.motion.trunk.merge import Merge
from untuck.samples import Samples
from untuck.vocabulary import NoTrunk, Role

_LOST = (
    "No trunk: there are no samples of the clip on the upper back. Lean and the lumbar spine are not judged until they "
    "come; the pelvis is judged as before."
)
_SWAPPED = (
    "The clips seem to be swapped: the one of the upper back drops from side to side more than the one of the pelvis, "
    "and moved less forward in the hinges. "
    "Nothing of either can be relied on, as each is taken for the other; exchange them, stand and hinge."
)
_ROUNDED = (
    "In the hinges the upper back tipped by {:.0f} deg and the pelvis by {:.0f}: the spine bent, so the forward "
    "direction of the two may differ. Stand still for 5 s, then hinge again with a straight back."
)
_HINGE_RATIOS = 0.7, 1.5  # of the trunk's depth to the pelvis's, with a back that is straight enough


class Pair:
    """The trunk's side of a run with two clips.

    present: its samples come; swapped: the clips seem to be worn in each other's place.
    """

    def __init__(
        self, params: Params, calibration: Calibration | None, keep_samples: bool, pelvis: Mounting | None = None
    ) -> None:
        self._params = params
        self._pelvis = pelvis
        self._merge = Merge(params.trunk_wait_s)
        self.clip = TrunkClip(params, calibration, keep_samples)
        self.present = self.swapped = self._came = False
        self._obliquity: deque[tuple[float, float]] = deque(maxlen=params.swap_strides)
        self._depth_deg: dict[Role, float] = {}
        self._pelvis_s = -inf  # how far the pelvis has come

    def push(self, role: Role, samples: Samples) -> Iterator[tuple[Role, Samples]]:
        """Hold the next samples of a clip; yields what is due of both, in order of time. Raises SamplesError."""
        self._merge.push(role, samples)
        yield from self._merge.due()

    def rest(self) -> Iterator[tuple[Role, Samples]]:
        """What is still held, at the end of the recording."""
        yield from self._merge.due(ended=True)

    def take(self, samples: Samples, speed_m_s: float) -> list[Event]:
        """Take in samples of the trunk; speed_m_s: of the runner. Late ones, of a lost link, do not bring it back."""
        events = self.clip.push(samples, speed_m_s)
        late_s = self._pelvis_s - float(samples.time_s[-1])
        if not self.present and late_s <= self._params.trunk_lost_s:
            self.present = self._came = True
            events.insert(0, TrunkChanged(float(samples.time_s[0]), True))
        return events

    def watch(self, now_s: float, runs: bool) -> list[Event]:
        """What the trunk's clip shows at now_s of the pelvis: it has stopped, or is calibrated while nobody runs."""
        events: list[Event] = []
        self._pelvis_s = now_s
        if self.present and now_s - self.clip.last_s > self._params.trunk_lost_s:
            self.present = False
            events += [TrunkChanged(now_s, False), Warned(now_s, _LOST)]
        if not runs:
            events += self.clip.look()
        for event in events:
            if isinstance(event, TrunkCalibrated) and not event.zero_only:
                events = [*self.hinged(Role.TRUNK, event.calibration, now_s), *events]
        return events

    def hinged(self, role: Role, calibration: Calibration, now_s: float) -> list[Event]:
        """A clip is being calibrated: compare the hinges of both, in which pelvis and trunk tip together.

        Where the back bent, both are searched for again; what was found is used until then.
        """
        depth_deg = calibration.quality.get("depth_deg")
        if depth_deg is None:
            return []
        self._depth_deg[role] = depth_deg
        if len(self._depth_deg) < 2:
            return []
        trunk, pelvis = self._depth_deg[Role.TRUNK], self._depth_deg[Role.PELVIS]
        least, most = _HINGE_RATIOS
        self._depth_deg.clear()
        self.swapped = False
        self._obliquity.clear()
        if least <= trunk / pelvis <= most:
            return []
        self._search_again()
        return [Rejected(now_s, "back"), Warned(now_s, _ROUNDED.format(trunk, pelvis))]

    def measure(self, stride: Stride, now_s: float) -> list[Event]:
        """Fill in what the trunk's clip measures in a stride; says if it has slipped, or both seem swapped."""
        events = self.clip.measure(stride, now_s)
        record = stride.record
        if self.swapped:
            record.update(NO_TRUNK | {"lean_deg": nan, "trunk_reason": str(NoTrunk.MOUNT)})
        if not self._came:
            events.append(Warned(now_s, _LOST))
        if not record["valid"] or record["trunk_reason"]:
            return events
        self._obliquity.append((record["trunk_obliquity_range_deg"], record["obliquity_range_deg"]))
        if len(self._obliquity) < self._params.swap_strides:
            return events
        trunk, pelvis = (sum(column) for column in zip(*self._obliquity, strict=True))
        self.swapped = trunk > self._params.swap_ratio * pelvis and self._is_lower()
        if not self.swapped:
            return events
        self._search_again()
        return [*events, Rejected(now_s, "places"), Warned(now_s, _SWAPPED)]

    def _is_lower(self) -> bool:
        """Whether the hinges showed the trunk's clip below the pelvis's: some people's trunk sways more as well."""
        if self._pelvis is None:
            return False
        trunk, pelvis = (each.calibration.quality.get("lever_m", nan) for each in (self.clip.mounting, self._pelvis))
        return trunk < pelvis

    def _search_again(self) -> None:
        """Search for standing and hinges of both clips; the calibrations in use are kept until then."""
        self._depth_deg.clear()
        for mounting in (self._pelvis, self.clip.mounting):
            if mounting is not None:
                mounting.ask_calibration()
