// Starts the worker once the site is kept in the browser, and lets a new version in before a run, never during one.

const DOWNLOAD = "Downloading Untuck, once";
const OFFLINE = "Untuck could not be downloaded completely. Connect to the internet and reload the page.";
const BROKEN = "Untuck's program could not be started. Reload the page; if that does not help, restart the browser.";
const TAKEOVER_MS = 3000;

// A worker that can be used at once: messages to it wait until it runs. Tells "progress" {text, share} and "failure"
// {text} like the worker itself, and "update" when a new version will start with the next load of the page.
export class LateWorker extends EventTarget {
  #worker = null;
  #waiting = [];

  constructor() {
    super();
    this.#start().catch((error) => this.#tell("failure", { text: error.message }));
  }

  postMessage(message, transfer = []) {
    if (this.#worker === null) this.#waiting.push([message, transfer]);
    else this.#worker.postMessage(message, transfer);
  }

  async #start() {
    await this.#keepSite();
    this.#worker = new Worker(new URL("./worker.mjs", import.meta.url), { type: "module" });
    this.#worker.addEventListener("message", ({ data }) => this.dispatchEvent(new MessageEvent("message", { data })));
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#tell("failure", { text: BROKEN, detail: event.message ?? "" });
    });
    for (const [message, transfer] of this.#waiting.splice(0)) this.#worker.postMessage(message, transfer);
  }

  #tell(name, value) {
    this.dispatchEvent(new MessageEvent("message", { data: { tell: name, value } }));
  }

  // Where the browser allows no service worker, everything comes from the server, and nothing works offline.
  async #keepSite() {
    const container = navigator.serviceWorker;
    if (!container) return;
    container.addEventListener("message", ({ data }) => {
      if (this.#worker !== null || !data.total) return;
      const [done, all] = [data.downloaded, data.total].map((bytes) => (bytes / 1e6).toFixed(1));
      this.#tell("progress", { text: `${DOWNLOAD}: ${done} of ${all} MB`, share: data.downloaded / data.total });
    });
    container.startMessages();
    const address = new URL("./service_worker.js", document.baseURI);
    const registration = await container.register(address, { updateViaCache: "none" });
    if (container.controller) {
      const reload = () => location.reload(); // a takeover in the middle of the start loses files that are on the way
      container.addEventListener("controllerchange", reload);
      this.addEventListener("message", () => container.removeEventListener("controllerchange", reload), { once: true });
    }
    if (registration.active === null) await this.#installed(registration);
    else if (registration.waiting && container.controller) await this.#update(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const found = registration.installing;
      found?.addEventListener("statechange", () => {
        if (found.state === "installed") this.#tell("update", {});
      });
    });
  }

  #installed(registration) {
    const worker = registration.installing ?? registration.waiting;
    return new Promise((resolve, reject) => {
      const look = () => {
        if (worker.state === "redundant") reject(new Error(OFFLINE));
        if (worker.state === "activated") resolve();
      };
      worker.addEventListener("statechange", look);
      look();
    });
  }

  // Lets the new version take over, upon which the page is loaded again. Resolves if that has to wait: another tab of
  // the page is open, or the browser does not end the older version in time.
  #update(waiting) {
    return new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      setTimeout(resolve, TAKEOVER_MS);
      port1.onmessage = ({ data: accepted }) => accepted || resolve();
      waiting.postMessage("update", [port2]);
    });
  }
}
