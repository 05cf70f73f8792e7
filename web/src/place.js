// SPDX-License-Identifier: Apache-2.0
// The fragment holds all that the page remembers: "#f/FINGERPRINT?theme=dark&q=x".
// A link made of it shows the same; nothing is stored in the browser.
const values = new Map();
// Of the places that were written here; one that a link made has none.
const OURS = { inquest: 1 };
const listeners = [];
let anchor = "";

function read() {
  const [at, query = ""] = location.hash.slice(1).split("?");
  anchor = at;
  return new URLSearchParams(query);
}

function written() {
  const query = new URLSearchParams();
  for (const key of [...values.keys()].sort()) {
    if (values.get(key)) query.set(key, values.get(key));
  }
  const text = query.toString();
  return "#" + anchor + (text ? "?" + text : "");
}

export const get = (key) => values.get(key) || "";

// Calls back when the value changes by going back or by another link.
export function listen(key, callback) {
  listeners.push({ key, callback });
}

// "push": Back undoes it.
export function set(key, value, push) {
  values.set(key, value);
  const hash = written();
  if (hash === location.hash || (hash === "#" && !location.hash)) return;
  history[push ? "pushState" : "replaceState"](OURS, "", hash);
}

function show() {
  document.querySelectorAll(".target").forEach((e) => e.classList.remove("target"));
  const element = anchor && document.getElementById(anchor);
  if (!element) return;
  for (let e = element; e; e = e.parentElement) {
    if (e instanceof HTMLDetailsElement) e.open = true;
  }
  element.classList.add("target");
  const own = element.matches("tr") && element.querySelector("details");
  if (own) own.open = true;
  element.hidden = false;
  element.scrollIntoView();
  const item = element.querySelector(".item");
  if (item) item.focus({ preventScroll: true });
}

function apply(event) {
  const query = read();
  // A plain link of the page changes the place and keeps the rest.
  if (event && !history.state && !query.toString()) {
    history.replaceState(OURS, "", written());
  } else {
    for (const { key, callback } of listeners) {
      const value = query.get(key) || "";
      if (value === get(key)) continue;
      values.set(key, value);
      callback(value);
    }
  }
  show();
}

export function start() {
  history.replaceState(OURS, "");
  apply();
  addEventListener("hashchange", apply);
}
