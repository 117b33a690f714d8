"use strict";
(() => {
  const { byId } = page;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  page.clamp(document);
  // What is folded has no height until it is open.
  for (const fold of document.querySelectorAll("details")) fold.addEventListener("toggle", () => page.clamp(fold));
  addEventListener("resize", () => page.clamp(document));
  charts.draw();
  for (const id of ["map-colour", "map-hazard", "map-plain", "map-exemplars"]) byId(id)?.addEventListener("change", charts.draw);
  for (const media of [dark, matchMedia("print")]) media.addEventListener("change", charts.draw);
  // In print, show what is on other pages on screen.
  addEventListener("beforeprint", () => rows.print(true));
  addEventListener("afterprint", () => rows.print(false));
})();
