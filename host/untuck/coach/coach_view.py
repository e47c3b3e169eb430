"""The view of one session in the coach's window: keeps the live state and passes results to the window's feed."""

from __future__ import annotations

from untuck.coach.session_feed import Feed, Snapshot
from untuck.events import Event
from untuck.session.blind_blocks import BlindBlocks
from untuck.session.live_state import LiveState
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session_commands import CueBlock


class CoachView:
    """The view of one session: updates the live state with events and passes both to the window's feed."""

    def __init__(self, state: LiveState, feed: Feed) -> None:
        self._state = state
        self._feed = feed
        self.packets: PacketPipeline | None = None
        self.blocks: BlindBlocks | None = None
        self._begun = False

    def attach(self, packets: PacketPipeline) -> None:
        """Give commands to this packet pipeline from now on."""
        self.packets = packets

    def show(self, events: list[Event], packets: PacketPipeline) -> None:
        """Update the state and pass the results of a packet to the window."""
        if not self._begun:
            self._begun = True
            pipeline = packets.pipeline
            self._state.begin(pipeline.calibration, pipeline.baseline, pipeline.trunk_calibration)
        for event in events:
            self._state.take(event)
        self._state.take_progress(packets.pipeline.progress)
        if self.blocks is not None and (switch := self.blocks.due(packets.last_s)):
            packets.command(CueBlock(switch == "on"))
        self._feed.put(packets.pipeline, events, self._snapshot(packets))

    def _snapshot(self, packets: PacketPipeline) -> Snapshot:
        state = self._state
        calibrated = state.calibration is not None
        decoders = [each for each in (packets.decoder, packets.trunk_decoder) if each is not None]
        return Snapshot(
            moving=state.moving,
            instruction=state.ask(),
            lost=sum(each.lost for each in decoders),
            corrupt=sum(each.corrupt for each in decoders),
            params=packets.pipeline.params,
            progress=state.share,
            blind=self.blocks is not None,
            calibrated=calibrated,
            recalibrating=calibrated and state.progress.search is not None,
            findings=packets.pipeline.progress,
            baseline=packets.pipeline.baseline,
            trunk=state.trunk,
            trunk_problem=state.trunk_problem,
        )

    def say(self, text: str) -> None:
        """Show a message at the bottom of the window."""
        self._feed.say(text)
