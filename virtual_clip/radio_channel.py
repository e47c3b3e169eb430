"""The radio channel between clip and host: bumble controllers on one link, with faults.

Real controllers hold a packet until the peer has received it; bumble's controllers never wait. These wait while the
channel is stalled, so that the sender's buffers fill as on hardware.
"""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar, cast

from bumble import hci, ll
from bumble.controller import AdvertisingSet, Controller
from bumble.device import Device
from bumble.hci import Address
from bumble.host import Host
from bumble.link import LocalLink

ACL_DATA_BYTES = 251
_CONNECTABLE = 1  # bit of advertising_event_properties

# bumble sends these from tasks that nobody awaits
_ANSWERS = (
    hci.HCI_LE_Long_Term_Key_Request_Reply_Command,
    hci.HCI_LE_Long_Term_Key_Request_Negative_Reply_Command,
    hci.HCI_LE_Remote_Connection_Parameter_Request_Reply_Command,
)
_GONE = hci.HCI_UNKNOWN_CONNECTION_IDENTIFIER_ERROR
_Answered = TypeVar("_Answered", bound=hci.HCI_ReturnParameters)
_Report = hci.HCI_LE_Extended_Advertising_Report_Event
_LegacyReport = hci.HCI_LE_Advertising_Report_Event


class _Link(LocalLink):
    """Delivers advertisements only in range. away: addresses of devices that are out of range by themselves."""

    in_range = True

    def __init__(self) -> None:
        super().__init__()
        self.away: set[str] = set()

    def send_acl_data(self, sender: Controller, destination: Address, transport: Any, data: bytes) -> None:
        """Deliver data from the address that the sender is connected with; bumble always names its random one."""
        connection = sender.le_connections.get(destination)
        receiver = self.find_le_controller(destination)
        if connection and receiver:
            loop = asyncio.get_running_loop()
            loop.call_soon(receiver.on_link_acl_data, connection.self_address, transport, data)

    def send_advertising_pdu(self, sender_controller: Controller, packet: Any) -> None:
        if self.in_range and getattr(sender_controller, "place", "") not in self.away:
            super().send_advertising_pdu(sender_controller, packet)


class ChannelController(Controller):
    """Holds the data of its host, and reports it as sent only after the stall; sends scan responses.

    place: the address that its device was made with, by which the channel knows it.
    """

    le_acl_data_packet_length = ACL_DATA_BYTES
    place = ""

    def __init__(self, name: str, link: LocalLink, public_address: Address | None = None) -> None:
        super().__init__(name, link=link, public_address=public_address)
        self.held: list[hci.HCI_AclDataPacket] | None = None

    def on_hci_acl_data_packet(self, packet: hci.HCI_AclDataPacket) -> None:
        if self.held is None:
            super().on_hci_acl_data_packet(packet)
        else:
            self.held.append(packet)

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        super().send_hci_packet(self.with_scan_response(packet))

    def on_advertising_pdu(self, pdu: ll.AdvInd | ll.AdvExtInd) -> None:
        """Hear an advertisement; bumble would also connect to a device that does not accept connections now."""
        advertised = self._advertising_set(pdu.advertiser_address)
        properties = advertised.parameters.advertising_event_properties if advertised and advertised.parameters else 1
        if not properties & _CONNECTABLE:
            pending, self.pending_le_connection = self.pending_le_connection, None
            super().on_advertising_pdu(pdu)
            self.pending_le_connection = pending
        else:
            super().on_advertising_pdu(pdu)

    def with_scan_response(self, packet: hci.HCI_Packet) -> hci.HCI_Packet:
        """The packet; a report of a scan response has its data, where bumble repeats those of the advertisement."""
        if not isinstance(packet, _Report | _LegacyReport):
            return packet
        for report in packet.reports:
            if isinstance(packet, _Report):
                is_response = report.event_type & _Report.EventType.SCAN_RESPONSE
            else:
                is_response = report.event_type == _LegacyReport.EventType.SCAN_RSP
            if is_response:
                report.data = self._scan_response(report.address)
        return type(packet)(packet.reports)

    def _scan_response(self, address: Address) -> bytes:
        advertised = self._advertising_set(address)
        return bytes(advertised.scan_response_data) if advertised else b""

    def _advertising_set(self, address: Address) -> AdvertisingSet | None:
        assert self.link is not None
        sets = (one for controller in self.link.controllers for one in controller.advertising_sets.values())
        return next((one for one in sets if one.address == address), None)

    def release(self) -> None:
        held, self.held = self.held or [], None
        for packet in held:
            if self.find_connection_by_handle(packet.connection_handle):
                super().on_hci_acl_data_packet(packet)


class _Host(Host):
    """An answer to the controller about a connection that has ended meanwhile is no error, as in NimBLE and BlueZ."""

    async def send_sync_command(
        self, command: hci.HCI_SyncCommand[_Answered], response_timeout: float | None = None
    ) -> _Answered:
        try:
            return await super().send_sync_command(command, response_timeout)
        except hci.HCI_Error as error:
            if not isinstance(command, _ANSWERS) or error.error_code != _GONE:
                raise
            return cast(_Answered, hci.HCI_StatusReturnParameters(status=hci.HCI_ErrorCode(_GONE)))


class RadioChannel:
    """Creates the devices of both ends; stalls, loses or cuts off their traffic."""

    def __init__(self) -> None:
        self.link = _Link()
        self._controllers: list[ChannelController] = []

    def make_device(self, name: str, address: str) -> Device:
        """A bumble device in range of the others; the caller powers it on."""
        controller = ChannelController(name, self.link)
        controller.place = address
        self.add(controller)
        host = _Host()
        host.controller = controller
        controller.host = host
        return Device(name=name, address=Address(address), host=host)

    def remove(self, device: Device) -> None:
        """Remove a device that was switched off."""
        controller = device.host.controller
        assert isinstance(controller, ChannelController)
        self.drop_out(controller)

    def add(self, controller: ChannelController) -> None:
        """Let a controller on this link take part in stalls."""
        self._controllers.append(controller)

    def drop_out(self, controller: ChannelController) -> None:
        """Remove a controller; its peers are not informed."""
        self.link.remove_controller(controller)
        self._controllers.remove(controller)

    def set_in_range(self, in_range: bool, address: str = "") -> None:
        """Out of range no advertisement is heard; an open connection must be dropped separately.

        address: of one device, "" for all; so in `hold`, `release` and `lose`, which then concern what it sends.
        """
        if not address:
            self.link.in_range = in_range
        elif in_range:
            self.link.away.discard(address)
        else:
            self.link.away.add(address)

    async def stall(self, seconds: float) -> None:
        """Hold all data in both directions for a while, then deliver it in order."""
        self.hold()
        await asyncio.sleep(seconds)
        self.release()

    def hold(self, address: str = "") -> None:
        """Start a stall."""
        for controller in self._at(address):
            controller.held = []

    def release(self, address: str = "") -> None:
        """End a stall and deliver the held data."""
        for controller in self._at(address):
            controller.release()

    def lose(self, address: str = "") -> None:
        """End a stall and lose the held data, as when a connection times out."""
        for controller in self._at(address):
            controller.held = None

    def _at(self, address: str) -> list[ChannelController]:
        return [one for one in self._controllers if address in ("", one.place)]
