"""Confirms pairing on Linux, where BlueZ pairs only if a program on the D-Bus is its pairing agent.

Other systems ask the user themselves. The clip has no display, so there is no code to compare: the user consents by
pressing the clip's button. Owns BlueZ's D-Bus names.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator

_BLUEZ = "org.bluez"
_MANAGER_PATH = "/org/bluez"
_MANAGER = "org.bluez.AgentManager1"
_AGENT = "org.bluez.Agent1"
_AGENT_PATH = "/org/untuck/agent"


@contextlib.asynccontextmanager
async def pairing_agent() -> AsyncIterator[None]:
    """Inside the context this program is BlueZ's pairing agent. No effect on other systems or without BlueZ."""
    if not sys.platform.startswith("linux"):
        yield
        return
    from dbus_fast import BusType, DBusError, Message, MessageType
    from dbus_fast.aio import MessageBus

    try:
        bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    except (OSError, DBusError):
        yield  # bleak reports what is missing
        return

    def answer(message: Message) -> Message | bool:
        if message.path != _AGENT_PATH or message.message_type is not MessageType.METHOD_CALL:
            return False
        return Message.new_method_return(message)  # an empty answer confirms any request

    async def call(member: str, signature: str, body: list[str]) -> None:
        await bus.call(Message(_BLUEZ, _MANAGER_PATH, _MANAGER, member, signature=signature, body=body))

    bus.add_message_handler(answer)
    try:
        await call("RegisterAgent", "os", [_AGENT_PATH, "NoInputNoOutput"])
        yield
        await call("UnregisterAgent", "o", [_AGENT_PATH])
    finally:
        bus.disconnect()
