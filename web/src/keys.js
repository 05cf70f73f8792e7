// SPDX-License-Identifier: Apache-2.0
// The keyboard walks over findings and stacks; what is reached that way is
// reached with Tab as well.
import { make, find, findAll } from "./dom.js";

const keys = [
  ["/", "search the stacks"],
  ["j, k", "next and previous finding or stack"],
  ["[, ]", "previous and next finding"],
  ["Enter", "open or close what is chosen"],
  ["Esc", "leave the search, close this"],
  ["?", "this"],
];

function isVisible(element) {
  return element.getClientRects().length > 0;
}

// The one after or before what has the focus, in the order of the page.
function step(selector, by) {
  const items = findAll(selector).filter(isVisible);
  const at = items.indexOf(document.activeElement);
  let next = at + by;
  if (at < 0) {
    const from = document.activeElement || document.body;
    const after = items.findIndex(
      (item) => from.compareDocumentPosition(item) & Node.DOCUMENT_POSITION_FOLLOWING
    );
    next = after < 0 ? (by > 0 ? items.length : items.length - 1) : by > 0 ? after : after - 1;
  }
  if (!items[next]) return;
  items[next].focus();
  items[next].scrollIntoView({ block: "nearest" });
}

function makeHelp() {
  const rows = keys.map(([key, words]) =>
    make("tr", {}, make("th", { scope: "row" }, make("kbd", {}, key)), make("td", {}, words))
  );
  const close = make("button", { type: "button", onclick: () => help.close() }, "Close");
  const help = make(
    "dialog",
    { "aria-labelledby": "help" },
    make("h2", { id: "help" }, "Keys"),
    make("table", {}, make("tbody", {}, ...rows)),
    close
  );
  document.body.append(help);
  return help;
}

export function start() {
  const help = makeHelp();
  const open = () => help.open || help.showModal();

  find("nav").append(make("button", { type: "button", onclick: open }, "Keys ", make("kbd", {}, "?")));

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || help.open) return;
    const typing = event.target.matches("input, textarea, select");
    if (event.key === "Escape" && typing) {
      event.target.value = "";
      event.target.dispatchEvent(new Event("input"));
      event.target.blur();
      return;
    }
    if (typing) return;
    const search = find("#search");
    if (event.key === "/" && search) search.focus();
    else if (event.key === "j") step(".item", 1);
    else if (event.key === "k") step(".item", -1);
    else if (event.key === "]") step("h3 > .item", 1);
    else if (event.key === "[") step("h3 > .item", -1);
    else if (event.key === "?") open();
    else return;
    event.preventDefault();
  });
}
