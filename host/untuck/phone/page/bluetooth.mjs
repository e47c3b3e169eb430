// Web Bluetooth for the worker, which cannot reach it. The other end is untuck/phone/app/web_bluetooth.py.
// A notification goes to the worker at once; all else is one operation at a time, since browsers reject a second one.

const HEARD_MS = 10_000; // for an advertisement, of which a clip sends several in a second

const gone = () => new DOMException("GATT Server is disconnected.", "NetworkError");

// One connection, from connect() to its end. Its number tells what it sends from what another one sends.
class Connection {
  ended = false;
  characteristics = new Map();
  #listeners = new Map();
  #last = Promise.resolve();
  #abort = null;

  constructor(device, number) {
    this.device = device;
    this.number = number;
  }

  // Do one operation after all earlier ones; it fails if the connection ends, also where the browser leaves it open.
  run(operation) {
    const result = this.#last.then(() => this.#perform(operation));
    this.#last = result.catch(() => {});
    return result;
  }

  #perform(operation) {
    if (this.ended) throw gone();
    return new Promise((resolve, reject) => {
      this.#abort = reject;
      operation().then(resolve, reject);
    });
  }

  characteristic(uuid) {
    const found = this.characteristics.get(uuid);
    if (!found) throw new DOMException(`No Characteristics matching UUID ${uuid} found.`, "NotFoundError");
    return found;
  }

  listen(uuid, listener) {
    this.silence(uuid);
    this.#listeners.set(uuid, listener);
    this.characteristic(uuid).addEventListener("characteristicvaluechanged", listener);
  }

  silence(uuid) {
    const listener = this.#listeners.get(uuid);
    if (listener) this.characteristic(uuid).removeEventListener("characteristicvaluechanged", listener);
    this.#listeners.delete(uuid);
  }

  end() {
    this.ended = true;
    for (const uuid of [...this.#listeners.keys()]) this.silence(uuid);
    this.#abort?.(gone());
  }
}

export function provideBluetooth(bridge) {
  const devices = new Map(); // by id: those that the user permitted
  const connections = new Map(); // by the device's id: the present one
  const near = new Set(); // ids of those that the browser has met since the page was loaded
  let chosen = null;
  let service = null;
  let numbers = 0;

  bridge.onTold("bluetooth.service", ({ uuid }) => (service = uuid));

  const facts = ({ id, name }) => ({ id, name: name ?? "" });

  function keep(device) {
    if (devices.get(device.id) !== device) {
      devices.set(device.id, device);
      device.addEventListener("gattserverdisconnected", () => end(device.id));
    }
    return device;
  }

  function end(id) {
    const connection = connections.get(id);
    if (!connection) return;
    connections.delete(id);
    connection.end();
    bridge.send("bluetooth.disconnected", { id, connection: connection.number });
  }

  function current(id) {
    const connection = connections.get(id);
    if (!connection) throw gone();
    return connection;
  }

  // For operations on one characteristic of the present connection.
  const operation = (name, run) =>
    bridge.provide(`bluetooth.${name}`, (id, uuid, ...args) => {
      const connection = current(id);
      return connection.run(() => run(connection, connection.characteristic(uuid), ...args));
    });

  function demand() {
    if (navigator.bluetooth) return navigator.bluetooth;
    throw new DOMException(isSecureContext ? "no Web Bluetooth" : "not a secure context", "NotSupportedError");
  }

  // The devices that may be used without asking: the chosen one, or those of earlier visits where the browser says.
  bridge.provide("bluetooth.chosen", async () => {
    const bluetooth = demand();
    if (chosen) return [facts(chosen)];
    const permitted = (await bluetooth.getDevices?.()) ?? [];
    return permitted.map((device) => facts(keep(device)));
  });

  bridge.provide("bluetooth.connect", async (id) => {
    const device = devices.get(id);
    if (!device) throw new DOMException("The device is not chosen.", "NotFoundError");
    disconnect(id);
    const connection = new Connection(device, ++numbers);
    connections.set(id, connection);
    try {
      if (!near.has(id)) await connection.run(() => advertised(device));
      await connection.run(() => device.gatt.connect());
      near.add(id);
    } catch (error) {
      if (connections.get(id) === connection) connections.delete(id);
      throw error;
    }
    return connection.number;
  });

  function disconnect(id) {
    end(id); // before the browser's own event, which may be late
    devices.get(id)?.gatt.disconnect();
  }
  bridge.provide("bluetooth.disconnect", disconnect);

  bridge.provide("bluetooth.services", (id) => {
    const connection = current(id);
    return connection.run(async () => {
      const found = [];
      for (const each of await connection.device.gatt.getPrimaryServices()) {
        const characteristics = [];
        for (const one of await each.getCharacteristics()) {
          connection.characteristics.set(one.uuid, one);
          characteristics.push({ uuid: one.uuid, properties: properties(one) });
        }
        found.push({ uuid: each.uuid, characteristics });
      }
      return found;
    });
  });

  operation("read", async (_, characteristic) => bytes(await characteristic.readValue()));
  operation("write", (_, characteristic, data, withResponse) =>
    withResponse ? characteristic.writeValueWithResponse(data) : characteristic.writeValueWithoutResponse(data),
  );
  operation("subscribe", async (connection, characteristic) => {
    const { id } = connection.device;
    connection.listen(characteristic.uuid, ({ target }) => {
      const data = bytes(target.value);
      const value = { id, connection: connection.number, uuid: characteristic.uuid, data };
      bridge.send("bluetooth.notified", value, [data.buffer]);
    });
    await characteristic.startNotifications();
  });
  operation("unsubscribe", async (connection, characteristic) => {
    connection.silence(characteristic.uuid);
    await characteristic.stopNotifications();
  });

  return {
    // The system's chooser, in a tap: {id, name} of the clip, null if the user chose none or it failed.
    async choose() {
      try {
        chosen = keep(await demand().requestDevice({ filters: [{ services: [service] }] }));
      } catch ({ name, message }) {
        if (!/user cancell?ed/i.test(message)) bridge.send("bluetooth.failed", { name, message });
        return null;
      }
      near.add(chosen.id);
      bridge.send("bluetooth.picked", facts(chosen));
      return facts(chosen);
    },
  };
}

// Browsers connect to a device of an earlier visit only once they have heard it.
async function advertised(device) {
  if (!device.watchAdvertisements) return;
  const stop = new AbortController();
  await new Promise((resolve) => {
    device.addEventListener("advertisementreceived", resolve, { once: true });
    setTimeout(resolve, HEARD_MS);
    device.watchAdvertisements({ signal: stop.signal }).catch(resolve);
  });
  stop.abort();
}

function bytes(view) {
  return new Uint8Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

function properties({ properties: own }) {
  const names = { read: own.read, write: own.write, "write-without-response": own.writeWithoutResponse, notify: own.notify };
  return Object.keys(names).filter((name) => names[name]);
}
