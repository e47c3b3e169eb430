"""`python -m bench accuracy|speed|orientation|...`: each bench prints a table, or JSON with --json.

The first word chooses the bench, the rest is its own; every bench explains itself with --help.
Only the choosing lives here.
"""

from __future__ import annotations

import sys
from importlib import import_module

BENCHES = {
    "accuracy": "faults, contacts, angles against truth",
    "speed": "orientation, pipeline, start-up",
    "orientation": "inclination beside VQF: BROAD, running, starts, bends, gaps",
    "calibration": "the mount found from standing and hinges, against truth",
    "slips": "slips of the clip told from tucks",
    "plots": "pictures of a run with faults, and of the stride that a pullback makes",
    "window": "the coach's window: paints, age of what is shown, CPU, memory over hours",
    "latency": "from the deciding sample to the cue in the loudspeaker",
    "report": "after a run of an hour: summary, page, exports",
    "cues": "every cue as recorded: loudness, peak, picture",
    "radio": "packets from clip to host over the virtual radio",
    "firmware": "time for a sample, heap and flash of the code on the clip",
}

BY_DEFAULT = ("accuracy", "speed", "latency", "report")


def main() -> int:
    """Run the bench that is asked for, without a word those of BY_DEFAULT; 2 for a wrong word."""
    if len(sys.argv) == 1:
        return max(run(word, []) for word in BY_DEFAULT)
    word = sys.argv[1]
    if word not in BENCHES:
        lines = [f"  {name:12} {what}" for name, what in BENCHES.items()]
        print("\n".join(["usage: python -m bench BENCH [--json] ...", *lines]), file=sys.stderr)
        return 0 if word in ("-h", "--help") else 2
    return run(word, sys.argv[2:])


def run(word: str, arguments: list[str]) -> int:
    """Exit code of one bench."""
    return int(import_module(f"bench.{word}").main(arguments) or 0)


if __name__ == "__main__":
    sys.exit(main())
