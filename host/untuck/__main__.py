"""The `untuck` script, also `python -m untuck`: reports which extra is missing before anything else is loaded."""

from __future__ import annotations

import sys

from untuck.cli import interrupt
from untuck.extras import missing_extra


def main() -> None:
    """Run the command line."""
    interrupt.end_at_once()
    try:
        from untuck.cli.main import main as run
    except ModuleNotFoundError as error:
        if found := missing_extra(error, "the untuck command"):
            sys.exit(f"untuck: {found}")
        raise
    run()


if __name__ == "__main__":
    main()
