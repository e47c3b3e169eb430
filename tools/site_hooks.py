"""Hooks of the documentation site (mkdocs.yml): pages kept outside docs/, links to them, and a check of the result.

The build fails if a page would make the reader's browser fetch something from another host.
"""

from __future__ import annotations

import ast
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
    "SECURITY.md": "vulnerabilities.md",
    "hardware/README.md": "hardware.md",
    "hardware/case/README.md": "case.md",
}
API_MARK = "<!-- public names -->"  # in docs/api.md
API = {  # heading -> names, in the order in which a reader needs them; others follow under "More"
    "Load": ("load", "sessions", "example"),
    "Analyse": ("analyse", "Pipeline", "estimate_orientation", "Params"),
    "Simulate": ("virtual_imu", "Mount", "Noise"),
    "Values": ("Samples", "Run", "Calibration", "Baseline", "Finding", "Cue", "Event"),
}
MEASURED = ("accuracy.md", "speed.md")  # written by a bench: wide tables in a text block
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|!?\[[^\]]*\])*)\]\((?![a-z]+:|#)([^)\s#]+)(#[^)]*)?\)")
_OUTSIDE = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\bsrc=["']?(?:https?:)?//[^"'\s>]+"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|preload|preconnect|icon|dns-prefetch))[^>]*\bhref=["']?(?:https?:)?//[^"'\s>]+"""
    r"""|(?:@import|url\()\s*["']?(?:https?:)?//[^"')\s]+"""
    r"""|class="mermaid"|data-md-component="source\""""  # the theme's script then fetches a library or a star count
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


def public_names() -> list[str]:
    """`untuck.__all__`, read from the source."""
    tree = ast.parse((CHECKOUT / "host" / "untuck" / "__init__.py").read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return list(ast.literal_eval(node.value))
    raise PluginError("host/untuck/__init__.py has no __all__")


def api_reference() -> str:
    """A section for each public name, in groups."""
    names = public_names()
    listed = {name for group in API.values() for name in group}
    groups = {**API, "More": tuple(name for name in names if name not in listed)}
    parts = []
    for heading, members in groups.items():
        known = [name for name in members if name in names]
        if known:
            parts += [f"## {heading}", *(f"::: untuck.{name}" for name in known)]
    return "\n\n".join(parts)


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Point links at the site's pages; a link to a file that the site does not have becomes plain text."""
    origin = next((path for path, name in PAGES.items() if name == page.file.src_uri), f"docs/{page.file.src_uri}")

    def moved(found: re.Match[str]) -> str:
        mark, words, link, anchor = found[1], found[2], found[3], found[4] or ""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(origin), link))
        target = PAGES.get(path, path.removeprefix("docs/"))
        if files.get_file_from_path(target) is not None:
            return f"{mark}[{words}]({posixpath.relpath(target, posixpath.dirname(page.file.src_uri) or '.')}{anchor})"
        return found[0] if not (CHECKOUT / path).exists() else words

    if page.file.src_uri in MEASURED:
        page.meta["hide"] = ["toc"]
        markdown = re.sub(
            r"```text\n.*?```", '<div class="measured" markdown>\n\n\\g<0>\n\n</div>', markdown, flags=re.DOTALL
        )
    markdown = re.sub(r"^```hex \w+$", "```text", markdown, flags=re.MULTILINE)  # docs/wire.md names its examples
    return _LINK.sub(moved, markdown).replace(API_MARK, api_reference())


def on_post_build(config: Any) -> None:
    """Refuse a site that is not whole by itself."""
    for path in sorted(Path(config.site_dir).rglob("*")):
        if path.suffix in {".html", ".css", ".svg"}:
            found = _OUTSIDE.search(path.read_text("utf-8"))
            if found:
                raise PluginError(f"{path.name} fetches from another host: {found[0]}")
