// The page's views: start, run, review, runs, settings. Shows what the worker tells, and turns taps into commands.

import { get, show, write } from "./dom.mjs";
import { showLibrary } from "./library_view.mjs";
import { showRun } from "./run_view.mjs";
import { showSettings } from "./settings_view.mjs";

const VIEWS = ["start", "run", "review", "runs", "settings"];
const RUNNING = ["connecting", "running", "ending"];
const NO_BLUETOOTH =
  "This browser has no Web Bluetooth. Use Chrome, Edge or Samsung Internet on Android, or Chrome on a computer. On an " +
  "iPhone let the clip work alone, and fetch its runs with a computer.";
const CONNECTING = { state: "WAITING", symbol: "○", word: "CONNECTING", text: "looking for the clip", colour: "stale" };
const ENDING = { state: "ENDED", symbol: "■", word: "SAVING", text: "the run is being saved", colour: "work" };
const NOTHING = {
  share: null,
  number: { caption: "", value: "", below: "" },
  gauge: null,
  time: "",
  cue: "",
  data: "",
  battery: "",
  muted: false,
  laps: 0,
  notices: [],
  traces: null,
};

// parts: { bluetooth, sound }, which need a tap.
export function showScreen(bridge, { bluetooth, sound }) {
  const canConnect = "bluetooth" in navigator;
  let ready = false;
  let phase = "start";
  let clip = null; // the one that was chosen since the page was loaded
  let minutes = 0;
  let view = "start";
  let cancels = false; // what the button beside a text does

  const send = (name, value = {}) => bridge.send("command", { name, ...value });
  const run = showRun(bridge, send);
  showLibrary(bridge, send, go);
  showSettings(bridge, send, go, (settings) => {
    minutes = settings.minutes;
    write("whose", settings.runner ? `Runner: ${settings.runner}` : "");
    run.settle(settings);
  });

  // Show a view. Focus goes to its heading: what had it may be hidden now.
  function go(to) {
    view = to;
    for (const each of VIEWS) show(each, each === to);
    show("told", false);
    window.scrollTo(0, 0);
    document.querySelector(`#${to} h1`).focus();
  }

  // Show a text where the user is: in the run's line, above the library, and in the start view until the next one. What
  // can be cancelled has a button for it; what only informs is dismissed by its button.
  function say(text, { failed = false, share = null, cancel = false, stays = false } = {}) {
    if (view === "run") {
      run.line(text);
      if (!failed) return;
    }
    cancels = cancel;
    for (const id of ["told", "message"]) {
      show(id, text !== "" && (id === "message" || view === "review" || view === "runs"));
      get(id).classList.toggle("failure", failed);
      write(`${id}-text`, text);
      show(`${id}-share`, share !== null);
      get(`${id}-share`).value = share ?? 0;
      show(`${id}-end`, ready && !stays && (cancel || share === null));
      write(`${id}-end`, cancel ? "Cancel" : "OK");
    }
  }
  for (const id of ["told-end", "message-end"]) get(id).addEventListener("click", () => (cancels ? send("cancel") : say("")));

  bridge.onTold("ready", ({ version }) => {
    ready = true;
    const kept = navigator.serviceWorker?.controller; // the site is in the browser
    write("version", `Untuck ${version}${kept ? ", works without a network" : ""}`);
    if (canConnect) say("");
    else say(NO_BLUETOOTH, { failed: true, stays: true });
    buttons();
  });
  bridge.onTold("started", () => {});
  bridge.onTold("progress", ({ text, share, cancel = false }) => say(text, { share, cancel }));
  bridge.onTold("notice", ({ text }) => say(text));
  bridge.onTold("failure", ({ text }) => say(text, { failed: true }));
  bridge.onTold("review", () => cancels && say(""));
  bridge.onTold("update", () => show("update", true));
  bridge.onTold("phase", ({ name }) => {
    phase = name;
    buttons();
    write("finish-text", name === "connecting" ? "Hold to give up" : "Hold to finish");
    run.ending(name === "connecting" ? ["Stop looking for the clip?", "Stop"] : ["Finish the run?", "Finish"]);
    for (const id of ["lap", "mute", "more"]) get(id).disabled = name !== "running";
    if (RUNNING.includes(name)) {
      if (get("run").hidden) {
        say("");
        go("run");
        run.begin();
      }
      if (name === "connecting") run.paint({ ...NOTHING, ...CONNECTING });
      if (name === "ending") run.stop({ ...NOTHING, ...ENDING });
    } else if (!get("run").hidden) {
      run.end();
      go("start");
    }
  });

  function buttons() {
    const free = ready && phase !== "fetching" && canConnect;
    get("connect").disabled = get("sync").disabled = !free;
    show("another", clip !== null);
  }

  // The chooser needs the tap, so it comes first; sound is unlocked by the same tap.
  async function choose() {
    sound.unlock().catch(() => {});
    clip ??= await bluetooth.choose();
    buttons();
    return clip;
  }

  get("connect").addEventListener("click", async () => {
    const chosen = await choose();
    if (chosen) send("connect", { id: chosen.id, minutes });
  });
  get("sync").addEventListener("click", async () => {
    const chosen = await choose();
    if (chosen) send("sync", { id: chosen.id });
  });
  get("another").addEventListener("click", async () => {
    clip = null;
    await choose();
  });
  get("to-runs").addEventListener("click", () => go("runs"));
  get("to-settings").addEventListener("click", () => go("settings"));
  get("reload").addEventListener("click", () => location.reload());
  if (canConnect) say("Starting");
  else say(NO_BLUETOOTH, { failed: true, stays: true });
}
