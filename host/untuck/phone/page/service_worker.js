// Keeps the whole site in the browser, checked by SHA-256 when it is fetched and each time it is used.
// Answers with the version that it was made for and with nothing else, so that a page never mixes two versions.

const SITE = null; // untuck/phone/site/build.py writes { version, headers, files: { path: { sha256, bytes, type } } }

const PREFIX = "untuck-";
const CACHE = PREFIX + SITE.version;
const SCOPE = new URL("./", location.href);
const total = Object.values(SITE.files).reduce((sum, { bytes }) => sum + bytes, 0);
let done = 0; // bytes of `total`
let told = 0;

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("message", (event) => {
  if (event.data === "update") event.waitUntil(update(event));
});
self.addEventListener("fetch", (event) => {
  const name = nameOf(event.request);
  if (name !== null) event.respondWith(answer(name));
});

// A broken download goes on where it ended: what was kept is not fetched again.
async function install() {
  const cache = await caches.open(CACHE);
  await Promise.all(
    Object.entries(SITE.files).map(async ([name, { bytes }]) => {
      if ((await kept(cache, name)) !== null) return progress(bytes);
      const body = (await keptByOlder(name)) ?? (await fetched(name));
      await cache.put(addressOf(name), new Response(body));
    }),
  );
}

async function activate() {
  for (const name of await caches.keys()) if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  await clients.claim();
}

// A page that starts asks for this, so no run is going on in it; nor may there be another page that is in one.
async function update(event) {
  const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const alone = pages.every(({ id }) => id === event.source.id);
  if (alone) self.skipWaiting(); // resolves when the older version has no work left
  event.ports[0].postMessage(alone);
}

async function answer(name) {
  try {
    const cache = await caches.open(CACHE);
    const bytes = (await kept(cache, name)) ?? (await mended(cache, name));
    return new Response(bytes, { headers: { ...SITE.headers, "Content-Type": SITE.files[name].type } });
  } catch (error) {
    const text = `Untuck's file ${name} is missing or damaged in this browser and cannot be fetched. ` +
      `Connect to the internet and reload the page. (${error.message})`;
    return new Response(text, { status: 503, headers: { "Content-Type": "text/plain; charset=utf-8" } });
  }
}

async function mended(cache, name) {
  const bytes = await fetched(name);
  await cache.put(addressOf(name), new Response(bytes));
  return bytes;
}

// The bytes of a file, or null if they are absent or other ones.
async function kept(cache, name) {
  const response = await cache.match(addressOf(name));
  const bytes = response ? await response.arrayBuffer() : null;
  return bytes !== null && (await isRight(name, bytes)) ? bytes : null;
}

async function keptByOlder(name) {
  for (const older of await caches.keys()) {
    if (!older.startsWith(PREFIX) || older === CACHE) continue;
    const bytes = await kept(await caches.open(older), name);
    if (bytes !== null) {
      progress(bytes.byteLength);
      return bytes;
    }
  }
  return null;
}

async function fetched(name) {
  const response = await fetch(addressOf(name), { cache: "no-cache", redirect: "error" });
  if (!response.ok || !response.body) throw new Error(`${name}: answer ${response.status}`);
  const pieces = [];
  for (const reader = response.body.getReader(); ; ) {
    const { value, done: ended } = await reader.read();
    if (ended) break;
    pieces.push(value);
    progress(value.byteLength);
  }
  const bytes = await new Blob(pieces).arrayBuffer();
  if (!(await isRight(name, bytes))) throw new Error(`${name} is not the file of this version`);
  return bytes;
}

async function isRight(name, bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("") === SITE.files[name].sha256;
}

// At most a hundred messages for the whole download.
async function progress(bytes) {
  done += bytes;
  if (done - told < total / 100 && done < total) return;
  told = done;
  for (const page of await clients.matchAll({ type: "window", includeUncontrolled: true })) {
    page.postMessage({ downloaded: Math.min(done, total), total });
  }
}

function addressOf(name) {
  return new URL(name, SCOPE).href;
}

// The site's file that a request is for; null: the network answers.
function nameOf(request) {
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== SCOPE.origin || !address.pathname.startsWith(SCOPE.pathname)) {
    return null;
  }
  const name = decodeURIComponent(address.pathname.slice(SCOPE.pathname.length)) || "index.html";
  return Object.hasOwn(SITE.files, name) ? name : null;
}
