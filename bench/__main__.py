"""`python -m bench accuracy|speed|orientation|...`: each bench prints a table, or JSON with --json.

The first word selects the bench, which takes the other arguments; each has --help.
"""

from __future__ import annotations

import sys
from importlib import import_module

BENCHES = {
    "accuracy": "errors of faults, contacts and angles",
    "speed": "orientation, pipeline, start-up",
    "orientation": "inclination beside VQF: BROAD, running, starts, bends, gaps",
    "worn": "motion of a worn clip against the pelvis: model beside recordings, and what it costs",
    "calibration": "error of the mount found from standing and hinges",
    "conditions": "a track, lost packets, jitter, a turned clip: what they take away",
    "judging": "intervals, earlier baselines, quick, short and slow tucks, both hips",
    "natural": "natural joggers: strides judged, cues an hour",
    "slips": "slips of the clip distinguished from tucks",
    "trunk": "a second clip on the upper back: lean, lumbar spine, arch against tuck",
    "one_clip": "does a sensor on the pelvis show the lean of the trunk? Actors, from BVH files",
    "gait": "walking not taken for running, running found",
    "checksum": "digests of whole analyses: does a refactoring change a result?",
    "plots": "pictures of a run with faults and of the rotation in a pullback",
    "window": "the coach's window: paints, age of the data shown, CPU, memory over hours",
    "latency": "from the deciding sample to the cue in the loudspeaker",
    "soak": "a session of a day, accelerated: memory, latency, counts",
    "report": "after a run of an hour: summary, page, exports",
    "merge": "a watch's file of the same run accepted, of another person's rejected",
    "cues": "every cue as recorded: loudness, peak, picture",
    "radio": "packets from clip to host over the virtual radio",
    "firmware": "time per sample, heap and flash of the code on the clip",
}

OURS = ("bench", "untuck", "virtual_clip")
BY_DEFAULT = ("accuracy", "speed", "latency", "report")


def main() -> int:
    """Run the named bench, or those of BY_DEFAULT; 2 for an unknown name."""
    if len(sys.argv) == 1:
        return max(run(word, []) for word in BY_DEFAULT)
    word = sys.argv[1]
    if word not in BENCHES:
        lines = [f"  {name:12} {what}" for name, what in BENCHES.items()]
        print("\n".join(["usage: python -m bench BENCH [--json] ...", *lines]), file=sys.stderr)
        return 0 if word in ("-h", "--help") else 2
    return run(word, sys.argv[2:])


def run(word: str, arguments: list[str]) -> int:
    """Exit code of one bench; 1 with a message where a package that it needs is absent."""
    try:
        bench = import_module(f"bench.{word}")
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package in OURS:
            raise
        print(f"{word}: {package} is not installed: `make bench` installs what the benches need.", file=sys.stderr)
        return 1
    return int(bench.main(arguments) or 0)


if __name__ == "__main__":
    sys.exit(main())
