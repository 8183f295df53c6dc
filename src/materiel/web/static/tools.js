// Undo, redo and the link, as buttons and as keys.

import { copied } from "./clipboard.js";
import { button, element } from "./elements.js";
import { say } from "./words.js";

/** Return the tools: their `root`, and `show` for a history. `step` goes a way, "undo" or "redo". */
export function tools(step) {
  const ways = { undo: button(say("undo"), () => step("undo")), redo: button(say("redo"), () => step("redo")) };
  const note = element("span", { className: "soft", role: "status" });
  const share = button(say("copy link"), async () => {
    note.textContent = (await copied(location.href)) ? say("link copied") : say("not copied");
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=range], [type=checkbox]), textarea, select"); // which have an undo of their own
    if (typing || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    const way = { z: event.shiftKey ? "redo" : "undo", y: "redo" }[event.key.toLowerCase()];
    if (!way) return;
    event.preventDefault();
    step(way);
  });
  return {
    root: element("div", { className: "bar tools" }, ...Object.values(ways), share, note),
    show({ back, forth }) {
      ways.undo.disabled = !back;
      ways.redo.disabled = !forth;
      note.textContent = "";
    },
  };
}
