// Runs a Python program in Pyodide: node in_pyodide.mjs FOLDER PROGRAM. FOLDER holds Pyodide's files, a wheel of numpy,
// code.zip, which is imported from, and given.bin, which the program reads as /given.bin. What it prints is printed.
// js.cpu_ms() is the time that the CPU has worked for it.
import {readFileSync, readdirSync} from "node:fs";
import {pathToFileURL} from "node:url";

const [folder, program] = process.argv.slice(2);
const bytes = (name) => new Uint8Array(readFileSync(`${folder}/${name}`));
const {loadPyodide} = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const pyodide = await loadPyodide({indexURL: `${folder}/`});
pyodide.unpackArchive(bytes(readdirSync(folder).find((name) => name.startsWith("numpy"))), "wheel");
pyodide.FS.mkdir("/code");
pyodide.unpackArchive(bytes("code.zip"), "zip", {extractDir: "/code"});
globalThis.cpu_ms = () => (process.cpuUsage().user + process.cpuUsage().system) / 1000;
pyodide.FS.writeFile("/given.bin", bytes("given.bin"));
await pyodide.runPythonAsync(`import sys; sys.path.insert(0, "/code")\n${program}`);
