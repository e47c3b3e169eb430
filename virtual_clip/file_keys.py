"""Bonds of a virtual computer in a file, so that it knows its clip again after a restart."""

from __future__ import annotations

import json
from pathlib import Path

from bumble.keys import JsonKeyStore


class FileKeys(JsonKeyStore):
    """Bonds in a file; what the backend asks of bonds in memory."""

    @property
    def all_keys(self) -> set[str]:
        """Addresses of the bonds."""
        path = Path(self.filename)
        bonds = json.loads(path.read_text()) if path.exists() else {}
        return {address for names in bonds.values() for address in names}
