// What keeps a run alive: the screen stays on, a quiet sound keeps a locked phone's page from being frozen, and its media
// controls mute the cues and mark laps. Reports how long the page was frozen.

// A page that is silent for 30 s, below -72 dBFS, counts as inaudible and is frozen in the background. This tone has
// -60 dBFS at 40 Hz: earphones that reach 100 dB give 40 dB there, and nobody hears 40 Hz below 50 dB.
const TONE_DBFS = -60;
const TONE_HZ = 40;
const TONE_S = 10; // media controls come only for sounds of more than 5 s
const TONE_RATE_HZ = 8000;
const AGAIN_MS = 2000; // after the system has stopped the sound, for a call

// sound: of audio.mjs. Begins and ends with the run that the worker tells of; `quiet_sound` of the settings turns the
// quiet sound off, which on some phones stops the music of other apps.
export function keepAwake(bridge, sound) {
  const anchor = new Audio();
  anchor.loop = true;
  let running = false;
  let wanted = true;
  let lock = null;
  let asleep_ms = null;

  async function stayOn() {
    if (!running || document.visibilityState !== "visible" || (lock && !lock.released)) return;
    lock = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null; // rejected when the battery is low
    if (!running) letGo();
  }

  function letGo() {
    lock?.release();
    lock = null;
  }

  function play() {
    if (!running || !wanted) return;
    anchor.src ||= URL.createObjectURL(quietTone());
    anchor.play().catch(() => {}); // without a tap before; the next one starts it
  }
  anchor.addEventListener("pause", () => setTimeout(play, AGAIN_MS));

  function begin() {
    running = true;
    stayOn();
    play();
    controls(true);
  }

  function end() {
    running = false;
    letGo();
    anchor.pause();
    controls(false);
  }

  function controls(on) {
    const session = navigator.mediaSession;
    if (!session) return;
    session.metadata = on ? new MediaMetadata({ title: "Untuck", artist: "Pause mutes the cues, next marks a lap" }) : null;
    session.playbackState = on ? "playing" : "none";
    const taps = { play: { name: "mute", on: false }, pause: { name: "mute", on: true }, nexttrack: { name: "lap" } };
    for (const [action, command] of Object.entries(taps)) {
      session.setActionHandler(action, on ? () => tapped(command) : null);
    }
  }

  // The sound plays on: only the shown state changes, so that the controls stay.
  function tapped(command) {
    if (command.name === "mute") navigator.mediaSession.playbackState = command.on ? "paused" : "playing";
    bridge.send("command", command);
  }

  function wake() {
    stayOn();
    play();
    sound.unlock?.().catch(() => {});
  }

  function slept() {
    asleep_ms ??= Date.now();
  }

  function woke() {
    if (asleep_ms !== null) bridge.send("page", { frozen_s: (Date.now() - asleep_ms) / 1000 });
    asleep_ms = null;
    wake();
  }

  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake());
  document.addEventListener("freeze", slept);
  document.addEventListener("resume", woke);
  bridge.onTold("phase", ({ name }) => (name === "start" || name === "ended" ? end() : begin()));
  bridge.onTold("screen", ({ muted }) => {
    if (running && navigator.mediaSession) navigator.mediaSession.playbackState = muted ? "paused" : "playing";
  });
  bridge.onTold("settings", ({ quiet_sound = true }) => {
    wanted = quiet_sound;
    if (!wanted) anchor.pause();
    else play();
  });

  return { begin, end, get locked() { return lock !== null && !lock.released; } };
}

// A WAV file of a whole number of cycles, so that it repeats without a click.
function quietTone() {
  const count = TONE_S * TONE_RATE_HZ;
  const view = new DataView(new ArrayBuffer(44 + 2 * count));
  const text = (at, word) => [...word].forEach((letter, n) => view.setUint8(at + n, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * count, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // whole numbers
  view.setUint16(22, 1, true); // mono
  view.setUint32(24, TONE_RATE_HZ, true);
  view.setUint32(28, 2 * TONE_RATE_HZ, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * count, true);
  const peak = Math.SQRT2 * 10 ** (TONE_DBFS / 20) * 32767;
  for (let n = 0; n < count; n++) {
    view.setInt16(44 + 2 * n, Math.round(peak * Math.sin((2 * Math.PI * TONE_HZ * n) / TONE_RATE_HZ)), true);
  }
  return new Blob([view.buffer], { type: "audio/wav" });
}
