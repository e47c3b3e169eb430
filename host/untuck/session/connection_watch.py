"""Reports what no event of a session reports: packets of a clip that stop or come again, and a low battery."""

from __future__ import annotations

import asyncio
import logging
import time

from untuck.session.packet_loop import SessionVoice, View
from untuck.session.packet_pipeline import PacketPipeline

NO_DATA_S = 3.0  # after this time without a packet the runner gets a message
CHECK_EVERY_S = 0.5

_log = logging.getLogger(__name__)


async def watch_connection(packets: PacketPipeline, view: View, voice: SessionVoice | None) -> None:
    """Show and speak packets that stop or come again, and a low battery, until the task is cancelled."""
    count, newest_s, silent, low, trunk = 0, time.monotonic(), False, False, _TrunkWatch()
    while True:
        await asyncio.sleep(CHECK_EVERY_S)
        now_s = time.monotonic()
        if packets.decoder.packets != count:
            count, newest_s = packets.decoder.packets, now_s
            trunk.look(packets, view, voice)
        if packets.decoder.low_battery and not low:
            low = True
            _announce("the clip's battery is low", "battery low", view, voice)
        if (count > 0 and now_s - newest_s > NO_DATA_S) != silent:
            silent = not silent
            if silent:
                _announce(f"no data from the clip for {NO_DATA_S:.0f} s: cues wait", "no data", view, voice)
            else:
                _announce("the clip is back", "data again", view, voice)


class _TrunkWatch:
    """The same of a second clip. It is looked at only where the pelvis's sends, which the trunk's is compared with."""

    def __init__(self) -> None:
        self._silent = self._low = False
        self._missed = 0  # looks in a row without its samples

    def look(self, packets: PacketPipeline, view: View, voice: SessionVoice | None) -> None:
        decoder = packets.trunk_decoder
        if decoder is None:
            return
        if decoder.low_battery and not self._low:
            self._low = True
            _announce("the battery of the clip on the upper back is low", "battery low", view, voice)
        self._missed = 0 if packets.pipeline.trunk_present else self._missed + 1
        if (self._missed * CHECK_EVERY_S > NO_DATA_S) == self._silent:
            return
        self._silent = not self._silent
        if self._silent:
            text = f"no data from the clip on the upper back for {NO_DATA_S:.0f} s: lean is not measured"
            _announce(text, "no trunk", view, voice)
        else:
            _announce("the clip on the upper back sends again", "trunk again", view, voice)


def _announce(text: str, phrase: str, view: View, voice: SessionVoice | None) -> None:
    """Show a text and speak a phrase."""
    _log.info("%s", text)
    view.say(text)
    if voice is not None:
        voice.speak(phrase)
