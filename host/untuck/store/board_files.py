"""A board's own files (pairings, settings) while its flash is written again: kept here until they are back.

Pairings are keys, therefore only their owner may read the file.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from pathlib import Path

from untuck.errors import StoreError, reason
from untuck.store import paths, private

_FOLDER = "boards"


class BoardFiles:
    """One file for each board, named by the board's number."""

    def save(self, board: str, files: dict[str, bytes]) -> None:
        """Keep a board's files; those kept before are replaced. Raises StoreError."""
        path = _path(board)
        text = json.dumps({name: b64encode(data).decode() for name, data in files.items()})
        try:
            private.make_folder(path.parent)
            private.create(path)
            path.write_text(text, "utf-8")
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {reason(error)}.") from error

    def load(self, board: str) -> dict[str, bytes]:
        """The files that are not back on the board yet; {} if there are none. Raises StoreError."""
        path = _path(board)
        if not path.exists():
            return {}
        try:
            found = json.loads(path.read_text("utf-8"))
            return {str(name): b64decode(text, validate=True) for name, text in found.items()}
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {reason(error)}.") from error
        except (ValueError, TypeError, AttributeError) as error:
            raise StoreError(
                f"{path} is damaged: delete it; the board then begins without pairings and settings."
            ) from error

    def remove(self, board: str) -> None:
        """Forget a board's files: they are back, or shall be lost."""
        _path(board).unlink(missing_ok=True)


def _path(board: str) -> Path:
    return paths.data_folder() / _FOLDER / f"{''.join(filter(str.isalnum, board)) or 'board'}.json"
