"""The lifecycle of a page in the background: what the browser announces becomes an event for the worker."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.phone.background import background_tab
from tests.phone.stage import served_stage

FROZEN_S = 1.5
HEARD = """globalThis.heard = [];
for (const name of ["freeze", "resume", "visibilitychange"]) {
  document.addEventListener(name, () => heard.push(`${name} ${document.visibilityState}`));
}"""
SLEEPS = "sent.filter(({ event }) => event === 'page').map(({ value }) => value.frozen_s)"


async def test_a_frozen_page_reports_for_how_long_when_it_resumes(tmp_path: Path) -> None:
    with served_stage(tmp_path) as address:
        async with background_tab(tmp_path / "profile", address) as tab:
            await tab.until("globalThis.tell !== undefined && document.readyState === 'complete'")
            await tab.evaluate(HEARD)
            await tab.freeze(True)  # a page that is seen is not frozen
            assert await tab.evaluate(SLEEPS) == []
            await tab.show(False)
            await tab.until("document.visibilityState === 'hidden'")
            await tab.freeze(True)
            await asyncio.sleep(FROZEN_S)
            await tab.freeze(False)
            await tab.until(f"{SLEEPS}.length")
            await tab.show(True)
            await tab.until("heard.at(-1) === 'visibilitychange visible'")
            heard = await tab.evaluate("heard")
            slept = await tab.evaluate(SLEEPS)
    assert heard == ["visibilitychange hidden", "freeze hidden", "resume hidden", "visibilitychange visible"]
    assert len(slept) == 1 and slept[0] >= FROZEN_S - 0.1  # by two clocks
