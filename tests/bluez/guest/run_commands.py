"""Runs the rig's commands in the guest, several at the same time: lines of JSON come and go over a virtio port.

In: {"id", "run": a line for bash} or {"id", "signal": number}. Out: {"id", "to": "out" or "err", "text"} for each line
of output, {"id", "rc"} at the end; each with "up_s", the guest's uptime, which alone comes when nothing else does.
"""

import json
import os
import selectors
import subprocess
import sys
import time

BEAT_S = 0.04  # of the guest's time: the clip waits for a computer that is behind


class Command:
    """One command: its process group, and the ends of lines that are not complete."""

    def __init__(self, number: int, line: str) -> None:
        self.number = number
        self.process = subprocess.Popen(
            ("bash", "-c", line), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        self.rests = {"out": b"", "err": b""}
        self.open = 2


class Runner:
    """All commands that run."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.commands: dict[int, Command] = {}
        self.wanted = b""
        self.beat_s = 0.0
        self.selector = selectors.DefaultSelector()
        self.selector.register(port, selectors.EVENT_READ, self.order)

    def say(self, **message: object) -> None:
        self.beat_s = time.monotonic()
        data = json.dumps(message | {"up_s": round(time.monotonic(), 3)}).encode() + b"\n"
        while data:
            try:
                data = data[os.write(self.port, data) :]
            except BlockingIOError:
                time.sleep(0.01)

    def order(self) -> None:
        *lines, self.wanted = (self.wanted + os.read(self.port, 65536)).split(b"\n")
        for line in lines:
            order = json.loads(line)
            if "run" in order:
                self.start(order["id"], order["run"])
            elif order["id"] in self.commands:
                os.killpg(self.commands[order["id"]].process.pid, order["signal"])

    def start(self, number: int, line: str) -> None:
        command = self.commands[number] = Command(number, line)
        for name, pipe in (("out", command.process.stdout), ("err", command.process.stderr)):
            self.selector.register(
                pipe, selectors.EVENT_READ, lambda name=name, pipe=pipe: self.output(command, name, pipe)
            )

    def output(self, command: Command, name: str, pipe: object) -> None:
        data = os.read(pipe.fileno(), 65536)
        *lines, rest = (command.rests[name] + data).split(b"\n")
        if not data and rest:
            lines, rest = [rest], b""
        command.rests[name] = rest
        for line in lines:
            self.say(id=command.number, to=name, text=line.decode(errors="replace"))
        if not data:
            self.selector.unregister(pipe)
            pipe.close()
            command.open -= 1
            if command.open == 0:
                self.say(id=command.number, rc=command.process.wait())
                del self.commands[command.number]


def main() -> None:
    runner = Runner(os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK))
    runner.say(id=0, rc=0)
    while True:
        for key, _ in runner.selector.select(max(0.0, runner.beat_s + BEAT_S - time.monotonic())):
            key.data()
        if time.monotonic() >= runner.beat_s + BEAT_S:
            runner.say()


main()
