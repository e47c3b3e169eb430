// The page's own storage (OPFS), for Python in the worker: untuck/phone/app/opfs.py wraps these functions.
// A path is "folder/name". Every function but those of an open file returns a promise.

async function folderOf(path, create) {
  let folder = await navigator.storage.getDirectory();
  for (const name of path.split("/").slice(0, -1)) folder = await folder.getDirectoryHandle(name, { create });
  return [folder, path.split("/").at(-1)];
}

// Python knows only errors of the class Error: newer browsers have others, such as QuotaExceededError.
function plain({ name, message }) {
  return Object.assign(new Error(message), { name });
}

function translated(call) {
  try {
    return call();
  } catch (error) {
    throw plain(error);
  }
}

// What `found` gives, or `otherwise` if there is no such file or folder.
async function orMissing(found, otherwise) {
  try {
    return await found();
  } catch (error) {
    if (error.name === "NotFoundError") return otherwise;
    throw plain(error);
  }
}

export function names(folder) {
  return orMissing(async () => {
    const [directory] = await folderOf(`${folder}/`, false);
    const found = [];
    for await (const [name, handle] of directory.entries()) if (handle.kind === "file") found.push(name);
    return found.sort();
  }, []);
}

// An open file, which nobody else can open meanwhile; its methods answer at once.
class OpenFile {
  #handle;

  constructor(handle) {
    this.#handle = handle;
  }

  size() {
    return this.#handle.getSize();
  }

  read() {
    const bytes = new Uint8Array(this.#handle.getSize());
    this.#handle.read(bytes, { at: 0 });
    return bytes;
  }

  // How many of the bytes were written.
  write(bytes, at) {
    return translated(() => this.#handle.write(bytes, { at }));
  }

  truncate(size) {
    return translated(() => this.#handle.truncate(size));
  }

  flush() {
    return translated(() => this.#handle.flush());
  }

  close() {
    this.#handle.close();
  }
}

export async function open(path) {
  try {
    const [folder, name] = await folderOf(path, true);
    const file = await folder.getFileHandle(name, { create: true });
    return new OpenFile(await file.createSyncAccessHandle());
  } catch (error) {
    throw plain(error);
  }
}

export function read(path) {
  return orMissing(async () => {
    const [folder, name] = await folderOf(path, false);
    const file = await (await folder.getFileHandle(name)).getFile();
    return new Uint8Array(await file.arrayBuffer());
  }, null);
}

// The browser writes beside the file and exchanges the two in close().
export async function replace(path, bytes) {
  let writer = null;
  try {
    const [folder, name] = await folderOf(path, true);
    writer = await (await folder.getFileHandle(name, { create: true })).createWritable();
    await writer.write(bytes);
    await writer.close();
  } catch (error) {
    await writer?.abort().catch(() => {});
    throw plain(error);
  }
}

export function remove(path) {
  return orMissing(async () => {
    const [folder, name] = await folderOf(path, false);
    await folder.removeEntry(name);
  }, undefined);
}

// Whether this page is the only one of its kind; it stays so until its end.
export function claim() {
  return new Promise((resolve) => {
    navigator.locks.request("untuck", { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise(() => {});
    });
  });
}

// Ask the browser not to delete the runs when space is short; whether it agreed.
export async function persist() {
  return (await navigator.storage.persist?.()) ?? false;
}
