"use strict";
// The words that decided, measured once a reader asks, and then for each hazardous row that is shown.
const words = (() => {
  const { ask, byId } = page;
  let shown = null;
  let wanted = false;
  let busy = false;

  const open = () => shown?.hazard.touched && shown.texts?.prompt && !shown.measured;
  const say = (told) => { if (open()) byId("measuring").textContent = told; };

  // The row that is shown now, null if none is.
  function show(row) {
    shown = row;
    byId("measure")?.addEventListener("click", measure);
    if (wanted) measure();
  }

  // One row at a time, and always the one that is shown: an answer that comes too late is kept by the server alone.
  async function measure() {
    if (!open()) return;
    wanted = true;
    say("Measuring …");
    if (busy) return;
    busy = true;
    try {
      while (open()) {
        const { id } = shown;
        const told = await ask("/words", { id });
        if (shown?.id === id) row.mark(shown, told.prompt);
      }
    } catch (error) {
      wanted = false;
      say(`The words were not measured: ${error.message}`);
    } finally {
      busy = false;
    }
  }

  return { measure, show };
})();
