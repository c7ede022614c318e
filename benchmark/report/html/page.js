"use strict";

// What the page says is in its HTML; this makes tables sort and shows a number's interval when it is pointed at.
document.documentElement.classList.add("scripted");

// --- sorting: a click on a header, or Enter on it; up, then down, then as the page had it

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function wrap(cell, className) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = className;
  button.append(...[...cell.childNodes].filter((node) => !node.classList?.contains("detail")));
  cell.prepend(button);
  return button;
}

function sort(body, rows, column, numeric, direction) {
  const key = (row) => row.cells[column].dataset.sort;
  const compare = (a, b) => (numeric ? Number(a) - Number(b) : collator.compare(a, b));
  const known = rows.filter((row) => key(row) !== undefined);
  const unknown = rows.filter((row) => key(row) === undefined); // last, whichever way
  known.sort((a, b) => direction * compare(key(a), key(b)));
  body.append(...(direction ? [...known, ...unknown] : rows));
}

for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const rows = body ? [...body.rows] : [];
  const headers = [...table.tHead.rows[0].cells];
  if (rows.length < 2) continue;
  headers.forEach((header, column) => {
    wrap(header, "").addEventListener("click", () => {
      const before = header.getAttribute("aria-sort");
      const direction = before === "ascending" ? -1 : before === "descending" ? 0 : 1;
      headers.forEach((each) => each.removeAttribute("aria-sort"));
      if (direction) header.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      sort(body, rows, column, header.dataset.order === "number", direction);
    });
  });
}

// --- intervals: shown by a pointer, by focus and by a touch; gone with Escape, or when one points elsewhere

const tip = document.createElement("div");
tip.id = "tip";
tip.setAttribute("role", "tooltip");
tip.hidden = true;
document.body.append(tip);
let leaving = 0;
let shown = null;

function place() {
  const spot = shown.getBoundingClientRect();
  if (spot.bottom < 0 || spot.top > document.documentElement.clientHeight) return hide();
  const left = spot.left + spot.width / 2 - tip.offsetWidth / 2;
  const above = spot.top - tip.offsetHeight - 6;
  tip.style.left = `${Math.max(8, Math.min(left, document.documentElement.clientWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${above < 8 ? spot.bottom + 6 : above}px`;
}

function show(button, text) {
  clearTimeout(leaving);
  shown = button;
  tip.textContent = text;
  tip.hidden = false;
  place();
}

function hide() {
  clearTimeout(leaving);
  shown = null;
  tip.hidden = true;
}

function hideSoon() {
  leaving = setTimeout(hide, 200); // time enough to go over to the words themselves, to copy them
}

document.querySelectorAll("tbody .detail").forEach((detail, place) => {
  const button = wrap(detail.parentElement, "hint");
  detail.id = `detail-${place}`;
  button.setAttribute("aria-describedby", detail.id);
  const open = () => show(button, detail.textContent);
  button.addEventListener("pointerenter", open);
  button.addEventListener("pointerleave", hideSoon);
  button.addEventListener("focus", open);
  button.addEventListener("blur", hideSoon);
  button.addEventListener("click", open);
});
tip.addEventListener("pointerenter", () => clearTimeout(leaving));
tip.addEventListener("pointerleave", hideSoon);
document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
document.addEventListener("scroll", () => shown && place(), { capture: true, passive: true }); // of the page or a box
