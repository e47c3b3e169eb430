"""The air between clip and host: two bumble controllers on one link, and what goes wrong there.

Real controllers hold a packet until the peer has it; bumble's never wait. These do while the air is stalled, so that
the sender's buffers fill as on hardware. Range, stalls and the size of radio packets live here and nowhere else.
"""

from __future__ import annotations

import asyncio
from typing import Any

from bumble import hci
from bumble.controller import Controller
from bumble.device import Device
from bumble.hci import Address
from bumble.host import Host
from bumble.link import LocalLink

ACL_DATA_BYTES = 251


class _Link(LocalLink):
    """Advertisements are heard only in range."""

    in_range = True

    def send_advertising_pdu(self, sender_controller: Controller, packet: Any) -> None:
        if self.in_range:
            super().send_advertising_pdu(sender_controller, packet)


class _Controller(Controller):
    """Keeps the host's data, and the answer that it is sent, for as long as the air is stalled."""

    le_acl_data_packet_length = ACL_DATA_BYTES

    def __init__(self, name: str, link: LocalLink) -> None:
        super().__init__(name, link=link)
        self.held: list[hci.HCI_AclDataPacket] | None = None

    def on_hci_acl_data_packet(self, packet: hci.HCI_AclDataPacket) -> None:
        if self.held is None:
            super().on_hci_acl_data_packet(packet)
        else:
            self.held.append(packet)

    def release(self) -> None:
        held, self.held = self.held or [], None
        for packet in held:
            if self.find_connection_by_handle(packet.connection_handle):
                super().on_hci_acl_data_packet(packet)


class RadioChannel:
    """Makes the devices of both ends and disturbs what passes between them."""

    def __init__(self) -> None:
        self._link = _Link()
        self._controllers: list[_Controller] = []

    def make_device(self, name: str, address: str) -> Device:
        """A bumble device within reach of the others, still to be powered on."""
        controller = _Controller(name, self._link)
        self._controllers.append(controller)
        host = Host()
        host.controller = controller
        controller.host = host
        return Device(name=name, address=Address(address), host=host)

    def remove(self, device: Device) -> None:
        """A device that was switched off: nobody hears it any more."""
        controller = device.host.controller
        assert isinstance(controller, _Controller)
        self._link.remove_controller(controller)
        self._controllers.remove(controller)

    def set_in_range(self, in_range: bool) -> None:
        """Out of range nobody hears an advertisement; an open connection must be dropped beside."""
        self._link.in_range = in_range

    async def stall(self, seconds: float) -> None:
        """Nothing gets through in either direction for a while, then everything does, in order."""
        self.hold()
        await asyncio.sleep(seconds)
        self.release()

    def hold(self) -> None:
        """Begin a stall."""
        for controller in self._controllers:
            controller.held = []

    def release(self) -> None:
        """End a stall: what was held is sent."""
        for controller in self._controllers:
            controller.release()

    def lose(self) -> None:
        """End a stall, but what was held is lost, as when a connection times out."""
        for controller in self._controllers:
            controller.held = None
