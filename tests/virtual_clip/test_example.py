"""The example in the docstring of virtual_clip."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import virtual_clip


def test_the_example_of_the_docstring_runs() -> None:
    assert virtual_clip.__doc__ is not None
    blocks = virtual_clip.__doc__.split("\n\n")
    code = textwrap.dedent("\n\n".join(block for block in blocks if block.startswith("    ")))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "1 reconnection, 0 packets lost\n", done.stderr
