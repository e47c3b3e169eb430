"""The key store of MicroPython's NimBLE, for the virtual clip: look-ups and changes are events to the firmware.

It asks in the order, with the keys and with the persistence of NimBLE's ble_store.c, ble_sm.c and MicroPython's
modbluetooth_nimble.c: a refused write deletes the oldest bond and tries again, a peer that pairs again is asked about
until its bond is gone. Values are `struct ble_store_value_sec`.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Awaitable, Callable

from bumble.hci import Address
from bumble.keys import KeyStore, PairingKeys

OUR_SECRET, PEER_SECRET, OUR_IDENTITY = 1, 2, 10  # kinds
_IDENTITY_KEY = b"irk"
_ANY = bytes(7)  # BLE_ADDR_ANY
_SECRET = struct.Struct("<7sxHBxHxx8s16sB16sB16sBxIB7x")  # Espressif's layout
_KEY_SIZE = 16

Get = Callable[[int, int, bytes | None], Awaitable[bytes | None]]
Set = Callable[[int, bytes, bytes | None], Awaitable[bool]]
Finish = Callable[[str, Callable[[], Awaitable[None]]], Awaitable[None]]


def _key(address: Address) -> bytes:
    """The ble_addr_t of an address."""
    return bytes((address.address_type & 1,)) + bytes(address)


def _secret(key: bytes, ltk: PairingKeys.Key, irk: bytes | None, secure: bool) -> bytes:
    has_irk = irk is not None
    flags = int(ltk.authenticated) | (2 if secure else 0)
    ediv, rand = (0, bytes(8)) if secure else (secrets.randbits(16), secrets.token_bytes(8))  # bumble's are 0
    return _SECRET.pack(key, 0, _KEY_SIZE, ediv, rand, ltk.value, 1, irk or b"", has_irk, b"", 0, 0, flags)


class NimbleStore(KeyStore):
    """`get` and `set_` are the firmware's answers to the events GET_SECRET and SET_SECRET.

    finish: calls its second argument if the pairing with the peer of this name, which ends, shall be stored.
    irk: the clip's own key for private addresses. overflows: refused writes. repeats: how often a peer that pairs again
    was found to be bonded still.
    """

    def __init__(self, get: Get, set_: Set, finish: Finish) -> None:
        self._ask, self._set, self._finish = get, set_, finish
        self.irk = bytes(16)
        self.overflows = 0
        self.repeats = 0
        self._resolving: list[tuple[bytes, Address]] = []  # of the controller: keys for private addresses

    async def start(self) -> None:
        """What the firmware is asked during active(True): load_irk() and ble_hs_misc_restore_irks()."""
        found = await self._ask(OUR_IDENTITY, 0, _IDENTITY_KEY)
        irk = found or secrets.token_bytes(16)
        if found or await self._set(OUR_IDENTITY, _IDENTITY_KEY, irk):
            self.irk = irk
        index = 0
        while (secret := await self._ask(PEER_SECRET, index, None)) is not None:
            self._resolve(secret)
            index += 1

    def _resolve(self, secret: bytes) -> None:
        key, *_, irk, has_irk, _, _, _, _ = _SECRET.unpack(secret)
        if has_irk:
            address = Address(key[1:], Address.RANDOM_DEVICE_ADDRESS if key[0] else Address.PUBLIC_DEVICE_ADDRESS)
            self._resolving = [(irk, address), *(entry for entry in self._resolving if entry[1] != address)]

    async def get_resolving_keys(self) -> list[tuple[bytes, Address]]:
        """The controller's resolving list."""
        return self._resolving

    async def get(self, name: str) -> PairingKeys | None:
        """The key that a host encrypts with, when it asks to (ble_sm_ltk_req_rx)."""
        secret = await self._ask(OUR_SECRET, 0, _key(Address(name)))
        return PairingKeys(ltk=PairingKeys.Key(_SECRET.unpack(secret)[5])) if secret else None

    async def get_all(self) -> list[tuple[str, PairingKeys]]:
        """Bumble asks only for resolving keys."""
        return []

    async def update(self, name: str, keys: PairingKeys) -> None:
        """A pairing ends."""
        await self._finish(name, lambda: self._persist(name, keys))

    async def _persist(self, name: str, keys: PairingKeys) -> None:
        """ble_sm_persist_keys: it does not look at whether a write was refused."""
        key = _key(Address(name))
        ours, theirs = keys.ltk or keys.ltk_central, keys.ltk or keys.ltk_peripheral
        assert ours is not None and theirs is not None
        peer = _secret(key, theirs, keys.irk and keys.irk.value, bool(keys.ltk))
        await self._write(OUR_SECRET, key, _secret(key, ours, self.irk, bool(keys.ltk)))
        await self._write(PEER_SECRET, key, peer)
        self._resolve(peer)

    async def delete(self, name: str) -> None:
        """ble_store_util_delete_peer: delete until nothing is found."""
        for kind in (OUR_SECRET, PEER_SECRET):
            while await self._set(kind, _key(Address(name)), None):
                pass

    async def let_pair(self, peer: Address) -> None:
        """ble_sm_chk_repeat_pairing, with MicroPython's answer: delete the bond and look again, without end."""
        while await self._ask(PEER_SECRET, 0, _key(peer)) is not None:
            self.repeats += 1
            await self.delete(str(peer))

    async def _write(self, kind: int, key: bytes, value: bytes) -> None:
        while not await self._set(kind, key, value):
            self.overflows += 1  # ble_gap_unpair_oldest_peer; MicroPython cannot list OUR_SECRET: it looks for "any"
            oldest = await self._ask(OUR_SECRET, 0, _ANY)
            if oldest is None:
                return
            await self.delete(str(Address(oldest[1:7], Address.RANDOM_DEVICE_ADDRESS)))
