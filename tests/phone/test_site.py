"""The site as files: the same each time, hashed, with the core unchanged; its parts only as pinned; its server."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import struct
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.phone.conftest import serving

from untuck import kernel_wasm
from untuck.cli.main import cli
from untuck.errors import PhoneError
from untuck.phone.site import parts as site_parts
from untuck.phone.site.build import LIST, Site, make_site, write_site
from untuck.phone.site.closure import PACKAGE, file_of, page_modules
from untuck.phone.site.headers import HEADERS
from untuck.phone.site.page_files import page_sources, renamed
from untuck.phone.site.parts import PARTS, Part, fetch_parts, locked, parts_of
from untuck.phone.site.server import make_server

HASHED = re.compile(r"[./-]0?([0-9a-f]{16})[./-]")
FIXED = {"index.html", "manifest.webmanifest", "service_worker.js", "licences.txt"}
PAGE = {  # the least that a page consists of
    "index.html": b'<meta charset="utf-8"><script type="module" src="window.mjs"></script>',
    "window.mjs": b'import "./part.mjs";\n',
    "part.mjs": b"export const one = 1;\n",
    "service_worker.js": b"const SITE = null;",
}


def referred(text: str) -> set[str]:
    """The hashed names in a text."""
    return set(re.findall(r"[\w./-]*\.[0-9a-f]{16}\.\w+", text))


def test_two_builds_are_the_same_bytes(parts: dict[str, bytes], site: Site) -> None:
    assert make_site(parts) == site


def test_a_change_of_one_file_changes_the_names_of_what_refers_to_it() -> None:
    before, after = renamed(PAGE, {}), renamed(PAGE | {"part.mjs": b"export const one = 2;\n"}, {})
    assert set(before) & set(after) == {"index.html"} and before["index.html"] != after["index.html"]
    both = {name for name in before if "mjs" in name}
    assert referred(before["index.html"].decode()) == both  # entry and preloaded import


def test_a_circle_of_modules_is_an_error() -> None:
    circle = PAGE | {"part.mjs": b'import "./window.mjs";\n'}
    with pytest.raises(PhoneError, match=r"window\.mjs -> part\.mjs -> window\.mjs"):
        renamed(circle, {})


def test_every_name_has_its_hash_and_every_reference_leads_somewhere(site: Site) -> None:
    unhashed = {name for name in site.files if not HASHED.search(name)}
    assert unhashed == FIXED | {f"packages/{site_parts.NUMPY.name}"}  # named by its version, checked by its hash
    for name, data in site.files.items():
        if name.endswith((".html", ".css", ".mjs", ".webmanifest")) and "/" not in name:
            targets = {each.removeprefix("./") for each in referred(data.decode())}
            assert targets <= site.files.keys(), name
            assert not re.search(rb"""["'](?:\./)?[\w/]+\.(mjs|css|png)["']""", data), f"{name}: a name without hash"


def test_integrity_is_stated_for_everything_that_the_window_runs(site: Site) -> None:
    html = site.files["index.html"].decode()
    tags = dict(re.findall(r'(?:src|href)="([^"]+)"[^>]* integrity="sha256-([^"]+)"', html))
    for name, digest in tags.items():
        assert base64.b64decode(digest) == hashlib.sha256(site.files[name]).digest()
    ours = {name for name in site.files if name.endswith((".mjs", ".css")) and "/" not in name}
    of_the_worker = {name for name in ours if name.split(".")[0] in ("worker", "bytecode", "files", "python")}
    assert tags.keys() == ours - of_the_worker
    assert not re.search(r"<script[^>]*>[^<]|<style| style=| on\w+=", html), "the policy forbids them"


def test_integrity_is_stated_for_what_the_worker_fetches(site: Site) -> None:
    name = next(name for name in site.files if name.startswith("python."))
    stated = json.loads(re.search(r"const INTEGRITY = (\{.*?\});", site.files[name].decode(), re.DOTALL)[1])  # type: ignore[index]
    kinds = {name.rpartition("/")[2].split(".")[0] for name in stated}
    assert kinds == {"pyodide", "python_stdlib", "pyodide-lock"} and any(name.endswith(".wasm") for name in stated)
    for fetched, digest in stated.items():
        assert base64.b64decode(digest.removeprefix("sha256-")) == hashlib.sha256(site.files[fetched]).digest()


def test_the_service_worker_lists_every_other_file(site: Site) -> None:
    text = site.files["service_worker.js"].decode()
    listed = json.loads(text.split("const SITE = ", 1)[1].split(";\n", 1)[0].split("; //", 1)[0])
    assert listed["headers"] == HEADERS and listed["version"] == site.version
    assert listed["files"].keys() == site.files.keys() - {"service_worker.js"}
    for name, facts in listed["files"].items():
        assert facts["sha256"] == hashlib.sha256(site.files[name]).hexdigest()


def test_the_core_is_the_computers_own_files(site: Site) -> None:
    wheel = zipfile.ZipFile(io.BytesIO(site.files[site.core]))
    files = {name: wheel.read(name) for name in wheel.namelist() if "dist-info" not in name}
    compiled = files.pop("untuck/kernels.wasm")
    assert compiled == kernel_wasm.FILE.read_bytes() and b"dylink.0" in compiled
    assert files == {
        f"untuck/{file_of(m).relative_to(PACKAGE).as_posix()}": file_of(m).read_bytes() for m in page_modules()
    }
    assert "untuck/phone/app/main.py" in files


def test_the_clips_are_where_the_core_looks_for_them(site: Site) -> None:
    name = next(name for name in site.files if "untuck_speech" in name)
    clips = [name for name in zipfile.ZipFile(io.BytesIO(site.files[name])).namelist() if name.endswith(".ogg")]
    assert {f"untuck/sound/speech/{path.name}" for path in (PACKAGE / "sound" / "speech").glob("*.ogg")} == set(clips)
    assert len(clips) > 20


def test_manifest_and_icons_are_what_a_phone_installs(site: Site) -> None:
    manifest = json.loads(site.files["manifest.webmanifest"])
    assert manifest["display"] == "standalone" and manifest["start_url"] == manifest["scope"] == "./"
    kinds = set()
    for icon in manifest["icons"]:
        data = site.files[icon["src"]]
        size = struct.unpack(">II", data[16:24])
        assert data.startswith(b"\x89PNG\r\n\x1a\n") and f"{size[0]}x{size[1]}" == icon["sizes"]
        kinds.add((size[0], icon["purpose"]))
    assert {(192, "any"), (512, "any"), (512, "maskable")} <= kinds


def test_the_download_is_small(site: Site) -> None:
    core = site.bytes_gzipped(site.core)
    print(f"{len(site.files)} files, {site.bytes_raw()} bytes, gzipped {site.bytes_gzipped()}, the core {core}")
    assert site.bytes_gzipped() < 10_000_000 and core < 400_000


def test_a_folder_keeps_no_older_version_and_no_site_replaces_other_files(site: Site, tmp_path: Path) -> None:
    older = Site({**site.files, "old.0123456789abcdef.mjs": b"", "gone/a.0123456789abcdef.mjs": b""}, "", site.core)
    write_site(older, tmp_path / "site")
    write_site(site, tmp_path / "site")
    found = {
        path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*") if path.is_file()
    }
    assert found == site.files.keys() | {LIST} and not (tmp_path / "site" / "gone").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    with pytest.raises(PhoneError, match="holds other files"):
        write_site(site, tmp_path / "other")


def test_a_list_that_names_files_elsewhere_deletes_none(site: Site, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / LIST).write_text(json.dumps({"../mine.txt": ""}))
    write_site(site, tmp_path / "site")
    assert (tmp_path / "mine.txt").exists()


# --- parts


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is served as Pyodide's distribution of two small parts."""
    folder = tmp_path / "distribution"
    folder.mkdir()
    small = []
    for name in ("pyodide.mjs", "python_stdlib.zip"):
        data = name.encode() * 100
        (folder / name).write_bytes(data)
        small.append(Part(name, len(data), hashlib.sha256(data).hexdigest()))

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setattr(site_parts, "PARTS", tuple(small))
        monkeypatch.setattr(site_parts, "DISTRIBUTION", f"http://127.0.0.1:{server.server_port}/")
        yield folder
        server.shutdown()


def test_parts_are_downloaded_once(distribution: Path, tmp_path: Path) -> None:
    fetched: list[str] = []
    first = fetch_parts(tmp_path / "cache", fetched.append)
    assert first == fetch_parts(tmp_path / "cache", fetched.append)
    assert fetched == ["pyodide.mjs", "python_stdlib.zip"]


def test_a_damaged_file_in_the_cache_is_downloaded_again(distribution: Path, tmp_path: Path) -> None:
    first = fetch_parts(tmp_path / "cache")
    (tmp_path / "cache" / "pyodide.mjs").write_bytes(b"half")
    assert fetch_parts(tmp_path / "cache") == first


@pytest.mark.parametrize("damage", [lambda data: data[:-1] + b"?", lambda data: data + b"?", lambda data: data[:-1]])
def test_other_bytes_are_not_used_and_the_file_is_named(distribution: Path, tmp_path: Path, damage: object) -> None:
    path = distribution / "python_stdlib.zip"
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(PhoneError, match=r"/python_stdlib\.zip is not the file of Pyodide 0\.29\.0"):
        fetch_parts(tmp_path / "cache")
    assert not (tmp_path / "cache" / "python_stdlib.zip").exists()
    with pytest.raises(PhoneError, match=r"python_stdlib\.zip is not the file"):
        parts_of(distribution)


def test_without_a_network_the_way_by_hand_is_named(distribution: Path, tmp_path: Path) -> None:
    (distribution / "python_stdlib.zip").unlink()
    with pytest.raises(PhoneError, match=r"answer 404.*--parts FOLDER"):
        fetch_parts(tmp_path / "cache")


def test_numpy_is_the_one_of_pyodides_own_list(parts: dict[str, bytes]) -> None:
    assert locked(parts, "numpy")["version"] == "2.2.5"
    lock = parts["pyodide-lock.json"].replace(site_parts.NUMPY.sha256.encode(), b"0" * 64)
    with pytest.raises(PhoneError, match="numpy is not the file"):
        locked(parts | {"pyodide-lock.json": lock}, "numpy")


def test_the_command_names_a_wrong_part(parts: dict[str, bytes], tmp_path: Path) -> None:
    for part in PARTS:
        (tmp_path / part.name).write_bytes(parts[part.name])
    with (tmp_path / "pyodide.asm.js").open("r+b") as file:
        file.write(b"//")
    done = CliRunner().invoke(cli, ["phone", "--parts", str(tmp_path), str(tmp_path / "site")])
    assert done.exit_code == 1 and "pyodide.asm.js is not the file" in done.output and not (tmp_path / "site").exists()


def test_the_command_builds_into_a_folder(parts: dict[str, bytes], site: Site, tmp_path: Path) -> None:
    for part in PARTS:
        (tmp_path / part.name).write_bytes(parts[part.name])
    done = CliRunner().invoke(cli, ["phone", "--parts", str(tmp_path), str(tmp_path / "site")])
    assert done.exit_code == 0 and site.version in done.output
    assert {name: (tmp_path / "site" / name).read_bytes() for name in site.files} == site.files


# --- server


def answer(address: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a GET."""
    request = urllib.request.Request(
        address, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    try:
        with urllib.request.urlopen(request) as got:
            return got.status, dict(got.headers), got.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def test_the_server_sends_files_with_type_and_policy(site: Site, page_address: str) -> None:
    wasm = next(name for name in site.files if name.endswith(".wasm"))
    for name, kind in (("", "text/html"), ("service_worker.js", "text/javascript"), (wasm, "application/wasm")):
        status, headers, body = answer(page_address + name)
        assert status == 200 and headers["Content-Type"].startswith(kind) and headers.items() >= HEADERS.items()
        assert body == site.files[name or "index.html"]
    status, headers, body = answer(page_address + wasm, Accept_Encoding="gzip")
    assert headers["Content-Encoding"] == "gzip" and len(body) < len(site.files[wasm]) / 2


@pytest.mark.parametrize("path", ["../secret", "%2e%2e/secret", "/etc/passwd", "absent.mjs", LIST, "packages"])
def test_the_server_has_nothing_but_the_site(site: Site, tmp_path: Path, path: str) -> None:
    write_site(site, tmp_path / "site")
    (tmp_path / "secret").write_text("secret")
    with serving(tmp_path / "site") as address:
        status, _, body = answer(address + path)
    assert status == 404 and b"secret" not in body


def test_the_server_does_not_answer_to_another_name(page_address: str) -> None:
    assert answer(page_address, Host="attacker.example")[0] == 404
    assert answer(page_address, Host="127.0.0.1:80")[0] == 200


def test_a_taken_port_is_named(site_folder: Path) -> None:
    with make_server(site_folder, 0) as server, pytest.raises(PhoneError, match=f"Port {server.server_port} cannot"):
        make_server(site_folder, server.server_port)


def test_the_pages_sources_are_all_delivered(site: Site) -> None:
    stems = {name.rpartition("/")[2].split(".")[0] for name in site.files}
    assert {name.rpartition("/")[2].split(".")[0] for name in page_sources()} <= stems
