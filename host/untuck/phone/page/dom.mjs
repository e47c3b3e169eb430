// Small helpers for the page's elements. Texts of people and clips are set as text, never as HTML.

export const get = (id) => document.getElementById(id);

// Set the text of the element with this id, if it changes.
export function write(id, text) {
  const element = get(id);
  if (element.textContent !== text) element.textContent = text;
}

// Show or hide the element with this id.
export function show(id, shown) {
  get(id).toggleAttribute("hidden", !shown); // SVG has no property of this name
}

// A new element with text and classes.
export function make(name, text = "", className = "") {
  const element = document.createElement(name);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

// A new SVG element with attributes.
export function draw(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

// Ask in a dialog; resolves to true or, if a name is asked for, to that name. False or "" if the user declines.
export function ask(text, yes, wantsName = false) {
  write("ask-text", text);
  write("ask-yes", yes);
  show("ask-name-label", wantsName);
  get("ask-name").value = "";
  const dialog = get("ask");
  if (dialog.open) dialog.close("");
  dialog.returnValue = "";
  get("ask-no").onclick = () => dialog.close(""); // no submit button: Enter in the name's field would press the first
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        const accepted = dialog.returnValue === "yes";
        resolve(wantsName ? (accepted ? get("ask-name").value.trim() : "") : accepted);
      },
      { once: true },
    );
  });
}

// Call `done` when the button was held for a second, so that a pocket does not press it. Also with Enter and Space.
// Call `pressed` when it was pressed for less, or by a screen reader, which cannot hold it.
export function onHeld(button, done, pressed, hold_ms = 1000) {
  let timer = null;
  let held = false; // what ends the hold is no press
  const begin = () => {
    if (timer !== null) return;
    held = false;
    button.classList.add("held");
    timer = setTimeout(() => (end(), (held = true), done()), hold_ms);
  };
  const press = () => {
    end();
    if (!held) pressed();
    held = false;
  };
  const end = () => {
    clearTimeout(timer);
    timer = null;
    button.classList.remove("held");
  };
  button.addEventListener("pointerdown", (event) => event.button === 0 && begin());
  for (const name of ["pointerup", "pointercancel", "pointerleave", "blur"]) button.addEventListener(name, end);
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.addEventListener("click", press);
  const onKey = (name, react) =>
    button.addEventListener(name, (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault(); // of the click, which comes with Enter as soon as it is down
      if (!event.repeat) react();
    });
  onKey("keydown", begin);
  onKey("keyup", () => (timer !== null || held) && press());
}
