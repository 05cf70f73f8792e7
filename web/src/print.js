// SPDX-License-Identifier: Apache-2.0
// On paper nothing can be opened: what belongs to findings is.
import { findAll } from "./dom.js";

export function start() {
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = findAll(".notes:not([open]), .finding details:not([open])");
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
}
