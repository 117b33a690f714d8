"use strict";
// Shared by every script of the page. Text of the corpus goes into text nodes and attributes, never into markup.
const page = (() => {
  const token = new URLSearchParams(location.search).get("token");
  const byId = (id) => document.getElementById(id);

  // What the server says; throws an Error with its words if it refuses or is gone.
  async function ask(path, body = {}) {
    let reply;
    try {
      reply = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
      });
    } catch {
      throw new Error("mixguard review is not responding. Start it again in the terminal; your decisions are saved.");
    }
    const told = await reply.json();
    if (!reply.ok) throw new Error(told.error);
    return told;
  }

  // An element; children are elements and text.
  function make(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) if (value != null) made.setAttribute(key, value);
    made.append(...children.filter((child) => child != null));
    return made;
  }

  return { ask, byId, make, number: new Intl.NumberFormat("en") };
})();
