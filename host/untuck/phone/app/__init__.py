"""The program of the page's worker: the core, with the window's Bluetooth, sound and screen. Runs in Pyodide."""
