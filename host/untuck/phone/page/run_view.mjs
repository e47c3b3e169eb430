// The screen of a run: one big state, and what the worker's screen.py says beside it.

import { ask, draw, get, onHeld, show, write } from "./dom.mjs";

const AWAKE_S = 15; // after a tap on the dark screen
const RAIL = 96; // half the gauge's length in its own units
const LONG_WORD = 8; // letters
const SILENT_S = 4; // without news: what the worker tells changes every second, by its clocks
const SILENT = {
  state: "NO_DATA",
  symbol: "✕",
  word: "NO DATA",
  text: "the page is too busy, or has stopped: if this stays, reload it. The clip keeps the run",
  colour: "stale",
  gauge: null,
  data: "old",
};
const LIT = ["WAITING", "CALIBRATING"]; // states in which the screen does not go dark: there is something to read

// send: a command to the worker. Returns { begin, paint, line, stop, end, settle }.
export function showRun(bridge, send) {
  let darkAfter_s = 15;
  let dark = null;
  let coach = false;
  let litByFault = false;
  let spoken = "";
  let painted = null; // the last value
  let heard_ms = 0;
  let stopped = true; // what the worker tells is not shown
  let ownLine = ""; // of the window, until the worker has a newer notice
  let dismissed = ""; // the worker's notice that the user has read
  let question = ["", ""]; // and the answer that ends the run

  get("lap").addEventListener("click", () => send("lap"));
  get("mute").addEventListener("click", () => send("mute", { on: get("mute").getAttribute("aria-pressed") !== "true" }));
  get("baseline").addEventListener("click", () => send("baseline"));
  get("recalibrate").addEventListener("click", () => send("recalibrate"));
  get("zero").addEventListener("click", () => send("zero"));
  get("darken").addEventListener("click", () => darken(true));
  get("dark").addEventListener("click", () => darken(false));
  get("more").addEventListener("click", () => {
    const open = get("more-buttons").hidden;
    show("more-buttons", open);
    get("more").setAttribute("aria-expanded", String(open));
  });
  onHeld(get("finish"), () => send("finish"), async () => (await ask(...question)) && send("finish"));
  get("coach-view").addEventListener("click", () => send("settings", { values: { coach: !coach } }));
  get("notice-end").addEventListener("click", () => {
    dismissed = painted?.notices.at(-1) ?? "";
    ownLine = "";
    lines();
  });
  for (const name of ["pointerdown", "keydown"]) get("run").addEventListener(name, later);

  function later() {
    clearTimeout(dark);
    if (darkAfter_s > 0 && !coach) dark = setTimeout(() => (LIT.includes(painted?.state) ? later() : darken(true)), 1000 * darkAfter_s);
  }

  function darken(on) {
    const covers = on && !get("run").hidden;
    if (covers) get("ask").close(""); // a pocket has asked
    show("dark", covers);
    for (const each of get("run").children) if (each !== get("dark")) each.inert = covers;
    if (covers) get("dark").focus();
    else if (!get("run").hidden) later();
  }

  bridge.onTold("screen", (screen) => {
    heard_ms = performance.now();
    if (!stopped) paint(screen);
  });

  // Not to show for good what was true when the worker was last heard.
  setInterval(() => {
    const told = painted?.data && painted.state !== "WAITING";
    if (!stopped && told && performance.now() - heard_ms > 1000 * SILENT_S) paint({ ...painted, ...SILENT });
  }, 1000);

  function paint(screen) {
    if (litByFault && screen.colour === "fault" && painted?.colour !== "fault" && !get("dark").hidden) darken(false);
    if (screen.notices.at(-1) !== painted?.notices.at(-1)) ownLine = "";
    painted = screen;
    get("run").dataset.colour = get("dark").dataset.colour = screen.colour;
    write("symbol", screen.symbol);
    write("word", screen.word);
    write("dark-word", screen.word);
    get("word").classList.toggle("long", screen.word.split(" ").some((word) => word.length > LONG_WORD));
    write("text", screen.text);
    speak(`${screen.word}. ${screen.text}`, screen.word.replace(/ \+\d+$/, ""));
    show("share", screen.share !== null);
    get("share").value = screen.share ?? 0;
    const { caption, value, below } = screen.number;
    show("number", value !== "");
    write("caption", caption);
    write("value", value);
    write("below", below);
    gauge(screen.gauge);
    show("facts", screen.time !== "");
    write("time", screen.time);
    write("cue", screen.cue || "none");
    write("data", screen.data);
    write("battery", screen.battery || "?");
    get("mute").setAttribute("aria-pressed", String(screen.muted));
    write("mute", screen.muted ? "Muted" : "Mute");
    write("lap", screen.laps ? `Lap ${screen.laps + 1}` : "Lap");
    lines();
    show("traces", screen.traces !== null);
    if (screen.traces !== null) traces(screen.traces);
  }

  function lines() {
    const newest = painted?.notices.at(-1) ?? "";
    if (newest !== dismissed) dismissed = "";
    const text = ownLine || (dismissed ? "" : newest);
    show("notice", text !== "");
    write("notice-text", text);
  }

  // Read out by a screen reader when the word changes, not with every number.
  function speak(text, word) {
    if (word !== spoken) write("spoken", text);
    spoken = word;
  }

  function gauge(value) {
    show("gauge", value !== null);
    if (value === null) return;
    const at = (deg) => (RAIL * deg) / value.ends;
    get("needle").setAttribute("transform", `translate(${at(value.against)} 0)`);
    get("tuck-zone").setAttribute("width", String(at(value.tuck) + RAIL));
  }

  function traces({ length_s, time, tilt, strides, cues, tuck }) {
    const low = Math.min(...tilt) - 1;
    const high = Math.max(...tilt) + 1;
    const x = (seconds) => 400 + (400 * seconds) / length_s;
    const y = (deg) => 116 - (112 * (deg - low)) / (high - low);
    get("trace-line").setAttribute("points", time.map((seconds, n) => `${x(seconds).toFixed(1)},${y(tilt[n]).toFixed(1)}`).join(" "));
    get("trace-cues").replaceChildren(
      ...cues.map((seconds) => draw("line", { class: "trace-cue", x1: x(seconds), x2: x(seconds), y1: 0, y2: 120 })),
    );
    write("trace-ends", tilt.length ? `tilt, ${low.toFixed(0)} to ${high.toFixed(0)}°, ${length_s} s` : "tilt");
    const width = 400 / 60;
    const deep = 50 - 5 * Math.max(tuck, -10);
    get("stride-bars").replaceChildren(
      draw("line", { class: "usual", x1: 0, x2: 400, y1: deep, y2: deep }),
      ...strides.map(([deg, judged], n) => {
        const height = Math.max(1.5, 5 * Math.min(10, Math.abs(deg ?? 0)));
        const kind = judged ? (deg <= tuck ? "below" : "") : "unjudged";
        const left = 400 - width * (strides.length - n);
        return draw("rect", { class: `stride-bar ${kind}`, x: left, width: width * 0.75, y: deg < 0 ? 50 : 50 - height, height });
      }),
    );
  }

  return {
    paint,
    begin() {
      stopped = false;
      painted = null;
      ownLine = dismissed = "";
      show("more-buttons", false);
      get("more").setAttribute("aria-expanded", "false");
      darken(false);
    },
    // Show a line beside the state.
    line(text) {
      ownLine = text;
      lines();
    },
    // Show this instead of what the worker tells, until the next run begins.
    stop(screen) {
      stopped = true;
      paint(screen);
    },
    // What a press on the button that ends the run asks: [question, answer].
    ending(words) {
      question = words;
    },
    end() {
      stopped = true;
      if (get("ask").open) get("ask").close("");
      painted = null;
      darken(false);
      clearTimeout(dark);
      write("spoken", (spoken = ""));
    },
    settle(settings) {
      darkAfter_s = settings.dark_after_s ?? AWAKE_S;
      coach = settings.coach ?? false;
      get("coach-view").setAttribute("aria-pressed", String(coach));
      litByFault = settings.lit_by_fault ?? false;
      if (!get("run").hidden) later();
    },
  };
}
