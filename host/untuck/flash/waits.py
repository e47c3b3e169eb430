"""How long a board is waited for, in seconds."""

ANSWER_S = 6.0  # for MicroPython's prompt; a program that fails and restarts can be interrupted 2 s of every 3
ENTER_S = 2.0  # of this, for each step of one attempt
BUSY_S = 3.0  # for a port that another program has just opened, as Linux's ModemManager does with new devices
START_S = 30.0  # for MicroPython after it was written: it formats its file system
RUN_S = 3.0  # that the program is watched after its start
PORT_S = 15.0  # for a USB device that comes back
SETTLE_S = 1.0  # for a USB device that disappears
