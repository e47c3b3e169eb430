// The window's end of the connection to the worker: answers its calls, distributes what it tells, sends it events.
// The other end is untuck/phone/app/bridge.py, which describes the messages.

export class Bridge {
  #worker;
  #functions = new Map();
  #listeners = new Map();

  // worker: of worker.mjs
  constructor(worker) {
    this.#worker = worker;
    worker.addEventListener("message", ({ data }) => this.#receive(data));
    worker.addEventListener("error", (event) => this.#told("failure", { text: event.message || "the worker ended" }));
  }

  // Let the worker call a function of the window by this name; what it returns or throws is the answer.
  provide(name, run) {
    this.#functions.set(name, run);
  }

  // Call `listen` with the value of what the worker tells by this name.
  onTold(name, listen) {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listen]);
  }

  // Send an event; the buffers in `transfer` are moved, not copied.
  send(name, value = null, transfer = []) {
    this.#worker.postMessage({ event: name, value }, transfer);
  }

  #receive(message) {
    if ("tell" in message) this.#told(message.tell, message.value);
    else if ("call" in message) this.#called(message);
  }

  #told(name, value) {
    for (const listen of this.#listeners.get(name) ?? []) listen(value);
  }

  async #called({ call, name, args }) {
    try {
      const run = this.#functions.get(name);
      if (!run) throw new Error(`the window has no function ${name}`);
      this.#worker.postMessage({ answer: call, value: await run(...args) });
    } catch (error) {
      const { name: kind = "Error", message = String(error) } = error ?? {};
      this.#worker.postMessage({ answer: call, error: { name: kind, message } });
    }
  }
}
