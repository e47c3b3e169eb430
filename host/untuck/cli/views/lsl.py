"""The option --lsl: a view that hands everything on to a Lab Streaming Layer outlet, and shows it as before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import click

from untuck.events import Event

if TYPE_CHECKING:
    from untuck.report.lsl import Outlet
    from untuck.session.live import View
    from untuck.session.packet_pipeline import PacketPipeline

lsl_option = click.option("--lsl", is_flag=True, help="Stream samples, strides and cues over Lab Streaming Layer.")


class StreamingView:
    """A view and an outlet as one."""

    def __init__(self, view: View, outlet: Outlet) -> None:
        self._view = view
        self._outlet = outlet

    def show(self, events: list[Event], line: PacketPipeline) -> None:
        """To both."""
        self._outlet.push(line.newest, events)
        self._view.show(events, line)

    def say(self, text: str) -> None:
        """To the view alone."""
        self._view.say(text)


def streamed(
    make_view: Callable[..., AbstractContextManager[View]], lsl: bool
) -> Callable[..., AbstractContextManager[View]]:
    """What makes views, its first argument being their source; they are streamed as well if lsl."""
    if not lsl:
        return make_view

    @contextmanager
    def make(source: str, *arguments: Any) -> Iterator[View]:
        from untuck.report.lsl import Outlet

        with make_view(source, *arguments) as view, Outlet(source) as outlet:
            yield StreamingView(view, outlet)

    return make
