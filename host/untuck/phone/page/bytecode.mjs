// Keeps what Python has compiled beside the site's files of the same version: the next start need not compile.
// Made in this browser, so the site's list has no hash of it; app/bytecode.py checks it when it reads it.

// The archive as bytes, or null. lock: address of the lock file, whose name changes with every package.
export async function keptBytecode(lock) {
  const answer = await (await cacheWith(lock))?.match(addressOf(lock));
  return answer ? new Uint8Array(await answer.arrayBuffer()) : null;
}

// Does nothing before the service worker has kept the packages: then a later start does it.
export async function keepBytecode(lock, bytes) {
  await (await cacheWith(lock))?.put(addressOf(lock), new Response(bytes));
}

async function cacheWith(lock) {
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    if (await cache.match(lock)) return cache;
  }
  return null;
}

function addressOf(lock) {
  return `${lock}.bytecode`;
}
