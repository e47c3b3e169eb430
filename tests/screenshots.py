"""`make screenshots`: the pictures in docs/images of the coach's window, of the pages after a run, and of the phone.

    python -m tests.screenshots [NAME ...]

All of them, or those named; "phone" is all of the phone's. Their content is in tests/coach/scenes.py,
tests/coach/film.py, tests/report/scenes.py and tests/phone/pictures.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication
from tests.coach.film import save_film
from tests.coach.scenes import SCENES
from tests.phone.pictures import PHONE, draw_phone
from tests.report.scenes import PAGES, draw_pages

FILM = "demo"  # the moving picture
IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"


def main(names: list[str]) -> int:
    """Save the pictures; returns 1 for an unknown name, or if a page cannot be drawn."""
    names = [each for name in names for each in (PHONE if name == "phone" else [name])]
    known = [*SCENES, FILM, *PAGES, *PHONE]
    unknown = set(names) - set(known)
    if unknown:
        print(f"unknown picture: {', '.join(sorted(unknown))}; use some of {', '.join(known)}.")
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    wanted = names or known
    app = QApplication(sys.argv[:1])
    for name in wanted:
        if name in SCENES:
            window = SCENES[name]()
            window.grab().save(str(IMAGES / f"{name}.png"))
            window.close()
            app.processEvents()
    if FILM in wanted:
        save_film(IMAGES / f"{FILM}.gif")
    pages = [name for name in wanted if name in PAGES]
    try:
        if pages:
            draw_pages(pages, IMAGES)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    draw_phone([name for name in wanted if name in PHONE], IMAGES)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
