"""Which of the clips in range is found: by its address, or without one the first that is not a runner's second clip.

Systems report an advertisement before what the clip says in its scan response, or first what they remember of it.
"""

from __future__ import annotations

import asyncio
from itertools import cycle, permutations
from typing import Any

import pytest
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner

from untuck import wire
from untuck.errors import LinkError
from untuck.sources import remedies
from untuck.sources.ble_scan import find_clip, find_clips
from untuck.sources.stack import Backend
from untuck.vocabulary import Role

PELVIS, TRUNK = "F0:00:00:00:00:01", "F0:00:00:00:00:02"
SHUT, OPEN = wire.PAIRING_SHUT, wire.PAIRING_OPEN
TURN_S = 0.01
Said = tuple[str, int | None]  # address, and the byte of the scan response, None: not heard yet

UNHEARD: Said = (TRUNK, None)
OF_TRUNK: Said = (TRUNK, SHUT | wire.ROLE_TRUNK)
OF_PELVIS: Said = (PELVIS, SHUT)


def backend(*heard: Said) -> Backend:
    """A radio that hears these advertisements, one after the other, again and again."""

    class Scanner(BaseBleakScanner):
        def __init__(self, detection_callback: Any, service_uuids: Any, *_: Any, **__: Any) -> None:
            super().__init__(detection_callback, service_uuids)

        async def start(self) -> None:
            self.seen_devices = {}
            self._task = asyncio.create_task(self._report())

        async def _report(self) -> None:
            for address, said in cycle(heard):
                services = {} if said is None else {wire.SERVICE_UUID: bytes([said])}
                data = AdvertisementData("Untk", {}, services, [wire.SERVICE_UUID], None, -50, ())
                device: BLEDevice = self.create_or_update_device(address, address, "Untk", {}, data)
                self.call_detection_callbacks(device, data)
                await asyncio.sleep(TURN_S)

        async def stop(self) -> None:
            self._task.cancel()

    return Backend(scanner=Scanner)


@pytest.mark.parametrize("heard", list(permutations([UNHEARD, OF_TRUNK, OF_PELVIS])))
async def test_the_first_one_is_never_the_second_clip(heard: tuple[Said, ...]) -> None:
    _, clip, _ = await find_clip(None, 2.0, backend(*heard))
    assert (clip.address, clip.role) == (PELVIS, Role.PELVIS)


@pytest.mark.parametrize("address", [PELVIS, TRUNK])
async def test_by_its_address_each_is_found_and_says_its_role(address: str) -> None:
    _, clip, _ = await find_clip(address, 2.0, backend(UNHEARD, OF_PELVIS, OF_TRUNK))
    assert (clip.address, clip.role) == (address, Role.TRUNK if address == TRUNK else Role.PELVIS)


async def test_a_second_clip_alone_is_no_clip() -> None:
    with pytest.raises(LinkError) as told:
        await find_clip(None, 0.5, backend(UNHEARD, OF_TRUNK, OF_TRUNK))
    assert str(told.value) == remedies.NO_CLIP


async def test_what_the_system_remembers_is_corrected_by_what_follows() -> None:
    """A clip that was the trunk's when it was last heard, and one that was the pelvis's."""
    now = [(PELVIS, SHUT)] * 1000
    _, clip, _ = await find_clip(None, 2.0, backend((PELVIS, SHUT | wire.ROLE_TRUNK), *now))
    assert clip.address == PELVIS
    _, clip, _ = await find_clip(None, 2.0, backend((TRUNK, OPEN), *[OF_TRUNK, OF_PELVIS] * 1000))
    assert clip.address == PELVIS


async def test_all_of_them_say_role_pairing_and_use() -> None:
    said = OPEN | wire.ROLE_TRUNK | wire.LINK_HOST
    clips = {each.address: each for each in await find_clips(0.3, backend(OF_PELVIS, (TRUNK, said)))}
    assert (clips[PELVIS].role, clips[PELVIS].pairing, clips[PELVIS].in_use) == (Role.PELVIS, SHUT, False)
    assert (clips[TRUNK].role, clips[TRUNK].pairing, clips[TRUNK].in_use) == (Role.TRUNK, OPEN, True)
