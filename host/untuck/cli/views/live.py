"""The live view that fits the output: drawn in a terminal, lines of JSON, or plain lines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from untuck.cli import output
from untuck.cli.views.keys import HELP, Keys, listening
from untuck.cli.views.lsl import streamed
from untuck.motion.params import Params

if TYPE_CHECKING:  # these load the analysis or the radio
    from untuck.session.clip_session import SessionResult
    from untuck.session.packet_loop import View
    from untuck.session.packet_pipeline import PacketPipeline
    from untuck.session.request import SessionRequest
    from untuck.sources.ble import Backend


@contextmanager
def live_view(source: str, params: Params, as_json: bool, live: bool = False) -> Iterator[View]:
    """A drawn view in a terminal, plain lines elsewhere.

    live: the runner is present: keys give commands, so the view shows them, and as_json prints lines of JSON.
    """
    from untuck.session.live_state import LiveState

    state = LiveState(params)
    if sys.stdout.isatty() and not as_json:
        from rich.console import Console

        from untuck.cli.views.terminal import TerminalView

        with TerminalView(Console(), state, source, HELP if live else "") as view:
            yield view
    elif as_json and live:
        from untuck.cli.views.json_lines import JsonView

        yield JsonView(output.echo, state)
    else:
        from untuck.cli.views.plain import PlainView

        yield PlainView(partial(output.echo, err=as_json), state)


async def run_clip(
    request: SessionRequest, as_json: bool = False, lsl: bool = False, backend: Backend | None = None
) -> SessionResult:
    """Run a session with the clip, shown in the live view, until it is finished, cancelled, or the clip is gone.

    backend: a radio other than the platform's. Raises LinkError without a clip, StoreError if nothing can be recorded.
    """
    from untuck.session.clip_session import run_with_clip

    make_view = streamed(partial(live_view, as_json=as_json, live=True), lsl)
    return await run_with_clip(request, make_view, output.note, _listen, backend)


def _listen(packets: PacketPipeline, finish: Callable[[], object]) -> AbstractContextManager[None]:
    return listening(Keys(packets.command, finish))
