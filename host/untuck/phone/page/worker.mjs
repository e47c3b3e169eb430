// The worker's script: starts Python with Untuck's core and passes messages between it and the window.
// untuck/phone/app/main.py is what runs; everything is loaded from the site itself.

import { keepBytecode, keptBytecode } from "./bytecode.mjs";
import * as files from "./files.mjs";
import { connect, loadPython, LOCK } from "./python.mjs";

const KEEP_AFTER_MS = 2000; // of the start: it takes a moment, in which the page should not wait

const waiting = []; // messages that came before Python could take them
let receive = (message) => waiting.push(message);
addEventListener("message", ({ data }) => receive(data));

start().catch((error) => {
  console.error(error);
  tell("failure", { text: wordsFor(error), detail: String(error.message ?? error) });
});

async function start() {
  const began_ms = performance.now();
  tell("progress", { text: "Starting Python", share: null });
  const python = await loadPython();
  const python_ms = performance.now();
  tell("progress", { text: "Loading Untuck", share: null });
  const bytecode = python.pyimport("untuck.phone.app.bytecode");
  const compiled = await useBytecode(python, bytecode);
  const main = python.pyimport("untuck.phone.app.main");
  receive = connect(python, (post) => main.start(post, files));
  for (const message of waiting.splice(0)) receive(message);
  const now_ms = performance.now();
  const heap_bytes = python._module.HEAP8.length;
  tell("started", { python_ms: python_ms - began_ms, untuck_ms: now_ms - python_ms, heap_bytes, compiled });
  if (!compiled) setTimeout(() => keep(bytecode), KEEP_AFTER_MS);
}

// Whether Python's modules were there in compiled form. Without it the page starts all the same, only later.
async function useBytecode(python, bytecode) {
  const kept = await keptBytecode(LOCK).catch((error) => console.info(`no bytecode: ${error.message}`));
  if (!kept) return bytecode.use(null);
  const value = python.toPy(kept);
  try {
    return bytecode.use(value);
  } finally {
    value.destroy();
  }
}

async function keep(bytecode) {
  const packed = bytecode.packed();
  try {
    await keepBytecode(LOCK, packed.toJs());
  } catch (error) {
    console.info(`the bytecode was not kept: ${error.message}`); // such as a full storage
  } finally {
    packed.destroy();
  }
}

function tell(name, value) {
  postMessage({ tell: name, value });
}

function wordsFor(error) {
  const text = `${error.name}: ${error.message}`;
  if (typeof WebAssembly === "undefined") return "This browser cannot run Untuck: it has no WebAssembly. Use Chrome.";
  if (/memory|RangeError/i.test(text)) return "The phone has too little free memory: close other apps and reload.";
  if (/fetch|load|503|network|NetworkError/i.test(text)) {
    return "A file of Untuck could not be loaded. Connect to the internet and reload the page.";
  }
  return "Untuck's program could not be started. Reload the page; if that does not help, restart the browser.";
}
