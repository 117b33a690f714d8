"use strict";
// Scripts run: what needs them may be shown. A table says that it scrolls sideways while it does.
(() => {
  document.documentElement.classList.add("scripted");
  const sizes = new ResizeObserver((changed) => {
    for (const frame of new Set(changed.map(({ target }) => target.closest(".scroll")))) {
      frame.classList.toggle("scrolls", frame.scrollWidth > frame.clientWidth + 1);
    }
  });
  for (const each of document.querySelectorAll(".scroll, .scroll > table")) sizes.observe(each);
})();
