"use strict";
// Shared by every script of the page.
const page = (() => {
  const byId = (id) => document.getElementById(id);

  // An element with a class, attributes and children; texts are never parsed as markup.
  function made(tag, cls, children = [], attributes = {}) {
    const element = document.createElement(tag);
    if (cls) element.className = cls;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  // Texts of more than six lines get a button that shows the whole.
  function clamp(root) {
    for (const text of root.querySelectorAll(".text:not(.whole)")) {
      const fits = text.scrollHeight <= text.clientHeight + 1;
      const there = text.nextElementSibling;
      if (fits && there && text.clientHeight) there.remove();
      if (!fits && !there) text.after(more(text));
    }
  }

  function more(text) {
    const who = text.previousElementSibling.textContent.toLowerCase();
    const word = made("span", "word", ["more"]);
    const dots = made("span", "dots", ["… "]);
    const button = made("button", "more", [dots, word], { type: "button", "aria-expanded": "false", "aria-label": `more of the ${who}` });
    button.addEventListener("click", () => {
      const whole = text.classList.toggle("whole");
      dots.textContent = whole ? "" : "… ";
      word.textContent = whole ? "less" : "more";
      button.setAttribute("aria-label", `${word.textContent} of the ${who}`);
      button.setAttribute("aria-expanded", String(whole));
    });
    return button;
  }

  return {
    data: JSON.parse(byId("document").textContent),
    byId, made, clamp,
    colour: (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim(),
    number: new Intl.NumberFormat("en"),
  };
})();
