"""The table of formats in docs/data.md is the one in use.

`python tests/sources/test_format_table.py` writes it.
"""

from __future__ import annotations

import re
from pathlib import Path

from untuck.sources.files.formats import FORMATS, as_markdown
from untuck.sources.files.read import SUFFIXES

DOCS = Path(__file__).resolve().parents[2] / "docs" / "data.md"
TABLE = re.compile(r"(<!-- formats:.*?-->\n).*?(<!-- end of formats -->)", re.DOTALL)


def test_the_documented_table_is_the_one_in_use() -> None:
    text = DOCS.read_text("utf-8")
    found = TABLE.search(text)
    assert found and found[0] == f"{found[1]}{as_markdown()}{found[2]}"
    assert all(f"`{suffix}`" in text for suffix in SUFFIXES)
    assert all(form.confirmed and form.columns for form in FORMATS)


def write_table() -> None:
    """Put the present table of formats into docs/data.md."""
    text = DOCS.read_text("utf-8")
    DOCS.write_text(TABLE.sub(lambda found: f"{found[1]}{as_markdown()}{found[2]}", text), "utf-8")


if __name__ == "__main__":
    write_table()
