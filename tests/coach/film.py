"""The moving picture of the README: the coach's window while the runner of the demo tucks, is cued and recovers.

A line below the window says in words what the runner hears. screenshots.py saves it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from tests.coach.scenes import SceneControl, open_scene, packets, settle

from untuck.coach import theme as themes
from untuck.events import CueDecided
from untuck.model import Cue
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.themes import LIGHT
from untuck.store import Settings
from untuck.vocabulary import RECOVERED, facts

MOST_BYTES = 1_500_000
SIZE, LINE_PX = (940, 525), 44
START_S, END_S, STEP_S = 65.0, 105.0, 1.0
FRAME_MS, CUE_MS, LAST_MS = 170, 1800, 2500
COLOURS = 64


def save_film(path: Path) -> None:
    """Save the moving picture as a GIF that repeats."""
    frames, lasts_ms = [], []
    for image, last_ms in _frames():
        frames.append(image)
        lasts_ms.append(last_ms)
    palette = _picture(_stacked(frames[:: len(frames) // 6])).quantize(COLOURS)
    flat = [_picture(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    flat[0].save(path, save_all=True, append_images=flat[1:], duration=lasts_ms, loop=0, optimize=False)


def cues(seed: int = 0) -> list[Cue]:
    """What the simulated runner hears, in order of time."""
    pipeline = PacketPipeline(Settings())
    events = [event for packet in packets(seed) for event in pipeline.push(packet)]
    return [event.cue for event in events if isinstance(event, CueDecided)]


def words(heard: Cue | None) -> str:
    """The line below the window after a cue."""
    if heard is None:
        return "In the runner's ear: silence, which means good form"
    row = facts(heard.fault)
    meaning = "the form is back" if heard.fault == RECOVERED else f"{row.name}: {row.advice}"
    return f"♪ In the runner's ear: {row.sound_words} ({meaning})"


def _frames() -> list[tuple[QImage, int]]:
    """Each picture, and how long it stays in milliseconds: long at a cue."""
    control, frames = SceneControl(), []
    slot = control.slot("Ada", 0, START_S)
    window = open_scene(control, SIZE)
    coming = [cue for cue in cues() if START_S < cue.time_s < END_S]
    heard: Cue | None = None
    for until_s in np.arange(START_S, END_S, STEP_S):
        control.play(slot, float(until_s))
        settle(window)
        lasts_ms = FRAME_MS
        if coming and coming[0].time_s <= until_s:
            heard, lasts_ms = coming.pop(0), CUE_MS
        frames.append((_captioned(window.grab().toImage(), heard), lasts_ms))
    window.close()
    return [*frames[:-1], (frames[-1][0], LAST_MS)]


def _captioned(image: QImage, heard: Cue | None) -> QImage:
    """A picture of the window, with a line below it that says what the runner hears."""
    theme = LIGHT
    colour = theme.good if heard is None or heard.fault == RECOVERED else theme.fault
    out = QImage(image.width(), image.height() + LINE_PX, QImage.Format.Format_RGB32)
    out.fill(QColor(colour))
    painter = QPainter(out)
    painter.drawImage(0, 0, image)
    painter.setFont(themes.font(18, bold=True))
    painter.setPen(QColor(theme.on(colour)))
    painter.drawText(QRectF(0, image.height(), image.width(), LINE_PX), Qt.AlignmentFlag.AlignCenter, words(heard))
    painter.end()
    return out


def _stacked(images: list[QImage]) -> QImage:
    """Pictures below each other: together they have the colours of all."""
    height = images[0].height()
    out = QImage(images[0].width(), height * len(images), QImage.Format.Format_RGB32)
    painter = QPainter(out)
    for number, image in enumerate(images):
        painter.drawImage(0, number * height, image)
    painter.end()
    return out


def _picture(image: QImage) -> Image.Image:
    """A picture of Qt as one of Pillow."""
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    data = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    return Image.fromarray(data[:, : 3 * rgb.width()].reshape(rgb.height(), rgb.width(), 3).copy())
