"use strict";
// What is shown when no row is left: what was decided, what was written, and what to run next.
const finish = (() => {
  const { ask, byId, make, number } = page;
  const said = { accept: "accepted", "set-aside": "set aside", "wrong-hazard": "wrong hazard", "wrong-stance": "wrong stance", skip: "skipped" };

  const counted = (count, noun) => `${number.format(count)} ${noun}${count === 1 ? "" : "s"}`;

  function button(words, does) {
    const made = make("button", { type: "button" }, words);
    made.addEventListener("click", does);
    return made;
  }

  function command(next) {
    const copy = button("Copy", async () => {
      await navigator.clipboard.writeText(next.command);
      copy.textContent = "Copied";
    });
    copy.setAttribute("aria-label", `Copy the command: ${next.why}`);
    return make("div", { class: "next" }, make("p", {}, next.why), make("code", { tabindex: 0 }, next.command), copy);
  }

  function teaching(count, report) {
    const words = `Add ${counted(count, "decision")} to your taxonomy`;
    const made = button(words, async () => {
      made.disabled = true;
      made.textContent = "Adding …";
      try {
        const told = await ask("/teach");
        const said = make("p", { role: "status", tabindex: -1 }, told.said);
        made.replaceWith(said, ...told.next.map(command));
        said.focus();
      } catch (error) {
        made.disabled = false;
        made.textContent = words;
        report(error);
      }
    });
    return made;
  }

  function heading({ rows, decided, skip }) {
    if (!rows) return "No row matches the filter";
    if (!skip) return rows === 1 ? "The row has been decided" : `All ${number.format(rows)} rows have been decided`;
    return `${number.format(decided)} of ${number.format(rows)} rows decided, ${number.format(skip)} skipped`;
  }

  // `more` is a list of [words, action] of the rows that are left.
  async function draw(progress, more, report) {
    const told = await ask("/finish");
    byId("heading").replaceChildren(heading(progress));
    byId("place").textContent = "";
    const counts = Object.entries(said).filter(([ruling]) => progress[ruling]).map(([ruling, words]) =>
      make("div", {}, make("dt", {}, words), make("dd", {}, number.format(progress[ruling]))));
    const left = more.map(([words, does]) => button(words, does));
    byId("content").replaceChildren(...[
      counts.length ? make("dl", { class: "facts" }, ...counts) : null,
      left.length ? make("div", { class: "buttons" }, ...left) : null,
      make("h2", {}, "Written"), make("ul", { class: "written" }, ...told.written.map((line) => make("li", {}, line))),
      told.next.length ? make("h2", {}, "Next commands") : null, ...told.next.map(command),
      told.teaches ? make("h2", {}, "Teach the taxonomy") : null, told.teaches ? teaching(told.teaches, report) : null,
    ].filter(Boolean));
  }

  return { counted, draw };
})();
