// What they do: a slider for every number that somebody decides, and a frozen set of changes to hold the present one against.

import { button, element } from "./elements.js";
import { scale } from "./scale.js";
import { slider } from "./slider.js";
import { put } from "./state.js";
import { say } from "./words.js";

/** Return the panel of decisions: its `root`, and `show`, which sets it to a state. `moved` and `released` get a change of the state. */
export function decisions(about, { moved, released }) {
  const scales = Object.fromEntries(about.levers.map((one) => [one.id, scale(one)]));
  const changed = (state, id, value) => ({ ...state, changes: put(state.changes, id, value === null ? null : scales[id].written(value)) });
  const rows = about.levers.map((one) => {
    const { p5, p50, p95, constant } = one.own;
    const made = slider({
      name: one.name, scale: scales[one.id], rest: rested(one.kind, one.position ?? p50), band: constant || p5 === null || p95 === null ? null : [p5, p95], said: say("as the case has it", { value: one.said }),
      moved: (value, at) => moved((state) => changed(state, one.id, value), at),
      released: (value, at, byKeys) => released((state) => changed(state, one.id, value), at, byKeys ? one.id : ""),
    });
    return { id: one.id, ...made };
  });
  const reset = button(say("reset all"), () => released((state) => ({ ...state, changes: {} })));
  const beside = comparison(released);
  const root = element("div", {}, element("p", { className: "soft", textContent: say("about decisions") }), ...rows.map((one) => one.row), element("div", { className: "bar" }, reset), beside.root);
  return {
    root,
    show(state) {
      for (const one of rows) one.show(one.id in state.changes ? scales[one.id].read(state.changes[one.id]) : null);
      reset.disabled = Object.keys(state.changes).length === 0;
      beside.show(state);
    },
    told: (id, value) => [about.levers.find((one) => one.id === id).name, scales[id].shown(scales[id].read(value))].join(say("colon")),
  };
}

// What the case has may have any number of figures; a place on a slider needs few.
const rested = (kind, value) => (kind === "number" ? Number(value.toPrecision(3)) : value);

// A is frozen, B is what the sliders say.
function comparison(released) {
  const own = button(say("against the case"), () => released((state) => ({ ...state, against: {} })));
  const now = button(say("hold as a"), () => released((state) => ({ ...state, against: state.changes, changes: { ...state.changes } })));
  const swap = button(say("swap"), () => released((state) => ({ ...state, changes: state.against, against: state.changes })));
  const close = button(say("close a"), () => released((state) => ({ ...state, against: null })));
  const root = element("section", { className: "comparison" }, element("h3", { textContent: say("side by side") }), element("div", { className: "bar" }, own, now, swap, close));
  return {
    root,
    show({ against, changes }) {
      own.hidden = against !== null && Object.keys(against).length === 0;
      now.disabled = Object.keys(changes).length === 0;
      swap.hidden = close.hidden = against === null;
    },
  };
}
