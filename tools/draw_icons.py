"""Draws the icons of the phone's page from docs/assets/logo.svg, after a change of it: `python tools/draw_icons.py`."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

CHECKOUT = Path(__file__).resolve().parent.parent
LOGO = CHECKOUT / "docs" / "assets" / "logo.svg"
FOLDER = CHECKOUT / "host" / "untuck" / "phone" / "page" / "icons"
BLUE = "#1f6fb2"  # the logo's background
SAFE = 0.8  # of a maskable icon's width: whatever shape a phone cuts out, the middle stays


def draw(name: str, size_px: int, share: float, background: str | None) -> None:
    """Write a PNG of the logo, `share` of its width, on a colour or on nothing."""
    image = QImage(size_px, size_px, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent if background is None else QColor(background))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    edge = size_px * (1 - share) / 2
    QSvgRenderer(str(LOGO)).render(painter, QRectF(edge, edge, size_px * share, size_px * share))
    painter.end()
    if not image.save(str(FOLDER / name)):
        raise SystemExit(f"{FOLDER / name} cannot be written")


def main() -> None:
    """Draw all."""
    application = QGuiApplication([])
    FOLDER.mkdir(exist_ok=True)
    draw("icon-192.png", 192, 1.0, None)
    draw("icon-512.png", 512, 1.0, None)
    draw("maskable-512.png", 512, SAFE, BLUE)
    application.quit()


if __name__ == "__main__":
    main()
