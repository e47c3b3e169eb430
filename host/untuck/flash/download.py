"""Finds and downloads the official image of MicroPython for a board."""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from urllib.parse import urljoin

from untuck.errors import FlashError
from untuck.flash.boards import MIN_MICROPYTHON, MIN_TEXT, Board
from untuck.flash.image import MOST_BYTES, Image, check_image

SITE = os.environ.get("UNTUCK_MICROPYTHON_SITE", "https://micropython.org")
_TIMEOUT_S = 20
_MOST_PAGE_BYTES = 4 << 20


def newest_link(page: str, board: Board) -> str | None:
    """Address of the newest release in a download page, of this build and no variant of it; None if there is none."""
    pattern = re.compile(rf'href="([^"]*/{re.escape(board.build)}-(\d{{8}})-v(\d+)\.(\d+)(?:\.(\d+))?\.bin)"')
    found = [
        (tuple(int(number or 0) for number in match.groups()[2:]), match[1])
        for match in pattern.finditer(page)
        if (int(match[3]), int(match[4])) >= MIN_MICROPYTHON
    ]
    return max(found)[1] if found else None


def download(board: Board) -> Image:
    """Download the newest release and check it. Raises FlashError, which says where to get the file by hand."""
    page_url = f"{SITE}/download/{board.build}/"
    page = _get(page_url, _MOST_PAGE_BYTES, board).decode(errors="replace")
    link = newest_link(page, board)
    if link is None:
        raise FlashError(f"{page_url} offers no {board.build} {MIN_TEXT} or newer. {_by_hand(board)}")
    data = _get(urljoin(page_url, link), MOST_BYTES, board)
    return check_image(data, link.rpartition("/")[2], board)


def _get(url: str, most: int, board: Board) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:
            data = bytes(answer.read(most + 1))
            length = answer.headers.get("Content-Length")
    except (OSError, ValueError) as error:
        status = f" (answer {error.code})" if isinstance(error, urllib.error.HTTPError) else ""
        raise FlashError(f"{url} cannot be reached{status}. {_by_hand(board)}") from error
    if len(data) > most or (length and length.isdecimal() and int(length) != len(data)):
        raise FlashError(f"{url} was not received completely: run the command again. {_by_hand(board)}")
    return data


def _by_hand(board: Board) -> str:
    return (
        f"On a computer with internet get {board.build}-DATE-v{MIN_TEXT}.0.bin or newer from {board.page}, then run "
        "`untuck flash --image FILE`."
    )
