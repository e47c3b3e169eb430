"""Hooks of the documentation site (mkdocs.yml): pages kept outside docs/, links to them, and a check of the result.

The build fails if a page would make the reader's browser fetch something from another host.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

CHECKOUT = Path(__file__).resolve().parents[1]
PAGES = {  # path in the repository -> path in the site
    "CHANGELOG.md": "changelog.md",
    "CODE_OF_CONDUCT.md": "conduct.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "hardware/README.md": "hardware.md",
}
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?![a-z]+:|#)([^)\s#]+)(#[^)]*)?\)")
_OUTSIDE = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\bsrc=["']?(?:https?:)?//[^"'\s>]+"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|preload|preconnect|icon|dns-prefetch))[^>]*\bhref=["']?(?:https?:)?//[^"'\s>]+"""
    r"""|(?:@import|url\()\s*["']?(?:https?:)?//[^"')\s]+"""
)


def _targets(text: str, folder: str) -> list[str]:
    """Repository paths of all files that a page links to, as seen from its folder."""
    return [posixpath.normpath(posixpath.join(folder, found[3])) for found in _LINK.finditer(text)]


def on_files(files: Files, config: Any) -> Files:
    """Add the pages kept outside docs/, and the files they show."""
    for origin, page in PAGES.items():
        text = (CHECKOUT / origin).read_text("utf-8")
        files.append(File.generated(config, page, content=text))
        for path in dict.fromkeys(_targets(text, posixpath.dirname(origin))):
            kept = CHECKOUT / path
            if kept.is_file() and kept.suffix != ".md" and not path.startswith("docs/") and kept.suffix:
                files.append(File.generated(config, path, abs_src_path=str(kept)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Point links at the site's pages; a link to a file that the site does not have becomes plain text."""
    origin = next((path for path, name in PAGES.items() if name == page.file.src_uri), f"docs/{page.file.src_uri}")

    def moved(found: re.Match[str]) -> str:
        mark, words, link, anchor = found[1], found[2], found[3], found[4] or ""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(origin), link))
        target = PAGES.get(path, path.removeprefix("docs/"))
        if files.get_file_from_path(target) is not None:
            return f"{mark}[{words}]({target}{anchor})"
        return found[0] if not (CHECKOUT / path).exists() else words

    return _LINK.sub(moved, markdown)


def on_post_build(config: Any) -> None:
    """Refuse a site that is not whole by itself."""
    for path in sorted(Path(config.site_dir).rglob("*")):
        if path.suffix in {".html", ".css", ".svg"}:
            found = _OUTSIDE.search(path.read_text("utf-8"))
            if found:
                raise PluginError(f"{path.name} fetches from another host: {found[0]}")
