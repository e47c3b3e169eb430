// Python in the worker: loads it from the site's own files, and passes messages between it and the window.

import { loadPyodide } from "./pyodide/pyodide.mjs";

const PYODIDE = new URL("./pyodide/", import.meta.url).href;
const SITE = new URL("./", import.meta.url).href;
export const LOCK = new URL("./packages/pyodide-lock.json", import.meta.url).href;
// Of what Pyodide fetches, by the address within the site: the hashes by which the browser refuses other bytes, also
// where it allows no service worker. Packages are checked by those of the lock file.
const INTEGRITY = {}; // untuck/phone/site/build.py writes them
const PACKAGES = ["numpy", "bleak", "untuck", "untuck-speech"]; // of the lock file, which has their SHA-256

// Rejects at the first file that cannot be fetched: Pyodide itself would wait for its WebAssembly for ever.
export function loadPython() {
  return new Promise((resolve, reject) => {
    const fetchFile = self.fetch;
    self.fetch = async (address, options) => {
      const integrity = INTEGRITY[new URL(address, SITE).href.slice(SITE.length)] ?? "";
      try {
        const response = await fetchFile(address, { ...options, integrity });
        if (!response.ok) throw new Error(`answer ${response.status}`);
        return response;
      } catch (error) {
        reject(new Error(`cannot load ${address}: ${error.message}`));
        throw error;
      }
    };
    loadPyodide({
      indexURL: PYODIDE,
      lockFileURL: LOCK,
      packageBaseUrl: new URL("./", LOCK).href,
      packages: PACKAGES,
      convertNullToNone: true,
      checkIntegrity: true,
    })
      .finally(() => (self.fetch = fetchFile))
      .then(resolve, reject);
  });
}

// start: builds the app from `post`, a function for messages to the window; returns the app's bridge (bridge.py).
// Returns a function that takes a message of the window. It is for the whole life of the worker, as the bridge is.
export function connect(python, start) {
  const bridge = start(post);
  const take = bridge.receive;
  return (message) => {
    const value = python.toPy(message);
    try {
      take(value);
    } finally {
      value.destroy();
    }
  };
}

// message: a dict of Python, which lives as long as this call. Bytes and arrays become typed arrays of their own, and
// None becomes null, as in JSON: Pyodide makes it undefined.
function post(message) {
  postMessage(withNulls(message.toJs({ dict_converter: Object.fromEntries, create_pyproxies: false })));
}

function withNulls(value) {
  if (value === undefined) return null;
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  for (const key of Object.keys(value)) value[key] = withNulls(value[key]);
  return value;
}
