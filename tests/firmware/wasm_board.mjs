// Runs a script in MicroPython's WebAssembly port, which has 31-bit small integers as an ESP32 has.
// Arguments: folder of the npm package, folder of the files, name of the script, its arguments. The files are copied into
// the interpreter's file system, and those that the script writes are copied back.

import fs from "node:fs";

const [installed, folder, script, ...args] = process.argv.slice(2);
const { loadMicroPython } = await import(`${installed}/micropython.mjs`);
const board = await loadMicroPython({
    heapsize: 1 << 20,
    url: `${installed}/micropython.wasm`,
    stdout: (line) => console.log(line),
});
board.FS.mkdir("/board");
board.FS.chdir("/board");
const given = fs.readdirSync(folder);
for (const name of given) board.FS.writeFile(name, fs.readFileSync(`${folder}/${name}`));
try {
    board.runPython(`
import sys
sys.path[:] = ["/board", ".frozen"]
sys.argv[:] = ${JSON.stringify([script, ...args])}
import ${script}
`);
} catch (error) {
    console.error(error.message);
    process.exit(1);
}
for (const name of board.FS.readdir(".")) {
    const written = board.FS.isFile(board.FS.stat(name).mode) && !given.includes(name);
    if (written) fs.writeFileSync(`${folder}/${name}`, board.FS.readFile(name));
}
