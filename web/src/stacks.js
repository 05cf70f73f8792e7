// SPDX-License-Identifier: Apache-2.0
// Search, filter by state and sort the table of stacks. Rows are shown and
// hidden; what they say is never looked into but for searching it.
import { make, find } from "./dom.js";
import { get, set, listen } from "./place.js";

const MAX_STATES = 12;

// A column that counts starts with its largest, a name with its first.
const columns = {
  count: { key: (row) => -Number(row.dataset.count) },
  since: { key: (row) => -Number(row.dataset.since || -1) },
  state: { key: (row) => row.dataset.state },
  where: { key: (row) => row.cells[3].querySelector("summary").textContent },
  creator: { key: (row) => row.cells[4].textContent },
};

function compare(a, b) {
  return typeof a === "number" ? a - b : a < b ? -1 : a > b ? 1 : 0;
}

function countStates(rows) {
  const states = new Map();
  for (const row of rows) {
    const { state, count } = row.dataset;
    states.set(state, (states.get(state) || 0) + Number(count));
  }
  return [...states].sort((a, b) => b[1] - a[1]).slice(0, MAX_STATES);
}

export function start() {
  const table = find("#stacks");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const texts = new Map();
  const text = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  };

  /* ---- what is shown */

  const said = make("p", { role: "status", class: "said" });

  function filter() {
    const words = get("q").toLowerCase().split(" ").filter(Boolean);
    const state = get("state");
    let shown = 0;
    let goroutines = 0;
    for (const row of rows) {
      const fits =
        (!state || row.dataset.state === state) &&
        words.every((word) => text(row).includes(word));
      row.hidden = !fits;
      if (!fits) continue;
      shown++;
      goroutines += Number(row.dataset.count);
    }
    said.textContent =
      shown === rows.length
        ? ""
        : shown + " of " + rows.length + " stacks, " +
          goroutines.toLocaleString("en") + " goroutines";
  }

  /* ---- the search box */

  let waiting;
  const box = make("input", {
    type: "search",
    id: "search",
    placeholder: "function, file, state",
    autocomplete: "off",
    spellcheck: "false",
    oninput() {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        set("q", box.value);
        filter();
      }, 150);
    },
  });

  /* ---- states to choose from */

  const states = countStates(rows).map(([state, count]) =>
    make(
      "button",
      { type: "button", "data-state": state, onclick: () => choose(state) },
      state + " ",
      make("span", { class: "num" }, count.toLocaleString("en"))
    )
  );

  function choose(state) {
    set("state", get("state") === state ? "" : state, true);
    show();
  }

  /* ---- sorting */

  const heads = Array.from(table.tHead.rows[0].cells).filter((th) => th.dataset.sort);
  for (const th of heads) {
    const button = make("button", { type: "button", onclick: () => turn(th.dataset.sort) });
    button.append(...th.childNodes);
    th.append(button);
  }

  function turn(name) {
    const now = get("sort");
    set("sort", now === name ? "-" + name : now === "-" + name ? "" : name, true);
    sort();
  }

  let sorted = false;

  function sort() {
    const [, back, name] = /^(-?)(.*)$/.exec(get("sort"));
    const column = columns[name];
    const order = column
      ? rows
          .map((row) => ({ row, key: column.key(row) }))
          .sort((a, b) => (back ? -1 : 1) * compare(a.key, b.key))
          .map(({ row }) => row)
      : rows;
    for (const th of heads) {
      if (column && th.dataset.sort === name) {
        const down = typeof column.key(rows[0]) === "number";
        th.setAttribute("aria-sort", down === !back ? "descending" : "ascending");
      } else {
        th.removeAttribute("aria-sort");
      }
    }
    if (!column && !sorted) return;
    sorted = !!column;
    const piece = document.createDocumentFragment();
    for (const row of order) piece.append(row);
    body.append(piece);
  }

  /* ---- all of it */

  function show() {
    box.value = get("q");
    for (const button of states) {
      button.setAttribute("aria-pressed", button.dataset.state === get("state"));
    }
    filter();
    sort();
  }

  if (rows.length > 1) {
    table.before(
      make(
        "div",
        { class: "tools", role: "search" },
        make("label", { for: "search" }, "Search"),
        box,
        make("div", { class: "states", role: "group", "aria-label": "State" }, ...states),
        said
      )
    );
  }
  for (const key of ["q", "state", "sort"]) listen(key, show);
  show();
}
