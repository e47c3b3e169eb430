"""BlueZ's side of the link over a real D-Bus: adapters, the pairing agent, bluetoothd that ends.

A dbus-daemon of the test's own carries an org.bluez that behaves as BlueZ 5.66 does towards agents and objects;
`make test-bluez` runs the same code against the real one.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from untuck import wire
from untuck.errors import LinkError
from untuck.sources import remedies
from untuck.sources.stack import Adapter

if not sys.platform.startswith("linux"):
    pytest.skip("BlueZ is Linux's", allow_module_level=True)
if shutil.which("dbus-daemon") is None:
    pytest.skip("dbus-daemon is not installed", allow_module_level=True)

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from untuck.sources.bluez import BluezStack

CLIP = "F0:F1:F2:F3:A4:B5"
OTHER = "F0:F1:F2:F3:A4:B6"
HCI0, HCI1, HCI10 = "00:1B:DC:00:00:01", "00:1B:DC:00:00:02", "00:1B:DC:00:00:10"


class Bluetoothd:
    """An org.bluez with objects that the test makes; remembers its agents, newest default first."""

    def __init__(self, address: str) -> None:
        self.objects: dict[str, dict[str, dict[str, Variant]]] = {}
        self.agents: list[tuple[str, str]] = []  # (bus name, path)
        self.said: list[str] = []
        self.refuse = ""  # the name of an error that answers every call
        self._address = address

    async def start(self) -> None:
        self.bus = MessageBus(bus_address=self._address)
        await self.bus.connect()
        self.bus.add_message_handler(self._answer)
        await self.bus.request_name("org.bluez")

    def end(self) -> None:
        self.bus.disconnect()

    def add_adapter(self, name: str, address: str, *, powered: bool = True, role: str = "central") -> None:
        values = {"Address": Variant("s", address), "Powered": Variant("b", powered), "Roles": Variant("as", [role])}
        self.objects[f"/org/bluez/{name}"] = {"org.bluez.Adapter1": values}

    def add_device(self, adapter: str, address: str, *, paired: bool) -> None:
        path = f"/org/bluez/{adapter}/dev_{address.replace(':', '_')}"
        self.objects[path] = {
            "org.bluez.Device1": {
                "Address": Variant("s", address),
                "Adapter": Variant("o", f"/org/bluez/{adapter}"),
                "Paired": Variant("b", paired),
                "UUIDs": Variant("as", [wire.SERVICE_UUID]),
            }
        }

    async def ask_agent(self, device: str, member: str = "RequestAuthorization") -> Message:
        """What the default agent answers when this device pairs."""
        name, path = self.agents[0]
        reply = await self.bus.call(Message(name, path, "org.bluez.Agent1", member, signature="o", body=[device]))
        assert reply is not None
        return reply

    def _answer(self, message: Message) -> Message | bool:
        if message.message_type is not MessageType.METHOD_CALL or message.destination not in (
            "org.bluez",
            self.bus.unique_name,
        ):
            return False
        self.said.append(str(message.member))
        if self.refuse:
            return Message.new_error(message, self.refuse, "refused")
        agent = (str(message.sender), str(message.body[0]) if message.body else "")
        match message.member:
            case "GetManagedObjects":
                return Message.new_method_return(message, "a{oa{sa{sv}}}", [self.objects])
            case "RegisterAgent":
                self.agents.append(agent)
            case "RequestDefaultAgent":
                self.agents.remove(agent)
                self.agents.insert(0, agent)
            case "UnregisterAgent":
                self.agents.remove(agent)
            case _:
                return False
        return Message.new_method_return(message)


@pytest.fixture
async def bluetoothd(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bluetoothd]:
    """A system bus with BlueZ on it."""
    with subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address=1"], stdout=subprocess.PIPE, text=True
    ) as daemon:
        assert daemon.stdout is not None
        address = (await asyncio.to_thread(daemon.stdout.readline)).strip()
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        service = Bluetoothd(address)
        await service.start()
        yield service
        service.end()
        daemon.terminate()


async def test_no_adapter_is_said_at_once(bluetoothd: Bluetoothd) -> None:
    with pytest.raises(LinkError, match="No Bluetooth adapter found"):
        await BluezStack().choose_adapter("", None)
    bluetoothd.add_adapter("hci0", HCI0, role="peripheral")
    with pytest.raises(LinkError, match="does not support Low Energy"):
        await BluezStack().choose_adapter("", None)
    bluetoothd.add_adapter("hci0", HCI0, powered=False)
    with pytest.raises(LinkError, match=r"Bluetooth is off: .*rfkill unblock") as told:
        await BluezStack().choose_adapter("", None)
    assert "hci0" not in str(told.value)  # there is no other


async def test_the_adapter_that_knows_the_clip_is_preferred(bluetoothd: Bluetoothd) -> None:
    for name, address in (("hci10", HCI10), ("hci1", HCI1), ("hci0", HCI0)):
        bluetoothd.add_adapter(name, address)
    stack = BluezStack()
    assert await stack.choose_adapter("", CLIP) == Adapter("hci0", HCI0, True)  # the first, each time
    bluetoothd.add_device("hci10", CLIP, paired=False)
    bluetoothd.add_device("hci1", CLIP, paired=True)
    bluetoothd.add_device("hci10", OTHER, paired=True)
    assert await stack.choose_adapter("", CLIP) == Adapter("hci1", HCI1, True)
    assert await stack.choose_adapter("", OTHER) == Adapter("hci10", HCI10, True)
    assert str(await stack.choose_adapter("", None)) == f"hci1 ({HCI1})"  # of any paired clip, the first
    bluetoothd.add_adapter("hci1", HCI1, powered=False)
    with pytest.raises(LinkError, match=r"Bluetooth is off.*It is adapter hci1 .*--adapter chooses another"):
        await stack.choose_adapter("", CLIP)  # another adapter would need a pairing of its own


async def test_the_adapter_can_be_chosen_by_name_and_by_address(bluetoothd: Bluetoothd) -> None:
    bluetoothd.add_adapter("hci0", HCI0)
    bluetoothd.add_adapter("hci1", HCI1)
    stack = BluezStack()
    for wanted in ("hci1", HCI1, HCI1.lower()):
        assert await stack.choose_adapter(wanted, None) == Adapter("hci1", HCI1, True)
    with pytest.raises(LinkError, match=rf"no Bluetooth adapter hci7: choose one of hci0 \({HCI0}\), hci1"):
        await stack.choose_adapter("hci7", None)


async def test_the_agent_is_the_default_one_and_consents_for_its_clip_only(bluetoothd: Bluetoothd) -> None:
    bluetoothd.agents.append((":1.99", "/the/desktops"))
    async with BluezStack().pairing_agent(CLIP):
        assert [path for _, path in bluetoothd.agents] == ["/org/untuck/agent", "/the/desktops"]
        device = "/org/bluez/hci0/dev_F0_F1_F2_F3_A4_B5"
        for member in ("RequestAuthorization", "AuthorizeService", "RequestConfirmation"):
            assert (await bluetoothd.ask_agent(device, member)).message_type is MessageType.METHOD_RETURN
            stranger = await bluetoothd.ask_agent(device[:-1] + "6", member)
            assert stranger.error_name == "org.bluez.Error.Rejected"
        assert (await bluetoothd.ask_agent(device, "Cancel")).message_type is MessageType.METHOD_RETURN
    assert bluetoothd.agents == [(":1.99", "/the/desktops")]


async def test_the_agents_end_does_not_need_bluetoothd(bluetoothd: Bluetoothd) -> None:
    async with BluezStack().pairing_agent(CLIP):
        bluetoothd.end()
    assert "UnregisterAgent" not in bluetoothd.said


async def test_the_end_of_bluetoothd_is_heard(bluetoothd: Bluetoothd) -> None:
    gone = asyncio.Event()
    async with BluezStack().watch(gone.set):
        await asyncio.sleep(0.05)
        assert not gone.is_set()
        bluetoothd.end()
        await asyncio.wait_for(gone.wait(), 10)
    await bluetoothd.start()
    gone.clear()
    async with BluezStack().watch(gone.set):  # its start is no end
        await asyncio.sleep(0.05)
    bluetoothd.end()
    await asyncio.sleep(0.05)
    assert not gone.is_set()


async def test_without_bluetoothd_the_remedy_is_to_start_it(
    bluetoothd: Bluetoothd, monkeypatch: pytest.MonkeyPatch
) -> None:
    bluetoothd.end()
    await asyncio.sleep(0.05)
    for call in (BluezStack().choose_adapter("", None), _enter(BluezStack().pairing_agent(CLIP))):
        with pytest.raises(LinkError) as told:
            await call
        assert str(told.value) == remedies.SERVICE_DOWN
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/at/all")
    with pytest.raises(LinkError) as told:
        await BluezStack().choose_adapter("", None)
    assert str(told.value) == remedies.SERVICE_DOWN


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("org.freedesktop.DBus.Error.AccessDenied", "does not allow this program"),
        ("org.freedesktop.DBus.Error.NoReply", "service does not run"),
        ("org.bluez.Error.AlreadyExists", "BlueZ refused RegisterAgent"),
    ],
)
async def test_refusals_of_the_agent_say_what_to_do(bluetoothd: Bluetoothd, error: str, text: str) -> None:
    bluetoothd.refuse = error
    with pytest.raises(LinkError, match=text):
        await _enter(BluezStack().pairing_agent(CLIP))


async def _enter(context: Any) -> None:
    async with context:
        pass


def test_errors_of_dbus_are_known_by_name() -> None:
    assert remedies.dbus_remedy("org.bluez.Error.NotReady") == remedies.POWERED_OFF
    assert remedies.dbus_remedy("org.freedesktop.DBus.Error.Spawn.ChildExited") == remedies.SERVICE_DOWN
    assert remedies.dbus_remedy("org.bluez.Error.Failed") is None
