"""`python -m tests.phone.figures`: what the page costs: download, start, memory, and time for each packet.

Start: median of three, in Chromium, cold (downloaded from this computer) and from the service worker's cache. Time for
a packet: the session's, of a simulated run: of the CPU in Pyodide under node, which no other program on this computer
disturbs; and as it passes under node and in Chromium's worker while they get a quarter of one core (Linux, as root),
which stands for a phone four times slower.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

from tests.phone.browser import chromium
from tests.phone.conftest import PARTS, serving
from tests.phone.test_closure import CORE
from tests.phone.test_delivery import KEPT, opened, started
from tests.phone.test_in_pyodide import printed_in_pyodide, write_pyodide_folder

from untuck.phone.site.build import Site, make_site, write_site
from untuck.phone.site.closure import ENTRY, page_modules
from untuck.phone.site.page_files import page_sources
from untuck.phone.site.parts import parts_of
from untuck.simulate.source import RunnerSource
from untuck.store.blocks import pack
from untuck.vocabulary import Role

STARTS = 3
PHONE = 4  # times slower than this computer: a middling phone
FIRST = 100  # packets, in 5 s, in which much runs for the first time
TIMED = f"""
import json, time
from untuck.session.packet_pipeline import PacketPipeline
from untuck.store.blocks import unpack
from untuck.store.session import Settings
try:
    from js import cpu_ms as now_ms
except ImportError:
    now_ms = lambda: 1000 * time.perf_counter()
packets = list(unpack(open("/given.bin", "rb").read()))
pipeline, took_ms = PacketPipeline(Settings(rate_hz=100, trunk=packets[-1].role == "trunk")), []
for packet in packets:
    begin = now_ms()
    pipeline.push(packet)
    took_ms.append(now_ms() - begin)
ordered = sorted(took_ms)
count = len(ordered)
found = json.dumps({{
    "packets": count,
    "ms_a_second": round(20 * sum(ordered) / sum(packet.role == "pelvis" for packet in packets), 1),
    "median_ms": round(ordered[count // 2], 2),
    "p99_ms": round(ordered[int(0.99 * count)], 1),
    "p99_of_second_half_ms": round(sorted(took_ms[count // 2 :])[int(0.99 * (count - count // 2))], 1),
    "most_in_first_5_s_ms": round(max(took_ms[:{FIRST}])),
    "most_later_ms": round(max(took_ms[{FIRST}:])),
}})
"""
PASSED = TIMED.replace("from js import cpu_ms as now_ms", "raise ImportError")
WORKER = b"""import { loadPython } from "./python.mjs";
addEventListener("message", async ({ data }) => {
  if (!data.program) return;
  const python = await loadPython();
  python.FS.writeFile("/given.bin", Uint8Array.from(atob(data.given), (letter) => letter.charCodeAt(0)));
  python.runPython(data.program);
  postMessage({ tell: "progress", value: { found: python.globals.get("found") } });
});
"""
FOUND = "told.find(({ value }) => value?.found)?.value.found"
SLICE_US = 1000  # of CPU at a time, the least that Linux allows: pauses are shorter than a packet's time
GROUPS = Path("/sys/fs/cgroup/cpu")  # of cgroups' first version; absent elsewhere


async def starts(site: Site) -> dict[str, Any]:
    """Start times in s, cold and cached, and the heap in MB."""
    cold, cached, heap = [], [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        write_site(site, Path(folder) / "site")
        for number in range(STARTS):
            with serving(Path(folder) / "site") as address:
                for kind in (cold, cached):
                    async with chromium(Path(folder) / f"profile{number}") as browser:
                        begin_s = asyncio.get_running_loop().time()
                        tab = await opened(browser, address)
                        heap = (await started(tab))["heap_bytes"] / 1e6
                        await tab.until("told.find(({ tell }) => tell === 'ready')", 120)
                        kind.append(asyncio.get_running_loop().time() - begin_s)
                        await tab.until(KEPT)  # for the next start
    return {
        "start_cold_s": round(median(cold), 1),
        "start_cached_s": round(median(cached), 1),
        "heap_mb": round(heap, 1),
    }


def packet_times(parts: dict[str, bytes], kernels: bytes | None = None) -> dict[str, Any]:
    """Times of the analysis for a packet in Pyodide; kernels: as of write_pyodide_folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pyodide_folder(folder, parts, kernels)
        load = "".join(f"import {module}\n" for module in page_modules(ENTRY, *CORE))

        def timed(program: str) -> Any:
            return json.loads(printed_in_pyodide(folder, f"{load}{program}print(found)")[-1])

        found = {"cpu": timed(TIMED)}
        if kernels is not None:
            return found
        with before_others(SLICE_US, SLICE_US * PHONE) as slow:
            if slow:
                found["slow_node"] = timed(PASSED)
                found["slow_chromium"] = asyncio.run(_in_chromium(parts, folder / "given.bin"))
        (folder / "given.bin").write_bytes(asyncio.run(_of_two_clips()))
        return found | {"cpu_with_two_clips": timed(TIMED)}


async def _of_two_clips() -> bytes:
    """Packets of a run with a second clip on the upper back, the last one from it."""
    packets = [packet async for packet in RunnerSource(clips=2, realtime=False).packets()]
    last = max(number for number, packet in enumerate(packets) if packet.role == Role.TRUNK)
    return pack(packets[: last + 1])


async def _in_chromium(parts: dict[str, bytes], given: Path) -> Any:
    """The same in a worker of the page, without a program of its own."""
    site = make_site(parts, page_sources() | {"worker.mjs": WORKER})
    with tempfile.TemporaryDirectory() as folder:
        write_site(site, Path(folder) / "site")
        with serving(Path(folder) / "site") as address:
            async with chromium(Path(folder) / "profile") as browser:
                tab = await opened(browser, address)
                asked = {"program": PASSED, "given": base64.b64encode(given.read_bytes()).decode()}
                await tab.until("workers.length > 0", 120)
                await tab.evaluate(f"workers[0].postMessage({json.dumps(asked)})")
                found = json.loads(await tab.until(FOUND, 600))
                tab.faults.clear()  # of the window, which waits for another worker
                return found


@contextmanager
def before_others(quota_us: int = -1, period_us: int = 100_000) -> Iterator[bool]:
    """CPU for this process and those that it starts, before all others; False where that cannot be set.

    quota_us: of each period at most, of one core; -1 for no limit.
    """
    group = GROUPS / "untuck-figures"
    try:
        group.mkdir(exist_ok=True)
        (group / "cpu.cfs_quota_us").write_text(str(quota_us))
        (group / "cpu.cfs_period_us").write_text(str(period_us))
        (group / "cpu.shares").write_text("100000")
        (group / "cgroup.procs").write_text(str(os.getpid()))
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        (GROUPS / "cgroup.procs").write_text(str(os.getpid()))
        (group / "cpu.cfs_quota_us").write_text("-1")
        with suppress(OSError):  # a process that has not ended
            group.rmdir()


def main() -> None:
    """Print the figures as JSON."""
    parts = parts_of(PARTS)
    site = make_site(parts)
    sizes = {
        "download_mb": round(site.bytes_raw() / 1e6, 2),
        "download_gzipped_mb": round(site.bytes_gzipped() / 1e6, 2),
        "core_gzipped_kb": round(site.bytes_gzipped(site.core) / 1e3),
    }
    times = {"packets": packet_times(parts), "packets_plain": packet_times(parts, b"")}
    with before_others():
        started_s = asyncio.run(starts(site))
    print(json.dumps(sizes | times | started_s, indent=1))


if __name__ == "__main__":
    main()
