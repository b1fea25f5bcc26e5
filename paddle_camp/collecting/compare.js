"use strict";
const body = document.querySelector("#runs tbody");
const heads = [...document.querySelectorAll("#runs th")];
const search = document.querySelector("#search");
const homework = document.querySelector("#homework");

// Rows without a value go last in both directions; a figure is compared within its assignment only.
function sortBy(column, descending) {
  const kind = heads[column].dataset.kind;
  const sign = descending ? -1 : 1;
  const key = (row) => {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent.trim();
    return kind === "text" ? text : text === "" ? NaN : Number(text);
  };
  const rows = [...body.rows].map((row, place) => ({ row, place, key: key(row), group: Number(row.dataset.group) }));
  rows.sort((a, b) => {
    if (kind === "within" && a.group !== b.group) return a.group - b.group;
    if (kind === "text") {
      return sign * a.key.localeCompare(b.key, "zh-CN", { numeric: true }) || a.place - b.place;
    }
    if (Number.isNaN(a.key) || Number.isNaN(b.key)) {
      return Number.isNaN(a.key) - Number.isNaN(b.key) || a.place - b.place;
    }
    return sign * (a.key - b.key) || a.place - b.place;
  });
  body.append(...rows.map((each) => each.row));
  heads.forEach((head, place) => {
    if (place === column) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  });
}

heads.forEach((head, column) => {
  head.querySelector("button").addEventListener("click", () => {
    const before = head.getAttribute("aria-sort");
    sortBy(column, before ? before === "ascending" : head.dataset.kind !== "text");
  });
});

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of body.rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = (homework.value && row.dataset.homework !== homework.value) || !words.every((w) => text.includes(w));
    shown += !row.hidden;
  }
  for (const section of document.querySelectorAll("section")) {
    section.hidden = Boolean(homework.value) && section.dataset.homework !== homework.value;
  }
  document.querySelector("#shown").textContent = shown < body.rows.length ? `${shown} / ${body.rows.length}` : "";
}
search.addEventListener("input", filter);
homework.addEventListener("change", filter);

for (const section of document.querySelectorAll("section")) {
  section.querySelectorAll(".legend button").forEach((button) => {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      const pressed = [...section.querySelectorAll('.legend button[aria-pressed="true"]')].map((b) => b.dataset.run);
      section.classList.toggle("chosen", pressed.length > 0);
      section.querySelectorAll("polyline").forEach((line) => {
        line.classList.toggle("on", pressed.includes(line.dataset.run));
      });
    });
  });
}
