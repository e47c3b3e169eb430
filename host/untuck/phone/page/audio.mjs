// Cues and phrases on the audio clock. untuck/phone/app/voice.py decides what sounds, and which phrase a cue cuts short.
// Sounds follow each other without overlap: each begins now, or where the one before it ends. "Now" is what the audio
// thread renders next, and that is all a cue waits for; only a sound that follows another is given a frame.

const RATE_HZ = 48000;
const LEAD_S = 0.003; // beyond what the audio thread renders at once: so much later a sound begins at the latest

// bridge: to the worker. Returns { unlock } for a tap, { context }: the audio context once it is unlocked, and
// { starts }: the last sounds as { id, key, asked_s, start_s, latency_s } on the audio clock, with at_ms, which is asked_s
// on the window's clock; start_s is asked_s for a sound that follows no other.
export function provideSound(bridge) {
  const clips = new Map(); // by key: { ogg, data, gains, buffer }
  const starts = [];
  let context = null;
  let playing = []; // { id, start_s, end_s, source, gain }
  let hum = null;

  function report() {
    bridge.send("sound.state", { running: context?.state === "running", latency_s: context?.outputLatency ?? 0 });
  }

  // In a tap: browsers allow sound only then. Also after an interruption by a call or another app.
  async function unlock() {
    if (context === null) {
      context = new AudioContext({ sampleRate: RATE_HZ, latencyHint: "interactive" });
      context.addEventListener("statechange", () => (report(), resume()));
      for (const clip of clips.values()) prepare(clip);
    }
    await context.resume();
    report();
  }

  // The system interrupts for a call or an alarm, and may suspend a page in the background: sound goes on when it can.
  function resume() {
    if (context !== null && context.state !== "running" && context.state !== "closed") context.resume().catch(() => {});
  }
  document.addEventListener("visibilitychange", resume);
  document.addEventListener("pointerdown", resume);
  navigator.mediaDevices?.addEventListener?.("devicechange", resume); // the context itself follows the system's device

  async function prepare(clip) {
    if (context === null) return;
    if (clip.left) {
      clip.buffer = stereo([floats(clip.left), floats(clip.right)], [1, 1]);
    } else {
      clip.decoded ??= context.decodeAudioData(clip.ogg.slice().buffer);
      const mono = (await clip.decoded).getChannelData(0);
      clip.buffer = stereo([mono, mono], clip.gains);
    }
  }

  function stereo(channels, gains) {
    const buffer = context.createBuffer(2, channels[0].length, RATE_HZ);
    channels.forEach((samples, n) => buffer.copyToChannel(samples.map((value) => value * gains[n]), n));
    return buffer;
  }

  bridge.onTold("sound.load", ({ key, ...sound }) => {
    const clip = { ...clips.get(key), ...sound };
    clips.set(key, clip);
    prepare(clip);
  });

  bridge.onTold("sound.play", ({ id, key }) => {
    const buffer = clips.get(key)?.buffer;
    if (!buffer || context?.state !== "running") return;
    const asked_s = context.currentTime;
    playing = playing.filter(({ end_s }) => end_s > asked_s);
    const latest_s = asked_s + context.baseLatency + LEAD_S;
    const waits = playing.length > 0;
    const start_s = waits ? Math.max(latest_s, ...playing.map(({ end_s }) => end_s)) : asked_s;
    const source = new AudioBufferSourceNode(context, { buffer });
    const gain = new GainNode(context);
    source.connect(gain).connect(context.destination);
    source.start(start_s);
    playing.push({ id, start_s, end_s: (waits ? start_s : latest_s) + buffer.duration, source, gain });
    starts.push({ id, key, asked_s, start_s, at_ms: performance.now(), latency_s: context.outputLatency });
    if (starts.length > 100) starts.shift();
  });

  bridge.onTold("sound.cut", ({ ids, fade_s }) => {
    if (context === null) return;
    const now_s = context.currentTime;
    for (const sound of playing.filter(({ id }) => ids.includes(id))) {
      if (sound.start_s >= now_s) {
        sound.source.stop();
        sound.end_s = now_s;
      } else if (sound.end_s > now_s + fade_s) {
        const fade = Float32Array.from({ length: 33 }, (_, n) => 0.5 + 0.5 * Math.cos((Math.PI * n) / 32));
        sound.gain.gain.setValueCurveAtTime(fade, now_s, fade_s);
        sound.source.stop(now_s + fade_s);
        sound.end_s = now_s + fade_s;
      }
    }
  });

  bridge.onTold("sound.hum", ({ hz, glide_s, gains, fade_s }) => {
    if (context?.state !== "running") return;
    hum ??= startHum(context);
    const now_s = context.currentTime;
    hum.tones.forEach((tone, n) => {
      tone.frequency.cancelAndHoldAtTime(now_s);
      if (glide_s) tone.frequency.exponentialRampToValueAtTime((n + 1) * hz, now_s + glide_s);
      else tone.frequency.setValueAtTime((n + 1) * hz, now_s);
    });
    hum.ears.forEach((ear, n) => {
      ear.gain.cancelAndHoldAtTime(now_s);
      ear.gain.linearRampToValueAtTime(gains[n], now_s + fade_s);
    });
  });

  return { unlock, starts, get context() { return context; } };
}

// Two partials into each ear, silent.
function startHum(context) {
  const tones = [1, 2].map(() => new OscillatorNode(context));
  const second = new GainNode(context, { gain: 0.3 });
  const ears = [0, 1].map(() => new GainNode(context, { gain: 0 }));
  const merger = new ChannelMergerNode(context, { numberOfInputs: 2 });
  tones[1].connect(second);
  ears.forEach((ear, n) => {
    tones[0].connect(ear);
    second.connect(ear);
    ear.connect(merger, 0, n);
  });
  merger.connect(context.destination);
  for (const tone of tones) tone.start();
  return { tones, ears };
}

function floats(bytes) {
  return new Float32Array(bytes.slice().buffer);
}
