// SPDX-License-Identifier: Apache-2.0
import { make, find } from "./dom.js";
import { get, set, listen } from "./place.js";

const dark = matchMedia("(prefers-color-scheme: dark)");

export function start() {
  const button = make("button", { type: "button", class: "theme", onclick: turn });
  find("nav").append(button);

  function is() {
    return get("theme") || (dark.matches ? "dark" : "light");
  }
  function show() {
    const root = document.documentElement;
    if (get("theme")) root.dataset.theme = get("theme");
    else delete root.dataset.theme;
    button.textContent = is() === "dark" ? "Light page" : "Dark page";
  }
  function turn() {
    set("theme", is() === "dark" ? "light" : "dark", true);
    show();
  }

  listen("theme", show);
  dark.addEventListener("change", show);
  show();
}
