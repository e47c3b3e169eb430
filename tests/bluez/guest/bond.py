"""Pairs the guest with the clip through BlueZ alone, so that scenarios do not depend on `untuck pair`: bond.py ADDRESS

What works every time: a default agent that is there before the connection, and Pair() as the first call on it. The
product then gets the clip as the runner's own, since it connects to no other.
"""

import asyncio
import sys

from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus

from untuck.store.profiles import Profiles

AGENT = "/rig/agent"
ADAPTER = "/org/bluez/hci0"


async def main() -> None:
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()

    def confirm(message: Message) -> Message | bool:
        asked = message.path == AGENT and message.message_type is MessageType.METHOD_CALL
        return Message.new_method_return(message) if asked else False

    async def call(path: str, interface: str, member: str, signature: str = "", *body: object) -> bool:
        message = Message("org.bluez", path, f"org.bluez.{interface}", member, signature=signature, body=list(body))
        answer = await bus.call(message)
        if answer.message_type is MessageType.ERROR:
            print(member, answer.error_name, *answer.body, flush=True)
        return answer.message_type is not MessageType.ERROR

    bus.add_message_handler(confirm)
    await call("/org/bluez", "AgentManager1", "RegisterAgent", "os", AGENT, "NoInputNoOutput")
    await call("/org/bluez", "AgentManager1", "RequestDefaultAgent", "o", AGENT)
    await call(ADAPTER, "Adapter1", "StartDiscovery")
    device = f"{ADAPTER}/dev_{sys.argv[1].replace(':', '_')}"
    for _ in range(40):
        await asyncio.sleep(0.5)
        if await call(device, "Device1", "Pair"):
            break
        print("not paired yet")
    await call(ADAPTER, "Adapter1", "StopDiscovery")
    await call(device, "Device1", "Disconnect")
    Profiles().keep_clip("", sys.argv[1])


asyncio.run(main())
