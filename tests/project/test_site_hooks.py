"""The site's hooks: links leave docs/ for the site's pages, and a page that fetches from elsewhere fails the build."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("mkdocs", reason="the site's packages are not installed: run `make docs`")

from mkdocs.exceptions import PluginError
from tools import site_hooks


class Site:
    """A site that has only these pages."""

    def __init__(self, *pages: str) -> None:
        self.pages = pages

    def get_file_from_path(self, path: str) -> str | None:
        return path if path in self.pages else None


def moved(markdown: str, page: str) -> str:
    shown = SimpleNamespace(file=SimpleNamespace(src_uri=page), meta={})
    return site_hooks.on_page_markdown(markdown, shown, None, Site("wire.md", "hardware.md", "contributing.md"))  # type: ignore[arg-type]


def test_links_point_to_the_pages_of_the_site() -> None:
    assert moved("[a](../hardware/README.md#power)", "bring-up.md") == "[a](hardware.md#power)"
    assert moved("[a](docs/wire.md)", "contributing.md") == "[a](wire.md)"
    assert moved("[a](LICENSE)", "contributing.md") == "a"
    assert moved("[a](https://example.org/x.md)", "contributing.md") == "[a](https://example.org/x.md)"


def test_every_public_name_is_in_the_reference() -> None:
    text = site_hooks.api_reference()
    assert all(f"::: untuck.{name}\n" in f"{text}\n" for name in site_hooks.public_names())


@pytest.mark.parametrize(
    "part",
    [
        '<script src="https://example.org/a.js"></script>',
        '<link rel="stylesheet" href="//example.org/a.css">',
        '<img alt="" src=https://example.org/a.png>',
        "<style>@import url(https://example.org/font.css)</style>",
        '<pre class="mermaid">',
    ],
)
def test_a_page_that_fetches_from_elsewhere_fails_the_build(tmp_path: Path, part: str) -> None:
    (tmp_path / "good.html").write_text('<a href="https://example.org">a link is no fetch</a>', "utf-8")
    site_hooks.on_post_build(SimpleNamespace(site_dir=str(tmp_path)))
    (tmp_path / "index.html").write_text(part, "utf-8")
    with pytest.raises(PluginError, match=r"index\.html"):
        site_hooks.on_post_build(SimpleNamespace(site_dir=str(tmp_path)))
