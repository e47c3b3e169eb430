"""Objects on a D-Bus as a service such as bluetoothd has them: interfaces with properties and methods, one tree.

Answers ObjectManager and Properties, emits their signals, and calls the methods; a method may take as long as it needs
and others go on meanwhile. Values only: what the objects mean is fake_bluez.py's.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError
from dbus_fast.unpack import unpack_variants

_DBUS = "org.freedesktop.DBus"
OBJECTS = f"{_DBUS}.ObjectManager"
PROPERTIES = f"{_DBUS}.Properties"
_UNKNOWN = f"{_DBUS}.Error.UnknownMethod"
Method = Callable[..., Awaitable[tuple[str, list[Any]] | None]]


@contextlib.contextmanager
def private_bus() -> Iterator[str]:
    """A D-Bus of its own while the context lasts: its address. FileNotFoundError without dbus-daemon."""
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"]
    daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert daemon.stdout is not None
        yield daemon.stdout.readline().strip()
    finally:
        daemon.kill()
        daemon.wait()
        daemon.stdout.close()


@dataclass
class Node:
    """One interface at a path. properties: name -> (signature, value); methods: called with the arguments of a call.

    A method returns signature and body of its answer, or nothing; it raises DBusError.
    """

    path: str
    interface: str
    properties: dict[str, tuple[str, Any]] = field(default_factory=dict)
    methods: dict[str, Method] = field(default_factory=dict)

    def variants(self) -> dict[str, Variant]:
        """The properties as D-Bus sends them."""
        return {name: Variant(signature, value) for name, (signature, value) in self.properties.items()}


class BusObjects:
    """The nodes of one service. on_call: called with the sender and the name of each method before it begins."""

    def __init__(self, bus: MessageBus, on_call: Callable[[str, str], object] = lambda sender, member: None) -> None:
        self.nodes: dict[tuple[str, str], Node] = {}
        self._bus = bus
        self._on_call = on_call
        self._tasks: set[asyncio.Task[None]] = set()
        bus.add_message_handler(self._take)

    def add(self, node: Node) -> Node:
        """Put a node on the bus."""
        self.nodes[node.path, node.interface] = node
        self._signal("/", OBJECTS, "InterfacesAdded", "oa{sa{sv}}", node.path, {node.interface: node.variants()})
        return node

    def remove(self, node: Node) -> None:
        """Take a node off the bus."""
        if self.nodes.pop((node.path, node.interface), None) is not None:
            self._signal("/", OBJECTS, "InterfacesRemoved", "oas", node.path, [node.interface])

    def change(self, node: Node, **values: Any) -> None:
        """Set properties and announce them, also those that keep their value."""
        for name, value in values.items():
            node.properties[name] = (node.properties[name][0], value)
        changed = {name: Variant(*node.properties[name]) for name in values}
        self._signal(node.path, PROPERTIES, "PropertiesChanged", "sa{sv}as", node.interface, changed, [])

    def _signal(self, path: str, interface: str, member: str, signature: str, *body: Any) -> None:
        with contextlib.suppress(ConnectionError):
            self._bus.send(Message.new_signal(path, interface, member, signature, list(body)))

    def _take(self, message: Message) -> bool:
        if message.message_type is not MessageType.METHOD_CALL:
            return False
        task = asyncio.get_running_loop().create_task(self._answer(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _answer(self, message: Message) -> None:
        self._on_call(message.sender or "", message.member or "")
        try:
            signature, body = await self._call(message) or ("", [])
            reply = Message.new_method_return(message, signature, body)
        except DBusError as error:
            reply = Message.new_error(message, error.type, error.text)
        with contextlib.suppress(ConnectionError):
            await self._bus.send(reply)

    async def _call(self, message: Message) -> tuple[str, list[Any]] | None:
        interface, member, body = message.interface, message.member, unpack_variants(message.body)
        if (interface, member) == (OBJECTS, "GetManagedObjects"):
            return "a{oa{sa{sv}}}", [self._managed()]
        if interface == PROPERTIES:
            return self._property(message.path or "", member or "", message.body)
        node = self.nodes.get((message.path or "", interface or ""))
        if node is None or member not in node.methods:
            raise DBusError(_UNKNOWN, f"{interface}.{member} at {message.path}")
        return await node.methods[member](*body)

    def _managed(self) -> dict[str, dict[str, dict[str, Variant]]]:
        found: dict[str, dict[str, dict[str, Variant]]] = {}
        for (path, interface), node in self.nodes.items():
            found.setdefault(path, {})[interface] = node.variants()
        return found

    def _property(self, path: str, member: str, body: list[Any]) -> tuple[str, list[Any]] | None:
        node = self.nodes.get((path, body[0]))
        if node is None:
            raise DBusError(f"{_DBUS}.Error.UnknownInterface", path)
        if member == "GetAll":
            return "a{sv}", [node.variants()]
        if body[1] not in node.properties:
            raise DBusError(f"{_DBUS}.Error.UnknownProperty", body[1])
        if member == "Get":
            return "v", [node.variants()[body[1]]]
        self.change(node, **{body[1]: body[2].value})  # Set
        return None
