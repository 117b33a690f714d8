"use strict";
// Draws one row: `row.draw` fills the heading and what is below it.
const row = (() => {
  const { byId, make, number } = page;
  const languages = new Intl.DisplayNames(["en"], { type: "language" });
  const LONGEST = 60; // characters of a measured stretch in the legend
  const percent = (score) => `${Math.round(score * 100)} %`;

  function fact(name, ...value) {
    return make("div", {}, make("dt", {}, name), make("dd", {}, ...value));
  }

  function spoken(code) {
    try { return languages.of(code); } catch { return code; } // not a code
  }

  function level(score) {
    const filled = make("span");
    filled.style.width = percent(score).replace(" ", "");
    return make("span", { class: "level", "aria-hidden": true }, filled);
  }

  function facts(shown) {
    const { hazard, stance } = shown;
    const judged = hazard.unjudged == null;
    const sub = hazard.sub && hazard.touched ? make("span", { class: "faint" }, ` ${hazard.sub.replaceAll("_", " ")}`) : null;
    const name = judged ? [hazard.touched ? hazard.name : `none; the nearest is ${hazard.name}`, sub] : ["not judged: ", hazard.unjudged];
    const places = shown.places > 1 ? `${number.format(shown.places)} times` : null;
    return make("dl", { class: "facts" },
      fact("Hazard", ...name),
      judged ? fact("Probability", level(hazard.score), percent(hazard.score)) : null,
      judged ? fact("Judged by", hazard.stage) : null,
      fact("The response", stance.unjudged ? `was not judged: ${stance.unjudged}` : stance.words, stance.note ? make("span", { class: "faint" }, `, ${stance.note}`) : null),
      shown.language ? fact("Language", spoken(shown.language)) : null,
      places ? fact("In the corpus", places) : null,
    );
  }

  function flags(shown) {
    return make("ul", { class: "flags", "aria-label": "Flagged by" }, ...shown.flags.map((flag) =>
      make("li", { class: flag.severity }, make("span", { class: "chip" }, flag.severity), make("span", {}, make("b", {}, `${flag.check} ${flag.name}`), ` ${flag.message}`))));
  }

  function pieces(text) {
    const parts = text.pieces.map(([words, shows, kind]) => (shows == null ? words : make("mark", { title: shows, class: kind }, words)));
    if (text.cut) parts.push(make("span", { class: "cut" }, ` … ${number.format(text.cut)} more characters are not shown`));
    return parts;
  }

  function block(title, text) {
    return text ? make("div", { class: "aside-text" }, make("h3", {}, title), make("div", { class: "text", dir: "auto" }, ...pieces(text))) : null;
  }

  function pane(title, text, missing, language, ...more) {
    const body = text ? make("div", { class: "text", id: title === "Prompt" ? "prompt" : null, dir: "auto", lang: language }, ...pieces(text)) : make("p", { class: "faint" }, missing);
    return make("div", { class: "pane", role: "region", tabindex: 0, "aria-label": title }, make("h2", {}, title), ...more, body);
  }

  function panes(shown) {
    const { texts, language } = shown;
    if (!texts) return make("p", { class: "missing" }, "The texts are not available: the file has changed or been removed since the audit. Audit it again to read this row.");
    const answer = shown.rejected ? "Response (rejected: trained away from)" : "Response";
    const earlier = texts.earlier.length ? make("details", { class: "aside-text" }, make("summary", {}, `${texts.earlier.length} earlier turns`),
      ...texts.earlier.map((turn) => make("p", { class: "text", dir: "auto" }, make("b", {}, `${turn.role}: `), turn.text))) : null;
    return make("div", { class: "panes" },
      pane("Prompt", texts.prompt, "There is no prompt.", language, block("System prompt", texts.system), earlier),
      pane(answer, texts.response, "There is no trained response.", null, block("Reasoning", texts.reasoning), block("Tools", texts.tools)));
  }

  // What the marks show, each once, in words: a title alone is out of reach for a keyboard.
  function legend(texts) {
    const shown = new Map();
    for (const text of Object.values(texts ?? {})) for (const [piece, shows, kind] of text.pieces ?? []) {
      if (kind === "measured") shown.set(piece + shows, [make("mark", { class: kind }, short(piece)), `: ${shows}`]);
      else if (shows) shown.set(shows, [make("mark", { class: kind }, shows)]);
    }
    const entries = [...shown.values()].flatMap((entry, nth) => [nth ? "; " : " ", ...entry]);
    return entries.length ? ["Marked:", ...entries] : [];
  }

  const short = (words) => (words.length > LONGEST ? `${words.slice(0, LONGEST)}…` : words);

  // What is marked, and the way to the words that decided, where there is a hazard.
  function marked(shown) {
    const { texts, hazard, measured } = shown;
    const button = texts?.prompt && hazard.touched && !measured ? make("button", { type: "button", id: "measure" }, "Measure words ", make("kbd", {}, "w")) : null;
    return make("div", { class: "marked" }, make("p", { id: "legend", class: "legend", role: "status" }, ...legend(texts)), button,
      make("p", { id: "measuring", class: "faint", role: "status" }, measured ? outcome(texts) : ""));
  }

  function outcome(texts) {
    return texts?.prompt?.pieces.some(([, , kind]) => kind === "measured") ? "" : "Measured: no single word decides.";
  }

  // Shows the prompt of the row that is drawn with the words that decided.
  function mark(shown, prompt) {
    shown.texts.prompt = prompt;
    shown.measured = true;
    byId("prompt").replaceChildren(...pieces(prompt));
    byId("legend").replaceChildren(...legend(shown.texts));
    byId("measuring").textContent = outcome(shown.texts);
    if (document.activeElement === byId("measure")) byId("heading").focus({ preventScroll: true });
    byId("measure").remove();
  }

  function neighbours(exemplars) {
    if (!exemplars.length) return null;
    return make("details", { class: "neighbours" }, make("summary", {}, "Nearest exemplars"), make("ol", {}, ...exemplars.map((each) =>
      make("li", {}, make("span", { class: `label ${each.label}` }, each.label), each.hazard ? ` ${each.hazard}` : "",
        make("span", { class: "faint" }, `, similarity ${each.similarity.toFixed(2)}`), make("p", { class: "text", dir: "auto" }, each.text)))));
  }

  function taken(decisions) {
    if (!decisions.length) return null;
    return make("ul", { class: "taken", "aria-label": "Decided" }, ...decisions.map((each) =>
      make("li", {}, make("b", {}, each.words), each.right ? ` (${each.right})` : "", ` by ${each.author}`, each.reason ? `: ${each.reason}` : "")));
  }

  function draw(shown, of) {
    byId("heading").replaceChildren(`Row ${number.format(shown.number)} `, make("span", { class: "faint" }, `of ${number.format(of)}`));
    byId("place").textContent = shown.exchange ? `${shown.place}, answer ${shown.exchange + 1}` : shown.place;
    byId("place").title = shown.path;
    byId("content").replaceChildren(...[facts(shown), flags(shown), taken(shown.taken), panes(shown), marked(shown), neighbours(shown.exemplars)].filter(Boolean));
  }

  return { draw, mark };
})();
