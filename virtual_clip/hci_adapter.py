"""A Bluetooth adapter in range of the clip whose host is another program: bytes of HCI (H4) in and out.

The host may be a kernel in a virtual machine. A kernel uses what the adapter claims to support, so this one claims only
what bumble's controller really does.
"""

from __future__ import annotations

from collections.abc import Callable

from bumble import ll
from bumble.controller import Controller
from bumble.hci import HCI_CONNECTION_TIMEOUT_ERROR, Address, HCI_Packet, HCI_Reset_Command, LeFeatureMask
from bumble.hci import HCI_StatusReturnParameters as Status
from bumble.transport.common import PacketParser

from virtual_clip.radio_channel import ACL_DATA_BYTES, ChannelController, RadioChannel

_ONLY_CLAIMED = (  # by bumble: a kernel that uses them hears no clip
    LeFeatureMask.LL_PRIVACY | LeFeatureMask.LE_EXTENDED_ADVERTISING | LeFeatureMask.LE_PERIODIC_ADVERTISING
)


class HciAdapter(ChannelController):
    """An adapter with this public address; feed() takes bytes from its host, `send` is called with bytes for it."""

    le_features = Controller.le_features & ~_ONLY_CLAIMED
    supported_max_tx_octets = supported_max_rx_octets = suggested_max_tx_octets = ACL_DATA_BYTES

    def __init__(self, channel: RadioChannel, address: str, send: Callable[[bytes], None]) -> None:
        super().__init__(f"adapter {address}", channel.link, Address(address, Address.PUBLIC_DEVICE_ADDRESS))
        channel.add(self)
        self.send = send
        self._parser = PacketParser(self)

    def send_hci_packet(self, packet: HCI_Packet) -> None:
        """Hand an event or data to the host."""
        self.send(bytes(self.with_scan_response(packet)))

    def on_hci_reset_command(self, _command: HCI_Reset_Command) -> Status:
        """Lose every link, as an adapter does that was unplugged or reset; its peers see a supervision timeout."""
        for connection in list(self.le_connections.values()):
            connection.send_ll_control_pdu(ll.TerminateInd(HCI_CONNECTION_TIMEOUT_ERROR))
        self.le_connections.clear()
        return super().on_hci_reset_command(_command)

    def feed(self, data: bytes) -> None:
        """Bytes from the host, cut anywhere."""
        self._parser.feed_data(data)
