// Sorts the matrix by any column and filters its rows. What is shown stands in the address, so that it can
// be kept as a bookmark: #sort=points&desc&filter=bob&verdict=failed
"use strict";
(() => {
  const table = document.getElementById("matrix");
  const tools = document.getElementById("tools");
  const filter = document.getElementById("filter");
  const verdict = document.getElementById("verdict");
  const shown = document.getElementById("shown");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const headings = [...table.tHead.rows[0].cells];
  const view = { sort: "", desc: false };

  // José is found by jose.
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const name = (row) => row.cells[0].querySelector("bdi").textContent;

  function compare(column) {
    if (column === 0) return (a, b) => name(a).localeCompare(name(b));
    const value = (row) => Number(row.cells[column].dataset.value);
    return (a, b) => value(a) - value(b);
  }

  function show() {
    const column = headings.findIndex((heading) => heading.dataset.key === view.sort);
    const order = [...rows];
    if (column >= 0) {
      const sign = view.desc ? -1 : 1;
      const by = compare(column);
      order.sort((a, b) => sign * by(a, b));
    }
    body.append(...order);
    headings.forEach((heading, index) => {
      if (index === column) heading.ariaSort = view.desc ? "descending" : "ascending";
      else heading.removeAttribute("aria-sort");
    });

    const wanted = plain(filter.value);
    let count = 0;
    for (const row of rows) {
      let has = !verdict.value;
      for (const cell of row.querySelectorAll("[data-verdict]")) {
        const is = cell.dataset.verdict === verdict.value;
        cell.classList.toggle("dim", Boolean(verdict.value) && !is);
        has ||= is;
      }
      row.hidden = !has || !plain(name(row)).includes(wanted);
      count += row.hidden ? 0 : 1;
    }
    shown.textContent = count === rows.length ? "" : `${count} of ${rows.length} students`;
  }

  function remember() {
    const parts = new URLSearchParams();
    if (view.sort) parts.set("sort", view.sort);
    if (filter.value) parts.set("filter", filter.value);
    if (verdict.value) parts.set("verdict", verdict.value);
    const hash = (view.desc ? "desc&" : "") + parts;
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  }

  function recall() {
    // Other fragments are places on the page.
    if (location.hash && !/[=&]/.test(location.hash)) return;
    const parts = new URLSearchParams(location.hash.slice(1));
    view.sort = parts.get("sort") ?? "";
    view.desc = parts.has("desc");
    filter.value = parts.get("filter") ?? "";
    verdict.value = parts.get("verdict") ?? "";
    if (verdict.selectedIndex < 0) verdict.value = "";
    show();
  }

  for (const heading of headings) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const key = heading.dataset.key;
      // Names begin at the beginning, points at the top; a second click turns the order round.
      view.desc = view.sort === key ? !view.desc : key !== "student";
      view.sort = key;
      show();
      remember();
    });
  }
  for (const tool of [filter, verdict]) {
    tool.addEventListener("input", () => {
      show();
      remember();
    });
  }
  tools.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", recall);
  tools.hidden = false;
  recall();
})();
