// The settings: the form follows what the worker tells, and every change is sent at once.

import { ask, get, make, show, write } from "./dom.mjs";

const DEFAULTS = { guide: true, theme: "dark", dark_after_s: 15, coach: false, lit_by_fault: false, quiet_sound: true, minutes: 0, rate_hz: 100 };
const TICKS = ["guide", "quiet_sound", "lit_by_fault", "coach"];
const CHOICES = ["cues", "ear", "theme"];
const NUMBERS = ["volume_pct", "dark_after_s", "minutes", "rate_hz"];
const NEW = "\n"; // no runner's name

// send: a command to the worker; go: shows a view; follow: receives the settings whenever they change.
export function showSettings(bridge, send, go, follow) {
  bridge.onTold("settings", (told) => {
    const settings = { ...DEFAULTS, ...told };
    for (const id of TICKS) get(id).checked = settings[id];
    for (const id of [...CHOICES, ...NUMBERS]) get(id).value = String(settings[id]);
    const runners = [...new Set(["", ...settings.runners, settings.runner])];
    get("runner").replaceChildren(...runners.map((name) => option(name)));
    get("runner").value = settings.runner;
    document.documentElement.dataset.theme = settings.theme;
    document.querySelector('meta[name="theme-color"]').content = settings.theme === "light" ? "#ffffff" : "#14181d";
    follow(settings);
  });

  function option(name) {
    const made = make("option", name || "no name");
    made.value = name;
    return made;
  }

  const change = (id, value) => send("settings", { values: { [id]: value } });
  for (const id of TICKS) get(id).addEventListener("change", ({ target }) => change(id, target.checked));
  for (const id of CHOICES) get(id).addEventListener("change", ({ target }) => change(id, target.value));
  for (const id of NUMBERS) get(id).addEventListener("change", ({ target }) => change(id, Number(target.value)));
  get("form").addEventListener("submit", (event) => event.preventDefault());
  get("runner").addEventListener("change", ({ target }) => send("runner", { to: target.value }));
  get("new-runner").addEventListener("click", async () => {
    const name = await ask("Whose runs are these? Each runner has an own calibration and baseline.", "Add", true);
    if (name) send("runner", { to: name });
  });

  get("profile-export").addEventListener("click", () => send("profile.export"));
  get("profile-file").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    if (file) send("profile.import", { text: await file.text() });
    target.value = "";
  });
  show("profile-code-label", "BarcodeDetector" in window);
  get("profile-code").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    target.value = "";
    if (!file) return;
    try {
      const picture = await createImageBitmap(file);
      const codes = await new BarcodeDetector({ formats: ["qr_code"] }).detect(picture);
      if (codes.length === 0) write("settings-message", "No QR code in this picture: hold the phone straight, and closer.");
      for (const { rawValue } of codes) send("profile.import", { text: rawValue });
    } catch (error) {
      write("settings-message", `The picture cannot be read: ${error.message}`);
    }
  });
  bridge.onTold("codes", ({ count, missing }) =>
    write("settings-message", missing.length ? `${count - missing.length} of ${count} codes; photograph number ${missing.join(", ")}.` : "All codes are read."),
  );
  for (const name of ["notice", "failure"]) {
    bridge.onTold(name, ({ text }) => get("settings").hidden || write("settings-message", text));
  }
  get("to-settings").addEventListener("click", () => write("settings-message", "")); // what was said there is old
  get("settings-done").addEventListener("click", () => go("start"));
}
