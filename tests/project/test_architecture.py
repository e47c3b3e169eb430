"""The picture of the architecture shows the imports as they are; `make docs` draws it."""

from __future__ import annotations

from tools import draw_architecture as drawing


def test_the_committed_picture_is_up_to_date() -> None:
    assert drawing.PICTURE.read_text("utf-8") == drawing.picture(), "the imports have changed: run `make docs`"


def test_every_room_has_a_purpose() -> None:
    assert set(drawing.rooms()) <= set(drawing.PURPOSE)


def test_an_arrow_is_left_out_only_where_others_imply_it() -> None:
    graph = {"cli": {"session", "base"}, "session": {"base"}, "base": set()}
    assert drawing.reduced(graph) == {"cli": {"session"}, "session": {"base"}, "base": set()}
    assert drawing.depths(graph) == {"base": 0, "session": 1, "cli": 2}
