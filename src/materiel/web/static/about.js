// About a number: what moves it, whose word that is, and what it would be without; in a window of its own, made by the server out of the report's chain.

import { touched } from "./beliefs.js";
import { post } from "./client.js";
import { button, element, markup } from "./elements.js";
import { language, say } from "./words.js";

const MOST = 20; // chains that are kept, so that a second look need not wait

/** Return the window: its `root`, and `open`, which shows what is known about the answer to a question in a state, or in what it is held against (`ofA`). */
export function aboutNumber(id, digest) {
  const title = element("h2", { id: "about-title" });
  const inside = element("div", { className: "why" });
  const root = element("dialog", { "aria-labelledby": "about-title" }, element("div", { className: "head" }, title, button("×", () => root.close(), { className: "close", "aria-label": say("close") })), inside);
  root.addEventListener("click", (event) => event.target === root && root.close());
  const kept = new Map();
  let wanted = "";

  async function chain(key) {
    if (!kept.has(key)) kept.set(key, (await post(`/api/cases/${id}/why`, JSON.parse(key))).html);
    if (kept.size > MOST) kept.delete(kept.keys().next().value);
    return kept.get(key);
  }

  return {
    root,
    async open(question, name, state, { ofA = false } = {}) {
      const changes = ofA ? state.against : state.changes;
      const key = (wanted = JSON.stringify({ question, language, seed: state.seed, changes, digest }));
      title.textContent = name;
      inside.replaceChildren(element("p", { className: "soft", textContent: say("working") }));
      root.showModal();
      try {
        const html = await chain(key);
        if (key !== wanted) return;
        inside.replaceChildren(element("p", { className: "soft", textContent: of(changes, state) }), ...markup(html));
        for (const link of inside.querySelectorAll("a[href^='#']")) link.replaceWith(...link.childNodes); // to a place that only a report has
        for (const fold of inside.querySelectorAll(":scope > details")) fold.open = true;
      } catch (error) {
        if (key === wanted) inside.replaceChildren(element("p", { className: "wrong", textContent: error.message }));
      }
    },
  };
}

// Of what the chain is; beliefs are weights on draws, of which it knows nothing.
function of(changes, state) {
  const base = Object.keys(changes).length ? say("of what is set") : say("of the case as it stands");
  return state.family === "believe" && touched(state) ? `${base} ${say("beliefs apart here")}` : base;
}
