"""Write the transcript of docs/flash.md: `untuck flash` on a simulated board that is empty, and again when it is done.

Everything is real but the board: esptool writes to the simulation of the ROM's boot loader, MicroPython runs the copied
program with a simulated sensor and radio.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))
PAGE = CHECKOUT / "docs" / "flash.md"
BLOCK = re.compile(r"(<!-- tools/flash_transcript\.py writes what follows\. -->\n\n```text\n).*?(```)", re.DOTALL)
IMAGE = "ESP32_GENERIC_S3-20260406-v1.28.0.bin"
PORT = "/dev/ttyACM0"


def call(port: str, *arguments: str, answer: str = "") -> str:
    """The command as it is typed, and all that it prints."""
    terminal, keyboard = pty.openpty()
    os.write(terminal, f"{answer}\n".encode())
    command = [sys.executable, "-m", "untuck", "flash", "--port", port, *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    done = subprocess.run(
        command,
        stdin=keyboard,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        check=False,
    )
    os.close(terminal)
    os.close(keyboard)
    shown = " ".join(["untuck flash", *(Path(each).name if "/" in each else each for each in arguments)])
    printed = done.stdout.replace(port, PORT).replace("Continue? [y/N]: ", f"Continue? [y/N]: {answer}\n")
    return f"$ {shown}\n{printed}\n"


def transcript() -> str:
    """Two calls on one board."""
    from virtual_clip.board_image import make_image
    from virtual_clip.board_parts import BoardParts
    from virtual_clip.usb_board import UsbBoard

    with tempfile.TemporaryDirectory() as name, BoardParts() as parts:
        folder = Path(name)
        (folder / IMAGE).write_bytes(make_image("esp32s3", "v1.28.0", size=1_600_000))
        board = UsbBoard(folder / "board", environment=parts.environment)
        board.plug(boot_button=True)
        try:
            first = call(board.url, "--image", str(folder / IMAGE), answer="y")
            again = call(board.url, answer="y")
            return first + again + call(board.url, "--check").rstrip() + "\n"
        finally:
            board.unplug()


if __name__ == "__main__":
    text = transcript()
    PAGE.write_text(BLOCK.sub(lambda found: found[1] + text + found[2], PAGE.read_text("utf-8")), "utf-8")
