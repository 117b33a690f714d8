"use strict";
// The rows as cards: filter, order, page. `rows.show` filters, `rows.print` lays out for paper.
const rows = (() => {
  const { byId, made, number } = page;
  const rows = page.data.rows;
  const height = rows.sample_id.length;
  const PAGE = rows.prompt ? 10 : 25;
  const PAPER = 40; // rows printed, at most
  const FILTERS = ["rows-finding", "rows-hazard", "rows-stance", "rows-order", "rows-search"];
  const shown = { page: 0, printing: false };
  const words = { full_refusal: "refused", partial_refusal: "partly refused", full_compliance: "answered" };
  const stance = (i) => words[rows.stance[i]] ?? "not judged";
  const place = (i) => `${rows.sources[rows.source[i]]}:${rows.line[i]}`;
  const hazard = (i) => (rows.hazard[i] == null ? "" : `${rows.names[rows.hazard[i]] ?? rows.hazard[i]} ${rows.hazard_score[i].toFixed(2)}`);
  const spoken = (pieces) => (pieces || []).map((piece) => (typeof piece === "string" ? piece : piece[0])).join("");

  const searched = (i) => [
    rows.finding[i], place(i), hazard(i), rows.hazard[i], stance(i), rows.language[i], rows.format[i], rows.sample_id[i],
    spoken(rows.prompt?.[i]), spoken(rows.response?.[i]),
  ].join("\n").toLowerCase();

  function chosen() {
    const [finding, code, wanted, order, search] = FILTERS.map((id) => byId(id).value.trim());
    const found = [];
    for (let i = 0; i < height; i++) {
      if (finding && rows.finding[i] !== finding) continue;
      if (code && rows.hazard[i] !== code) continue;
      if (wanted && stance(i) !== wanted) continue;
      if (search && !searched(i).includes(search.toLowerCase())) continue;
      found.push(i);
    }
    if (order === "hazard_score") found.sort((a, b) => (rows.hazard_score[b] ?? -1) - (rows.hazard_score[a] ?? -1));
    if (order === "place") found.sort((a, b) => rows.source[a] - rows.source[b] || rows.line[a] - rows.line[b]);
    return found;
  }

  function text(name, pieces) {
    const parts = pieces.map((piece) => (typeof piece === "string" ? piece : made("mark", piece[2], [piece[0]], { title: piece[1] })));
    const who = name === "system" ? "System prompt" : name === "prompt" ? "Prompt" : "Response";
    return made("div", name, [made("span", "who", [who]), made("p", "text", parts)]);
  }

  function card(i) {
    const meta = made("p", "meta", [
      made("span", "place", [place(i)]), made("span", "", [rows.finding[i]]), ...(hazard(i) ? [made("span", "", [hazard(i)])] : []),
      made("span", rows.hazard[i] == null ? "" : stance(i), [stance(i)]), ...(rows.language[i] ? [made("span", "", [rows.language[i]])] : []),
      made("span", "sample", [rows.sample_id[i]]),
    ]);
    const said = ["system", "prompt", "response"].filter((name) => rows[name]?.[i]).map((name) => text(name, rows[name][i]));
    return made("li", "card", [meta, ...(said.length ? [made("div", "said", said)] : [])]);
  }

  function fill() {
    const found = chosen();
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    shown.page = Math.min(Math.max(shown.page, 0), pages - 1);
    const first = shown.printing ? 0 : shown.page * PAGE;
    const most = shown.printing ? PAPER : PAGE;
    byId("rows-list").replaceChildren(...found.slice(first, first + most).map(card));
    page.clamp(byId("rows-list"));
    byId("rows-count").textContent = `${number.format(found.length)} of ${number.format(height)} rows`;
    byId("rows-printed").textContent = found.length > most ? `first ${most} of ${number.format(found.length)} rows` : byId("rows-count").textContent;
    byId("rows-page").textContent = `page ${shown.page + 1} of ${pages}`;
    byId("rows-previous").disabled = shown.page === 0;
    byId("rows-next").disabled = shown.page === pages - 1;
  }

  function show({ finding = "", search = "" }) {
    for (const id of FILTERS) byId(id).value = "";
    byId("rows-finding").value = finding;
    byId("rows-search").value = search;
    shown.page = 0;
    fill();
    byId("rows").scrollIntoView();
    byId("rows-search").focus({ preventScroll: true });
  }

  function print(printing) {
    shown.printing = printing;
    if (byId("rows-list")) fill();
  }

  function turn(by) {
    shown.page += by;
    fill();
    byId("rows-list").scrollIntoView({ block: "nearest" });
  }

  function prepare() {
    const options = (id, values, told = (v) => v) => [...new Set(values)].filter((v) => v != null).forEach((v) => byId(id).append(new Option(told(v), v)));
    options("rows-finding", rows.finding, (label) => `${label} ${rows.titles[label]}`);
    options("rows-hazard", rows.hazard, (code) => rows.names[code] ?? code);
    options("rows-stance", rows.stance.map((_, i) => stance(i)));
    for (const id of FILTERS) {
      for (const kind of ["input", "change"]) byId(id).addEventListener(kind, () => { shown.page = 0; fill(); });
    }
    byId("rows-previous").addEventListener("click", () => turn(-1));
    byId("rows-next").addEventListener("click", () => turn(1));
    for (const button of document.querySelectorAll(".show-rows")) {
      button.addEventListener("click", () => show({ finding: button.dataset.finding }));
    }
    fill();
  }

  if (byId("rows-list")) prepare();
  return { show, print };
})();
