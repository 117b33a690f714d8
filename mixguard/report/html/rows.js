"use strict";
// Shared by every script of the page.
const page = {
  data: JSON.parse(document.getElementById("document").textContent),
  byId: (id) => document.getElementById(id),
  colour: (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim(),
  number: new Intl.NumberFormat("en"),
};

// The table of rows: columns, order, filter, page. `rows.show` filters, `rows.print` lays out for paper.
const rows = (() => {
  const { byId, number } = page;
  const rows = page.data.rows;
  const height = rows.sample_id.length;
  const COLUMNS = [
    ["finding", "Finding"], ["place", "Place"], ["hazard", "Hazard"], ["hazard_score", "Hazard prob.", true],
    ["stance", "Stance"], ["score", "Ranked by", true], ["language", "Lang."], ["format", "Format"], ["sample_id", "Sample"],
    ...(rows.prompt ? [["prompt", "Prompt"], ["response", "Response"]] : []),
  ];
  const PAGE = 25;
  const PAPER = 300; // all rows are printed up to this many
  const shown = { page: 0, by: null, down: false, printing: false };
  const words = { full_refusal: "refused", partial_refusal: "partially refused", full_compliance: "answered" };
  const place = (i) => `${rows.sources[rows.source[i]]}:${rows.line[i]}`;
  const value = (name, i) => (name === "place" ? place(i) : name === "stance" ? words[rows.stance[i]] ?? "not judged" : rows[name][i]);

  function chosen() {
    const finding = byId("rows-finding").value, hazard = byId("rows-hazard").value, stance = byId("rows-stance").value;
    const search = byId("rows-search").value.trim().toLowerCase();
    const found = [];
    for (let i = 0; i < height; i++) {
      if (finding && rows.finding[i] !== finding) continue;
      if (hazard && rows.hazard[i] !== hazard) continue;
      if (stance && value("stance", i) !== stance) continue;
      if (search && !COLUMNS.some(([name]) => String(value(name, i) ?? "").toLowerCase().includes(search))) continue;
      found.push(i);
    }
    if (shown.by) {
      const order = (a, b) => {
        const [x, y] = [value(shown.by, a), value(shown.by, b)];
        if (x == null || y == null) return (x == null) - (y == null);
        const sign = shown.down ? -1 : 1;
        return sign * (typeof x === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true }));
      };
      found.sort(order);
    }
    return found;
  }

  function cell(name, i, numeric) {
    const td = document.createElement("td");
    const content = value(name, i);
    td.textContent = content == null ? "" : typeof content === "number" ? content.toFixed(2) : content;
    if (numeric) td.className = "n";
    if (name === "prompt" || name === "response") td.className = "texts";
    return td;
  }

  function fill() {
    const found = chosen();
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    shown.page = Math.min(Math.max(shown.page, 0), pages - 1);
    const first = shown.printing ? 0 : shown.page * PAGE;
    const most = shown.printing && found.length <= PAPER ? PAPER : PAGE;
    byId("rows-table").tBodies[0].replaceChildren(...found.slice(first, first + most).map((i) => {
      const tr = document.createElement("tr");
      tr.append(...COLUMNS.map(([name, , numeric]) => cell(name, i, numeric)));
      return tr;
    }));
    byId("rows-count").textContent = `${number.format(found.length)} of ${number.format(height)} rows`;
    byId("rows-printed").textContent = found.length > most ? `first ${most} of ${number.format(found.length)} rows` : byId("rows-count").textContent;
    byId("rows-page").textContent = `page ${shown.page + 1} of ${pages}`;
    byId("rows-previous").disabled = shown.page === 0;
    byId("rows-next").disabled = shown.page === pages - 1;
    for (const th of byId("rows-table").tHead.rows[0].cells) {
      const mine = th.dataset.name === shown.by;
      th.setAttribute("aria-sort", mine ? (shown.down ? "descending" : "ascending") : "none");
      th.firstChild.textContent = th.dataset.title + (mine ? (shown.down ? " ▾" : " ▴") : "");
    }
  }

  function show({ finding = "", search = "" }) {
    byId("rows-finding").value = finding;
    byId("rows-hazard").value = byId("rows-stance").value = "";
    byId("rows-search").value = search;
    shown.page = 0;
    fill();
    byId("rows").scrollIntoView();
    byId("rows-search").focus({ preventScroll: true });
  }

  function print(printing) {
    shown.printing = printing;
    if (byId("rows-table")) fill();
  }

  function prepareTable() {
    const head = document.createElement("tr");
    for (const [name, title, numeric] of COLUMNS) {
      const th = document.createElement("th");
      th.scope = "col";
      th.dataset.name = name;
      th.dataset.title = title;
      if (numeric) th.className = "n";
      const button = document.createElement("button");
      button.type = "button";
      button.addEventListener("click", () => {
        shown.down = shown.by === name ? !shown.down : Boolean(numeric);
        shown.by = name;
        fill();
      });
      th.append(button);
      head.append(th);
    }
    byId("rows-table").tHead.replaceChildren(head);
    const options = (id, values) => [...new Set(values)].filter((v) => v != null).sort().forEach((v) => byId(id).append(new Option(v, v)));
    options("rows-finding", rows.finding);
    options("rows-hazard", rows.hazard);
    options("rows-stance", rows.stance.map((_, i) => value("stance", i)));
    for (const id of ["rows-finding", "rows-hazard", "rows-stance", "rows-search"]) {
      for (const kind of ["input", "change"]) byId(id).addEventListener(kind, () => { shown.page = 0; fill(); });
    }
    byId("rows-previous").addEventListener("click", () => { shown.page--; fill(); });
    byId("rows-next").addEventListener("click", () => { shown.page++; fill(); });
    for (const button of document.querySelectorAll(".show-rows")) {
      button.addEventListener("click", () => show({ finding: button.dataset.finding }));
    }
    fill();
  }

  if (byId("rows-table")) prepareTable();
  return { show, print };
})();
