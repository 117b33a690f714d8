"use strict";
// Dialogs: which hazard, which stance, and the keys. Each gives focus back to the row when it closes.
const choose = (() => {
  const { byId, make } = page;
  let hazards = [];
  let active = 0;
  let chosen = null;

  function found() {
    const typed = byId("hazard-search").value.trim().toLowerCase();
    const none = { code: null, name: "None", definition: "The prompt asks for no hazard." };
    return [none, ...hazards].filter((each) => `${each.code ?? ""} ${each.name}`.toLowerCase().includes(typed));
  }

  function list() {
    const shown = found();
    active = Math.max(0, Math.min(active, shown.length - 1));
    byId("hazard-list").replaceChildren(...shown.map((each, nth) => {
      const option = make("li", { role: "option", id: `hazard-${nth}`, "aria-selected": nth === active },
        make("b", {}, each.name), " ", each.code ? make("code", {}, each.code) : null, make("span", { class: "faint" }, each.definition));
      option.addEventListener("click", () => take(each));
      return option;
    }));
    const search = byId("hazard-search");
    if (shown.length) search.setAttribute("aria-activedescendant", `hazard-${active}`);
    else search.removeAttribute("aria-activedescendant");
    byId("hazard-list").children[active]?.scrollIntoView({ block: "nearest" });
  }

  function take(hazard) {
    byId("hazard-dialog").close();
    chosen({ hazard: hazard.code });
  }

  function hazard(then) {
    chosen = then;
    active = 0;
    byId("hazard-search").value = "";
    byId("hazard-dialog").showModal();
    list();
    byId("hazard-search").focus();
  }

  function stance(then) {
    chosen = then;
    byId("stance-dialog").showModal();
  }

  function prepare(known) {
    hazards = known;
    const search = byId("hazard-search");
    search.addEventListener("input", () => { active = 0; list(); });
    search.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) { active += step; list(); }
      if (event.key === "Enter" && found().length) take(found()[active]);
      if (step || event.key === "Enter") event.preventDefault();
    });
    const dialog = byId("stance-dialog");
    const buttons = [...dialog.querySelectorAll("button")];
    for (const button of buttons) button.addEventListener("click", () => { dialog.close(); chosen({ stance: button.dataset.stance }); });
    dialog.addEventListener("keydown", (event) => { if (event.key in { 1: 0, 2: 0, 3: 0 }) buttons[event.key - 1].click(); });
    byId("help-dialog").querySelector(".close").addEventListener("click", () => byId("help-dialog").close());
    for (const each of document.querySelectorAll("dialog")) each.addEventListener("close", () => byId("heading").focus());
  }

  return { hazard, stance, help: () => byId("help-dialog").showModal(), open: () => document.querySelector("dialog[open]") != null, prepare };
})();
