// What is set other than in the case, in words, each with a way back; and what of it bears on the numbers that are shown.

import { touched } from "./beliefs.js";
import { button, element } from "./elements.js";
import { without } from "./state.js";
import { say } from "./words.js";

/** Return the line of what is set: its `root`, and `show`. `told` words a change of a lever, `released` gets a change of the state. */
export function chips(about, told, released) {
  const list = element("ul", { className: "chips", "aria-label": say("what is set") });
  const note = element("p", { className: "soft" });
  const root = element("div", { className: "settings" }, note, list);
  const name = (of, id) => of.find((one) => one.id === id)?.name ?? id;
  const chip = (text, kind, back) => element("li", { className: kind }, text, " ", button("×", back, { className: "quiet", "aria-label": say("take back", { what: text }) }));

  return {
    root,
    show(state) {
      const decided = Object.entries(state.changes).map(([id, value]) => chip(told(id, value), "do", () => released((now) => ({ ...now, changes: without(now.changes, id) }))));
      const held = Object.entries(state.against ?? {}).map(([id, value]) => element("li", { className: "a", textContent: `A · ${told(id, value)}` }));
      const believed = [
        ...Object.keys(state.trust).map((id) => chip(name(about.voices, id), "believe", () => released((now) => ({ ...now, trust: without(now.trust, id) })))),
        ...state.dropped.map((id) => chip(say("without", { what: name(about.voices, id) }), "believe", () => released((now) => ({ ...now, dropped: now.dropped.filter((one) => one !== id) })))),
        ...(state.odds ? [chip(say("other odds"), "believe", () => released((now) => ({ ...now, odds: null })))] : []),
      ];
      const believing = state.family === "believe";
      list.replaceChildren(...decided, ...(believing ? believed : held));
      const said = believing
        ? decided.length + believed.length > 0 && say("beliefs ghost")
        : [touched(state) && say("beliefs apart"), state.against ? say("ghost of a") : decided.length > 0 && say("decisions ghost")].filter(Boolean).join(" ");
      note.textContent = said || say("as it stands");
    },
  };
}
