"""The whole page in Chromium, with Python in its worker: what tests of its program share.

`WholePage` sends the window's events as taps would, and has all that the worker told. LISTEN is run before the page's
own scripts: it keeps the worker's messages, the times of packets, and the handlers of media controls.
AUDIO_TAP hears the sound.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.phone.browser import Chromium, Tab

READY_S = 180.0  # Python in a browser on a busy machine
LISTEN = """
globalThis.told = [];       // [name, value] of the worker, without large values
globalThis.files = [];      // values of "file", bytes in base 64
globalThis.sent = [];       // events of the window to the worker, but packets
globalThis.packets = [];    // ms, when a packet was passed on
globalThis.plays = [];      // {key, told_ms, packet_ms}
globalThis.mediaHandlers = {};
const RealWorker = Worker;
globalThis.Worker = class extends RealWorker {
  constructor(...args) {
    super(...args);
    globalThis.tellAs = (name, value) =>
      this.dispatchEvent(new MessageEvent("message", { data: { tell: name, value } }));
    this.addEventListener("message", ({ data }) => {
      if (data.tell === "sound.play") {
        plays.push({ ...data.value, told_ms: performance.now(), packet_ms: packets.at(-1) });
      }
      if (data.tell === "file") {
        const letters = Array.from(data.value.data, (each) => String.fromCharCode(each)).join("");
        files.push({ ...data.value, data: btoa(letters) });
      } else if (data.tell && data.tell !== "sound.load") told.push([data.tell, data.value]);
    });
  }
  postMessage(message, transfer = []) {
    if (message.event === "bluetooth.notified") packets.push(performance.now());
    else if (message.event) sent.push(message);
    super.postMessage(message, transfer);
  }
};
const setHandler = MediaSession.prototype.setActionHandler;
MediaSession.prototype.setActionHandler = function (action, handler) {
  mediaHandlers[action] = handler;
  return setHandler.call(this, action, handler);
};
"""
AUDIO_TAP = """
// What reaches the destination also reaches a recorder, which keeps the first frame of every sound after silence.
const TAP = `registerProcessor("tap", class extends AudioWorkletProcessor {
  constructor() { super(); this.silent = 1e9; }
  process([channels]) {
    const length = channels[0]?.length ?? 128;
    for (let n = 0; n < length; n++) {
      const level = Math.max(0, ...channels.map((channel) => Math.abs(channel[n])));
      if (level > 1e-4) {
        if (this.silent > 1000) this.port.postMessage({ frame: currentFrame + n });
        this.silent = 0;
      } else this.silent++;
    }
    return true;
  }
})`;
globalThis.heard = [];      // frames at which sounds begin
const connect = AudioNode.prototype.connect;
const tapped = new Map();
AudioNode.prototype.connect = function (target, ...rest) {
  if (target instanceof AudioDestinationNode) {
    const context = target.context;
    if (!tapped.has(context)) {
      const input = new GainNode(context);
      tapped.set(context, input);
      context.audioWorklet.addModule(URL.createObjectURL(new Blob([TAP], { type: "text/javascript" }))).then(() => {
        const tap = new AudioWorkletNode(context, "tap", { numberOfOutputs: 0 });
        tap.port.onmessage = ({ data }) => heard.push(data.frame);
        connect.call(input, tap);
        globalThis.tapReady = true;
      });
    }
    connect.call(this, tapped.get(context));
  }
  return connect.call(this, target, ...rest);
};
"""
PARTS = "globalThis.parts = await import(document.querySelector('script[type=module][src*=window]').src)"


class WholePage:
    """The page in one tab."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab

    @classmethod
    async def open(cls, browser: Chromium, address: str, *, ready: bool = True, tapped: bool = False) -> WholePage:
        """In a new tab, when its Python is ready. tapped: with an audio tap, which the page's policy would forbid."""
        page = cls(await browser.tab())
        await page.tab.page.add_init_script(LISTEN)
        if tapped:
            await page.tab.cdp.send("Page.setBypassCSP", {"enabled": True})
            await page.tab.page.add_init_script(AUDIO_TAP)
        await page.tab.select_bluetooth()
        await page.tab.page.goto(address)
        await page.tab.evaluate(f"(async () => {{ {PARTS} }})()")
        if ready:
            await page.until("ready", timeout_s=READY_S)
        return page

    async def until(
        self, name: str, condition: str = "true", timeout_s: float = 120.0, *, despite_failure: bool = False
    ) -> Any:
        """The newest value that was told by this name and for which a condition on `value` is true.

        A failure that the page tells before ends the test, except with despite_failure: then it is expected.
        """
        script = f"told.findLast(([name, value]) => name === {json.dumps(name)} && ({condition}))"
        if name != "failure" and not despite_failure:
            script += " ?? told.find(([name]) => name === 'failure')"
        found, value = await self.tab.until(script, timeout_s)
        assert found == name, f"{name} was awaited, the page reports: {value}"
        return value

    async def told(self, name: str) -> list[Any]:
        """All values that were told by this name."""
        found = await self.tab.evaluate(f"told.filter(([name]) => name === {json.dumps(name)})")
        return [value for _, value in found]

    async def tap(self, name: str, **values: Any) -> None:
        """Send a command, as buttons do."""
        command = json.dumps({"name": name, **values})
        await self.tab.evaluate(f"parts.bridge.send('command', {command})", tapped=True)

    async def connect(self) -> None:
        """Unlock the sound, choose the first clip of the chooser, and begin a session."""
        await self.tab.evaluate("parts.sound.unlock()", tapped=True)
        chosen = await self.tab.evaluate("parts.bluetooth.choose()", tapped=True)
        assert chosen is not None, await self.told("failure")
        await self.tap("connect", id=chosen["id"])
        await self.until("phase", "value.name === 'running'")

    async def file(self) -> dict[str, Any]:
        """The next file that the worker gave the window."""
        return dict(await self.tab.until("files.shift()"))


@contextmanager
def stopped(profile: Path) -> Iterator[None]:
    """Stop the pages of the browser with this profile: neither window nor worker runs inside the context.

    As when Android freezes Chrome's processes. test_lifecycle.py has the way that announces itself to the page.
    """
    browser = {pid for pid, (_, command) in _processes().items() if f"--user-data-dir={profile}" in command}
    pages: list[int] = []
    found = _processes()
    for pid, (_, command) in found.items():
        if "--type=renderer" in command and browser & set(_ancestors(pid, found)):
            pages.append(pid)
    assert pages, "no page of this browser runs"
    for pid in pages:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pages:
            os.kill(pid, signal.SIGCONT)


def _processes() -> dict[int, tuple[int, str]]:
    """Parent and command line of each process, by its number."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            found[int(folder.name)] = parent, (folder / "cmdline").read_text().replace("\0", " ")
    return found


def _ancestors(pid: int, found: dict[int, tuple[int, str]]) -> Iterator[int]:
    while pid in found:
        pid = found[pid][0]
        yield pid
