"""Linux's Bluetooth stack, BlueZ, over D-Bus: adapters, the pairing agent, and the end of bluetoothd.

BlueZ pairs only if a program is its pairing agent, which is asked to consent. The clip has no display, so there is no
code to compare: the user consents by pressing the clip's button. Owns BlueZ's D-Bus names.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

from dbus_fast import BusType, DBusError, Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusFastError
from dbus_fast.unpack import unpack_variants

from untuck import wire
from untuck.errors import LinkError
from untuck.sources import remedies
from untuck.sources.stack import Adapter, Stack

log = logging.getLogger(__name__)

_BLUEZ = "org.bluez"
_ROOT = "/org/bluez"
_AGENT_PATH = "/org/untuck/agent"
_ADAPTER = "org.bluez.Adapter1"
_DEVICE = "org.bluez.Device1"
_DBUS = "org.freedesktop.DBus"
_OBJECTS = _BLUEZ, "/", f"{_DBUS}.ObjectManager"  # service, path, interface
_AGENTS = _BLUEZ, _ROOT, "org.bluez.AgentManager1"
_DAEMON = _DBUS, "/org/freedesktop/DBus", _DBUS
_BLUEZ_ENDS = f"type='signal',sender='{_DBUS}',member='NameOwnerChanged',arg0='{_BLUEZ}'"
_CONSENTS = ("RequestConfirmation", "RequestAuthorization", "AuthorizeService")
_CALL_S = 5.0


class BluezStack(Stack):
    """BlueZ; each method opens a bus connection of its own."""

    async def choose_adapter(self, wanted: str, clip: str | None) -> Adapter | None:
        async with _bus() as bus:
            reply = await _call(bus, _OBJECTS, "GetManagedObjects")
        objects: dict[str, Any] = unpack_variants(reply[0])
        adapters = {path: kinds[_ADAPTER] for path, kinds in objects.items() if _ADAPTER in kinds}
        usable = [
            _adapter(path, values) for path, values in sorted(adapters.items(), key=_number) if _is_central(values)
        ]
        if not usable:
            raise LinkError(remedies.NO_LOW_ENERGY if adapters else remedies.NO_ADAPTER)
        named = ", ".join(map(str, usable))
        bonded = {kinds[_DEVICE].get("Adapter") for kinds in objects.values() if _is_bonded(kinds, clip)}
        if wanted:
            found = [one for one in usable if wanted.lower() in (one.name, one.address.lower())]
            if not found:
                raise LinkError(f"This computer has no Bluetooth adapter {wanted}: choose one of {named}.")
        else:  # the one that the clip knows, for each has a bond of its own
            found = sorted(usable, key=lambda one: (f"{_ROOT}/{one.name}" not in bonded, not one.powered))
        adapter = found[0]
        if not adapter.powered:
            raise LinkError(
                remedies.POWERED_OFF
                + (f" It is adapter {adapter}; --adapter chooses another." if len(usable) > 1 else "")
            )
        log.info("adapter %s of %d", adapter.name, len(usable))
        return adapter

    @contextlib.asynccontextmanager
    async def pairing_agent(self, clip: str) -> AsyncIterator[None]:
        """Inside the context this program is BlueZ's default pairing agent, which consents for this clip only.

        Enter it before connecting: BlueZ itself reads protected data of a new device at once, which starts pairing.
        """
        device = f"/dev_{clip.replace(':', '_').upper()}"

        def answer(message: Message) -> Message | bool:
            if message.path != _AGENT_PATH or message.message_type is not MessageType.METHOD_CALL:
                return False
            asked = bool(message.body) and str(message.body[0]).upper().endswith(device.upper())
            if message.member in _CONSENTS and not asked:
                return Message.new_error(message, f"{_BLUEZ}.Error.Rejected", "of another device")
            log.debug("the agent was asked: %s", message.member)
            return Message.new_method_return(message)

        async with _bus() as bus:
            bus.add_message_handler(answer)
            await _call(bus, _AGENTS, "RegisterAgent", _AGENT_PATH, "NoInputNoOutput", signature="os")
            await _call(bus, _AGENTS, "RequestDefaultAgent", _AGENT_PATH, signature="o")
            try:
                yield
            finally:
                with contextlib.suppress(LinkError):  # bluetoothd has ended, and its agents with it
                    await _call(bus, _AGENTS, "UnregisterAgent", _AGENT_PATH, signature="o")

    @contextlib.asynccontextmanager
    async def watch(self, on_gone: Callable[[], None]) -> AsyncIterator[None]:
        def hear(message: Message) -> bool:
            if message.member == "NameOwnerChanged" and message.body[0] == _BLUEZ and not message.body[2]:
                log.info("bluetoothd has ended")
                on_gone()
            return False

        async with _bus() as bus:
            bus.add_message_handler(hear)
            await _call(bus, _DAEMON, "AddMatch", _BLUEZ_ENDS, signature="s")
            yield


@contextlib.asynccontextmanager
async def _bus() -> AsyncIterator[MessageBus]:
    bus = MessageBus(bus_type=BusType.SYSTEM)
    try:
        try:
            async with asyncio.timeout(_CALL_S):
                await bus.connect()
        except (OSError, EOFError, DBusFastError, TimeoutError) as error:
            log.info("no system bus: %r", error)
            raise LinkError(remedies.SERVICE_DOWN) from error
        yield bus
    finally:
        bus.disconnect()


async def _call(
    bus: MessageBus, place: tuple[str, str, str], member: str, *values: str, signature: str = ""
) -> list[Any]:
    """The body of the answer of a method at `place`: service, path, interface. Raises LinkError."""
    service, path, interface = place
    try:
        async with asyncio.timeout(_CALL_S):
            reply = await bus.call(Message(service, path, interface, member, signature=signature, body=list(values)))
    except (OSError, EOFError, DBusError, TimeoutError) as error:
        log.info("%s failed: %r", member, error)
        raise LinkError(remedies.SERVICE_DOWN) from error
    if reply.message_type is MessageType.ERROR:
        log.info("%s failed: %s %s", member, reply.error_name, reply.body)
        raise LinkError(remedies.dbus_remedy(reply.error_name or "") or f"BlueZ refused {member} ({reply.error_name}).")
    return list(reply.body)


def _number(adapter: tuple[str, Any]) -> tuple[int, str]:
    return len(adapter[0]), adapter[0]  # hci10 comes after hci2


def _adapter(path: str, values: dict[str, Any]) -> Adapter:
    return Adapter(path.rsplit("/", 1)[1], values.get("Address", "?"), bool(values.get("Powered")))


def _is_central(values: dict[str, Any]) -> bool:
    return "central" in values.get("Roles", ["central"])  # BlueZ older than 5.51 has no roles


def _is_bonded(kinds: dict[str, Any], clip: str | None) -> bool:
    device = kinds.get(_DEVICE, {})
    if not device.get("Paired"):
        return False
    if clip:
        return bool(device.get("Address", "").lower() == clip.lower())
    return wire.SERVICE_UUID in device.get("UUIDs", ())
