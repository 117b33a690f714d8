"use strict";
(() => {
  const { byId } = page;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let closed = [];

  charts.draw();
  for (const id of ["map-colour", "map-hazard", "map-plain", "map-exemplars"]) byId(id)?.addEventListener("change", charts.draw);
  for (const media of [dark, matchMedia("print")]) media.addEventListener("change", charts.draw);
  // In print, show what is folded or on other pages on screen.
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const each of closed) each.open = true;
    rows.print(true);
  });
  addEventListener("afterprint", () => {
    for (const each of closed) each.open = false;
    rows.print(false);
  });
})();
