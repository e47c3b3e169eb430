"""The clips of a session with its settings and the runner's profile, and what the runner should know of them."""

from __future__ import annotations

from dataclasses import dataclass

from untuck import wire
from untuck.motion.params import Params
from untuck.session.packet_loop import Source, View
from untuck.session.two_clips import TwoClips
from untuck.sources.ble import BleSource
from untuck.sources.clip_setup import is_weak, tuck_cue_commands
from untuck.store.profile import Profile
from untuck.store.session import Settings
from untuck.vocabulary import Role

LOW_BATTERY_PCT = 15


@dataclass(frozen=True, eq=False)
class ConnectedClip:
    """A clip that streams, the profile of its runner, and the settings of the session.

    source: the pelvis's clip; both: the two clips of a session with a second one.
    """

    source: BleSource
    profile: Profile
    settings: Settings
    both: TwoClips | None = None

    @property
    def stream(self) -> Source:
        """Where the session's packets come from."""
        return self.source if self.both is None else self.both

    @property
    def trunk(self) -> BleSource | None:
        """The trunk's clip, which may not be connected yet; None without one."""
        return None if self.both is None else self.both.trunk

    @property
    def trunk_name(self) -> str:
        """The trunk's clip as the store names it; "" if it is not known."""
        return "" if self.trunk is None or not self.trunk.name else f"clip {self.trunk.name}"

    @property
    def battery_pct(self) -> int | None:
        """Charge of the clip's battery, None if it is not known."""
        return self.source.status.battery_pct if self.source.status is not None else None


def show_notices(view: View, clip: ConnectedClip) -> None:
    """Show what the runner should know before the start: batteries, signals, what is reused, how much is cued."""
    if clip.both is None:
        _show_state(view, clip.source)
    else:
        _show_state(view, clip.source, " on the waistband")
        _show_state(view, clip.both.trunk, " on the upper back")
        clip.both.report_to(view.say)
    _show_role(view, clip.source)
    profile, settings = clip.profile, clip.settings
    saved = [name for name in ("calibration", "baseline") if getattr(settings, name) is not None]
    if saved:
        whose = f" of {profile.runner}" if profile.runner else " from last time"
        view.say(f"using the {' and '.join(saved)}{whose}: stand still for 5 s so that they can be checked")
    if settings.params.cue_share < 1.0:
        share = "two of three" if settings.params.cue_share > 0.5 else "one of three"
        view.say(f"session {profile.sessions + 1}: {share} findings are cued")


def _show_role(view: View, source: BleSource) -> None:
    """Show that the clip on the pelvis says that it is worn on the trunk."""
    if source.status is not None and source.status.role == Role.TRUNK:
        view.say(
            f"the clip {source.name} is used on the waistband but says that it is the one of the upper back: exchange "
            "the clips, or set its role with `untuck pair --role pelvis`"
        )


def _show_state(view: View, source: BleSource, where: str = "") -> None:
    """Show what is not in order with a clip; nothing of one that has not been connected yet."""
    status, clip = source.status, f"the clip{where}"
    if status is None:
        return
    if status.battery_pct is not None and status.battery_pct < LOW_BATTERY_PCT:
        battery = f"the battery of {clip}" if where else "the clip's battery"
        view.say(f"{battery} is at {status.battery_pct} %: charge it soon")
    if status.conditions & wire.COND_FAULT:
        view.say(f"{clip} reports a fault of its firmware: switch it off and on, and report it if that comes again")
    if status.conditions & wire.COND_FULL:
        flash = f"the flash of {clip}" if where else "the clip's flash"
        view.say(f"{flash} is full or failed: it may lose data out of range; `untuck sync` makes room")
    if is_weak(source.rssi_dbm):
        of = f" of {clip}" if where else ""
        view.say(f"weak signal{of}, {source.rssi_dbm} dBm: wear the clip on the side of the computer")


async def configure_clip(source: BleSource, profile: Profile, params: Params) -> None:
    """Send the runner's calibration and baseline to the clip, for its own tuck cues when it runs without a host.

    Nothing is sent if one of them is missing. Raises LinkError.
    """
    if profile.calibration is not None and profile.baseline is not None:
        await source.configure(
            tuck_cue_commands(
                profile.calibration,
                profile.baseline,
                params.tuck_on_deg,
                params.baseline_warmup_s,
                params.cue_cooldown_s,
            )
        )
