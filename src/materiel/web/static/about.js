// About a number: what moves it, whose word that is, and what it would be without; in a window of its own, made by the server out of the report's chain.

import { get } from "./client.js";
import { button, element, markup } from "./elements.js";
import { language, say } from "./words.js";

/** Return the window: its `root`, and `open`, which shows what is known about the answer to a question. */
export function aboutNumber(id) {
  const title = element("h2", { id: "about-title" });
  const inside = element("div", { className: "why" });
  const root = element("dialog", { "aria-labelledby": "about-title" }, element("div", { className: "head" }, title, button("×", () => root.close(), { className: "close", "aria-label": say("close") })), inside);
  root.addEventListener("click", (event) => event.target === root && root.close());
  const kept = new Map();
  return {
    root,
    async open(question, name) {
      title.textContent = name;
      inside.replaceChildren(element("p", { className: "soft", textContent: say("working") }));
      root.showModal();
      try {
        if (!kept.has(question)) kept.set(question, (await get(`/api/cases/${id}/why/${encodeURIComponent(question)}?language=${language}`)).html);
        inside.replaceChildren(element("p", { className: "soft", textContent: say("of the case as it stands") }), ...markup(kept.get(question)));
        for (const link of inside.querySelectorAll("a[href^='#']")) link.replaceWith(...link.childNodes); // to a place that only a report has
        for (const fold of inside.querySelectorAll(":scope > details")) fold.open = true;
      } catch (error) {
        inside.replaceChildren(element("p", { className: "wrong", textContent: error.message }));
      }
    },
  };
}
