"""`untuck phone`: the page that makes a phone the host, built as a static site and served for a phone on USB."""

from __future__ import annotations

from pathlib import Path

import click

from untuck.cli import output


@click.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Serve on this port.")
@click.option(
    "--parts",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Take Pyodide's files from this folder instead of downloading them.",
)
def phone(folder: Path | None, port: int, parts: Path | None) -> None:
    """Build the page for an Android phone, and serve it on this computer.

    With FOLDER the page is only built: copy the folder to any static HTTPS host. Pyodide and numpy are downloaded once
    (15 MB) and checked by their hashes.
    """
    from untuck.phone.site.build import make_site, write_site
    from untuck.phone.site.parts import fetch_parts, parts_of
    from untuck.store.paths import cache_folder

    cache = cache_folder() / "phone"
    found = parts_of(parts) if parts else fetch_parts(cache / "parts", lambda name: output.note(f"fetching {name}."))
    site = make_site(found)
    place = folder or cache / "site"
    write_site(site, place)
    megabytes = site.bytes_gzipped() / 1e6
    output.echo(f"{place}: {len(site.files)} files, a download of {megabytes:.1f} MB, version {site.version}")
    if folder is None:
        _serve(place, port)
    else:
        output.echo("Copy this folder to any static HTTPS host. To open the page from this computer instead:")
        output.echo(f"  untuck phone{f' --parts {parts}' if parts else ''}")


def _serve(folder: Path, port: int) -> None:
    """Serve until Ctrl-C, which ends the process."""
    from untuck.phone.site.server import make_server

    with make_server(folder, port) as server:
        output.echo(f"On this computer open http://localhost:{port}/ in Chrome or Edge.")
        output.echo("For an Android phone on USB with debugging on, first run:")
        output.echo(f"  adb reverse tcp:{port} tcp:{port}")
        output.echo(f"then open http://localhost:{port}/ in the phone's Chrome and add it to the home screen.")
        output.echo("Ctrl-C ends the server; the page works on without it.")
        server.serve_forever()
