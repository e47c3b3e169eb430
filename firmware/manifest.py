# What is frozen into the clip's MicroPython: this folder, and the protocol that the host uses too.
# Used when the board's firmware is built: make -C ports/esp32 BOARD=... FROZEN_MANIFEST=<this file>.
# ruff: noqa: F821 (include, module: given by the build)

include("$(PORT_DIR)/boards/manifest.py")
module("wire.py", base_path="../host/untuck")
module("board.py")
module("bno085.py")
module("control.py")
module("main.py")
module("pairing.py")
module("radio.py")
module("reports.py")
module("ring.py")
module("shtp.py")
module("stream.py")
