// The two families of sliders as two tabs: one is shown at a time, and never do both move one answer.

import { element } from "./elements.js";
import { say } from "./words.js";

const FAMILIES = ["do", "believe"];

/** Return the tabs around the panels of both families: their `root`, and `show`. `chosen` gets the name of a family. */
export function families(panels, chosen) {
  const tabs = FAMILIES.map((name) => element("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `family-${name}`, textContent: say(`family ${name}`) }));
  const pages = FAMILIES.map((name) => element("div", { role: "tabpanel", id: `family-${name}`, "aria-labelledby": `tab-${name}`, className: "sliders" }, panels[name].root));
  const list = element("div", { role: "tablist", "aria-label": say("families") }, ...tabs);
  tabs.forEach((tab, at) => {
    tab.addEventListener("click", () => chosen(FAMILIES[at]));
    tab.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      chosen(FAMILIES[1 - at]);
      tabs[1 - at].focus();
    });
  });
  return {
    root: element("div", { className: "families" }, list, ...pages),
    show(state) {
      FAMILIES.forEach((name, at) => {
        const here = name === state.family;
        tabs[at].setAttribute("aria-selected", here);
        tabs[at].tabIndex = here ? 0 : -1;
        pages[at].hidden = !here;
      });
      document.documentElement.dataset.family = state.family;
    },
  };
}
