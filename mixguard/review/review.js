"use strict";
// The flow: which row, which decision, which key.
(async () => {
  const { ask, byId, make, number } = page;
  const at = { row: null, last: null, step: "open", busy: false };
  let begun;

  const kept = () => ({ check: byId("by-check").value || null, hazard: byId("by-hazard").value || null, least: Math.min(Math.max(Number(byId("by-score").value) || 0, 0), 1), notes: byId("by-notes").checked });

  function report(error) {
    byId("problem").hidden = !error;
    byId("problem").textContent = error ? error.message : "";
  }

  // One thing at a time; what goes wrong is said, and the row stays.
  async function doing(work) {
    if (at.busy) return;
    at.busy = true;
    report(null);
    try { await work(); } catch (error) { report(error); } finally { at.busy = false; }
  }

  function tell({ rows, decided, skip, ...rulings }) {
    byId("bar").max = Math.max(rows, 1);
    byId("bar").value = decided;
    const aside = rulings["set-aside"];
    byId("count").textContent = `${number.format(decided)} of ${number.format(rows)} decided` + (aside ? `, ${number.format(aside)} set aside` : "") + (skip ? `, ${number.format(skip)} skipped` : "");
  }

  async function go(step, from = at.row?.id ?? null, { focus = true } = {}) {
    const { row: shown, progress, reasons } = await ask("/row", { at: from, step, kept: kept() });
    tell(progress);
    byId("reasons").replaceChildren(...reasons.map((reason) => make("option", { value: reason })));
    at.last = shown?.id ?? at.row?.id ?? at.last;
    at.row = shown;
    byId("actions").hidden = !shown;
    if (shown) row.draw(shown, progress.rows);
    words.show(shown);
    if (!shown) await finish.draw(progress, left(progress), report);
    scrollTo(0, 0);
    if (focus) byId("heading").focus({ preventScroll: true });
  }

  // The rows that are left once none is open.
  function left({ rows, skip }) {
    const more = [];
    if (skip) more.push([`Review ${finish.counted(skip, "skipped row")} again`, () => doing(() => { at.step = "skipped"; return go("skipped", null); })]);
    const { check, hazard, least, notes } = kept();
    if (check || hazard || least) more.push(["Clear the filter", clear]);
    else if (!notes && begun.notes) more.push([`Also review ${finish.counted(begun.notes, "row")} that only notes flag`, () => { byId("by-notes").checked = true; filtered(); }]);
    return more;
  }

  async function decide(ruling, right = {}) {
    const reason = byId("reason").value;
    const { said } = await ask("/decide", { id: at.row.id, ruling, reason, ...right });
    byId("said").textContent = said;
    byId("reason").value = "";
    await go(at.step);
  }

  const does = {
    accept: () => decide("accept"),
    "set-aside": () => decide("set-aside"),
    "wrong-hazard": () => choose.hazard((right) => doing(() => decide("wrong-hazard", right))),
    "wrong-stance": () => choose.stance((right) => doing(() => decide("wrong-stance", right))),
    skip: () => (at.row.taken.length ? go(at.row.number < byId("bar").max ? "next" : at.step) : decide("skip")),
    back: () => go("back"),
  };

  async function undo() {
    const { id, said } = await ask("/undo");
    byId("said").textContent = said;
    if (id) await go("this", id);
  }

  function filtered() {
    const { check, hazard, least, notes } = kept();
    const count = [check, hazard, least, notes].filter(Boolean).length;
    byId("filter").firstChild.textContent = count ? `Filter (${count}) ` : "Filter ";
    at.step = "open";
    return doing(() => go("open", null, { focus: byId("filters").hidden })); // else whoever filters goes on filtering
  }

  function clear() {
    for (const id of ["by-check", "by-hazard"]) byId(id).value = "";
    byId("by-score").value = 0;
    byId("by-notes").checked = false;
    return filtered();
  }

  function unfold(open = byId("filters").hidden) {
    byId("filters").hidden = !open;
    byId("filter").setAttribute("aria-expanded", open);
    (open ? byId("by-check") : byId("heading")).focus();
  }

  const keys = {
    a: "accept", s: "set-aside", h: "wrong-hazard", t: "wrong-stance", n: "skip", " ": "skip", b: "back", ArrowLeft: "back",
  };

  function pressed(event) {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || choose.open()) return;
    if (key === "Escape") { unfold(false); return; }
    const typing = target.matches("input, select");
    if (typing) { if (key === "Enter" && target === byId("reason")) byId("heading").focus(); return; }
    if (key === " " && target.matches("button, summary, a, .pane, code")) return; // theirs: press, fold, scroll
    const name = keys[key.length === 1 ? key.toLowerCase() : key];
    const other = { u: () => doing(undo), "/": () => unfold(), "?": choose.help, w: words.measure, r: () => byId("reason").focus() }[key.toLowerCase()];
    if (name && at.row) doing(does[name]);
    else if (name === "back" && at.last) doing(() => go("this", at.last));
    else if (other) other();
    else return;
    event.preventDefault();
  }

  function prepare(told) {
    const add = (id, value, words) => byId(id).append(make("option", { value }, words));
    for (const check of told.checks) add("by-check", check.id, `${check.id} ${check.name} (${number.format(check.rows)})`);
    for (const hazard of told.hazards) if (hazard.rows) add("by-hazard", hazard.code, `${hazard.name} (${number.format(hazard.rows)})`);
    const { check, hazard, least, notes } = told.kept;
    byId("by-check").value = check ?? "";
    byId("by-hazard").value = hazard ?? "";
    byId("by-score").value = least;
    byId("by-notes").checked = notes;
    byId("notes-label").textContent = `include rows that only notes flag (${number.format(told.notes)})`;
    choose.prepare(told.hazards);
    for (const button of document.querySelectorAll("[data-does]")) button.addEventListener("click", () => doing(does[button.dataset.does]));
    for (const id of ["by-check", "by-hazard", "by-score", "by-notes"]) byId(id).addEventListener("change", filtered);
    byId("clear").addEventListener("click", clear);
    byId("undo").addEventListener("click", () => doing(undo));
    byId("filter").addEventListener("click", () => unfold());
    byId("help").addEventListener("click", choose.help);
    document.addEventListener("keydown", pressed);
  }

  await doing(async () => {
    begun = await ask("/begun");
    prepare(begun);
    await go("open", null);
  });
})();
