"""The view of the option --lsl: streams to a Lab Streaming Layer outlet and shows the session in another view."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from untuck.events import Event

if TYPE_CHECKING:
    from untuck.report.lsl import Outlet
    from untuck.session.packet_loop import View
    from untuck.session.packet_pipeline import PacketPipeline


class StreamingView:
    """A view that passes everything to an outlet and to another view."""

    def __init__(self, view: View, outlet: Outlet) -> None:
        self._view = view
        self._outlet = outlet

    def show(self, events: list[Event], packets: PacketPipeline) -> None:
        """Stream the samples and events, then show them."""
        self._outlet.push(packets.newest, events)
        self._view.show(events, packets)

    def say(self, text: str) -> None:
        """Show a line of text; it is not streamed."""
        self._view.say(text)


def streamed(
    make_view: Callable[..., AbstractContextManager[View]], lsl: bool
) -> Callable[..., AbstractContextManager[View]]:
    """make_view, or with lsl one whose views stream as well; its first argument must be the source's name."""
    if not lsl:
        return make_view

    @contextmanager
    def make(source: str, *arguments: Any, **options: Any) -> Iterator[View]:
        from untuck.report.lsl import Outlet

        with make_view(source, *arguments, **options) as view, Outlet(source) as outlet:
            yield StreamingView(view, outlet)

    return make
