// SPDX-License-Identifier: Apache-2.0
// A button behind each command that copies it.
import { make, findAll } from "./dom.js";

function select(element) {
  const selection = getSelection();
  selection.removeAllRanges();
  const range = document.createRange();
  range.selectNodeContents(element);
  selection.addRange(range);
}

async function copy(code, button) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "copied";
  } catch {
    // Where that is not allowed, at least nothing needs to be aimed at.
    select(code);
    button.textContent = "selected";
  }
  setTimeout(() => (button.textContent = "copy"), 1500);
}

export function start() {
  for (const code of findAll("code.cmd")) {
    const button = make("button", { type: "button", class: "copy" }, "copy");
    button.setAttribute("aria-label", "copy: " + code.textContent);
    button.addEventListener("click", () => copy(code, button));
    code.after(" ", button);
  }
}
