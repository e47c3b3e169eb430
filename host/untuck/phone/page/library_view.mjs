// The list of runs, and a run's review: sentences and charts that the worker has made.

import { ask, get, make, show, write } from "./dom.mjs";

// send: a command to the worker; go: shows a view.
export function showLibrary(bridge, send, go) {
  let opened = null;

  bridge.onTold("runs", (runs) => {
    show("no-runs", runs.length === 0);
    get("run-list").replaceChildren(...runs.map(row));
  });

  function row({ id, title, started_unix_s, duration_s, cut_off, strides }) {
    const button = make("button", title);
    button.type = "button";
    const when = new Date(1000 * started_unix_s).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    const parts = [when, minutes(duration_s), strides === null ? "not analysed yet" : `${strides} strides`];
    if (cut_off) parts.push("cut off");
    button.append(make("small", parts.join(" · ")));
    button.addEventListener("click", () => send("open", { id }));
    const item = make("li");
    item.append(button);
    return item;
  }

  bridge.onTold("review", ({ id, title, sentences, facts, charts }) => {
    opened = id;
    write("review-title", title);
    get("sentences").replaceChildren(
      ...sentences.map(([question, answer]) => {
        const item = make("li");
        if (question) item.append(make("strong", question));
        item.append(make("span", answer));
        return item;
      }),
    );
    get("review-facts").replaceChildren(
      ...facts.map(([label, value]) => {
        const pair = make("div");
        pair.append(make("dt", label), make("dd", value));
        return pair;
      }),
    );
    get("charts").replaceChildren(...charts.map(chart));
    go("review");
  });

  // The core draws SVG of its own numbers; it is parsed as XML, in which nothing runs.
  function chart({ title, svg, text }) {
    const figure = make("figure");
    const drawing = make("div", "", "chart");
    drawing.append(document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true));
    figure.append(make("figcaption", title), drawing, make("p", text, "chart-text"));
    return figure;
  }

  bridge.onTold("file", async ({ name, type, data }) => {
    const file = new File([data], name, { type });
    if (navigator.canShare?.({ files: [file] })) {
      try {
        await navigator.share({ files: [file], title: name });
        return;
      } catch (error) {
        if (error.name === "AbortError") return; // the user has changed their mind
      }
    }
    const link = make("a");
    link.href = URL.createObjectURL(file);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  });

  get("name-run").addEventListener("click", async () => {
    const id = opened;
    const name = await ask("A name for this run.", "Save", true);
    if (!name) return;
    write("review-title", name);
    send("rename", { id, to: name });
  });
  get("share-run").addEventListener("click", () => send("export", { id: opened }));
  get("delete-run").addEventListener("click", async () => {
    if (!(await ask("Delete this run from the phone? What you have shared stays.", "Delete"))) return;
    go("runs");
    send("delete", { id: opened });
  });
  get("review-done").addEventListener("click", () => go("start"));
  get("runs-done").addEventListener("click", () => go("start"));
}

function minutes(seconds) {
  const whole = Math.round(seconds / 60);
  return seconds < 60 ? `${Math.round(seconds)} s` : whole < 60 ? `${whole} min` : `${Math.floor(whole / 60)} h ${whole % 60} min`;
}
