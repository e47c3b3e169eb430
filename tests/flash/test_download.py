"""The official image, from a page like micropython.org's on this computer; offline: which file, from where."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from virtual_clip.board_image import make_image

from untuck.errors import FlashError
from untuck.flash import download
from untuck.flash.boards import BOARDS

XIAO = BOARDS["xiao_esp32s3"]
PAGE = """
<a href="/resources/firmware/ESP32_GENERIC_S3-20250911-v1.26.1.bin">v1.26.1 (2025-09-11) .bin</a>
<a href="/resources/firmware/ESP32_GENERIC_S3-20251209-v1.27.0.bin">v1.27.0 (2025-12-09) .bin</a>
<a href="/resources/firmware/ESP32_GENERIC_S3-20260406-v1.28.0.bin">v1.28.0 (2026-04-06) .bin</a>
<a href="/resources/firmware/ESP32_GENERIC_S3-20260406-v1.28.0.uf2">[.uf2]</a>
<a href="/resources/firmware/ESP32_GENERIC_S3-20260801-v1.30.0-preview.5.gabc.bin">v1.30.0-preview</a>
<a href="/resources/firmware/ESP32_GENERIC_S3-SPIRAM_OCT-20260901-v1.31.0.bin">v1.31.0 of a variant</a>
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(download, "SITE", f"http://127.0.0.1:{server.server_port}")
    page = tmp_path / "download" / XIAO.build
    page.mkdir(parents=True)
    (page / "index.html").write_text(PAGE)
    (tmp_path / "resources" / "firmware").mkdir(parents=True)
    yield tmp_path / "resources" / "firmware"
    server.shutdown()
    server.server_close()


def test_the_newest_release_of_this_build_is_taken(site: Path) -> None:
    name = "ESP32_GENERIC_S3-20260406-v1.28.0.bin"
    (site / name).write_bytes(make_image("esp32s3", "v1.28.0", size=60_000))
    image = download.download(XIAO)
    assert (image.name, image.version) == (name, "v1.28.0")


def test_a_file_that_is_damaged_or_absent_is_not_used(site: Path) -> None:
    with pytest.raises(FlashError, match=r"answer 404.*--image FILE"):
        download.download(XIAO)
    data = make_image("esp32s3", "v1.28.0", size=60_000)
    (site / "ESP32_GENERIC_S3-20260406-v1.28.0.bin").write_bytes(data[:-100])
    with pytest.raises(FlashError, match="damaged or cut off"):
        download.download(XIAO)


def test_old_releases_and_variants_do_not_count() -> None:
    assert download.newest_link(PAGE.replace("v1.27", "v1.25").replace("v1.28", "v1.24"), XIAO) is None
    assert download.newest_link("", XIAO) is None


def test_offline_the_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "SITE", "http://127.0.0.1:9")
    with pytest.raises(FlashError) as caught:
        download.download(XIAO)
    text = str(caught.value)
    assert "ESP32_GENERIC_S3-DATE-v1.27.0.bin or newer" in text and "untuck flash --image FILE" in text
    assert "https://micropython.org/download/ESP32_GENERIC_S3/" in text
