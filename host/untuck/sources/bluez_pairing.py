"""Says yes when Linux asks whether to pair: BlueZ pairs only if some program on the bus is its pairing agent.

Other systems ask the user themselves. The clip has no display, so there is nothing to compare: its button is the
consent.
BlueZ's D-Bus names live here and nowhere else.
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
    """While inside, this program is BlueZ's pairing agent; nothing on other systems, or where there is no BlueZ."""
    if not sys.platform.startswith("linux"):
        yield
        return
    from dbus_fast import BusType, DBusError, Message, MessageType
    from dbus_fast.aio import MessageBus

    try:
        bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    except (OSError, DBusError):
        yield  # bleak will say what is missing
        return

    def answer(message: Message) -> Message | bool:
        if message.path != _AGENT_PATH or message.message_type is not MessageType.METHOD_CALL:
            return False
        return Message.new_method_return(message)  # to each of the agent's questions: an empty answer, which is yes

    async def call(member: str, signature: str, body: list[str]) -> None:
        await bus.call(Message(_BLUEZ, _MANAGER_PATH, _MANAGER, member, signature=signature, body=body))

    bus.add_message_handler(answer)
    try:
        await call("RegisterAgent", "os", [_AGENT_PATH, "NoInputNoOutput"])
        yield
        await call("UnregisterAgent", "o", [_AGENT_PATH])
    finally:
        bus.disconnect()
