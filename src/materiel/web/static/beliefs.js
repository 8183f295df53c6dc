// What we believe: how far each voice is trusted, which is left out, and how likely each rival reading was before anything was seen.

import { button, element } from "./elements.js";
import { numbers } from "./scale.js";
import { slider } from "./slider.js";
import { put, weighable } from "./state.js";
import { exact, say } from "./words.js";

const TRUST = numbers({ low: 0, high: 4, steps: 16 });
const PERCENT = numbers({ low: 0, high: 100, unit: "%", steps: 100 });

const LOUDEST = 8; // voices that are shown at once; the server names those first that say most

const trusted = (factor) => (factor === 0 ? say("not heard") : factor === 1 ? say("as graded") : say("trusted more or less", { factor: exact(factor) }));

/** Return the panel of beliefs: its `root`, and `show`, which sets it to a state and to what the last reply says. */
export function beliefs(about, { moved, released }) {
  const voices = about.voices.map((one) => voice(one, moved, released));
  const readings = odds(about, moved, released);
  const none = { trust: {}, dropped: [], odds: null };
  const quiet = voices.slice(LOUDEST);
  const rest = element("details", {}, element("summary", { textContent: say("other voices", { n: quiet.length }) }), ...quiet.map((one) => one.row));
  const reset = button(say("reset all"), () => released((state) => ({ ...state, ...none })));
  const said = element("p", { className: "effective", role: "status" });
  const root = element(
    "div", {}, element("p", { className: "soft", textContent: say("about believing") }), said,
    element("h3", { textContent: say("which reading") }), readings.note, ...readings.rows, about.readings === null && element("p", { className: "soft", textContent: about.why_no_readings || say("no readings") }),
    voices.length > 0 && element("h3", { textContent: say("whose word counts") }), ...voices.slice(0, LOUDEST).map((one) => one.row), quiet.length > 0 && rest,
    element("div", { className: "bar" }, reset),
  );
  return {
    root,
    show(state) {
      for (const one of voices) one.show(state);
      if (quiet.some((one) => one.touched(state))) rest.open = true;
      readings.show(state);
      reset.disabled = !touched(state);
    },
    answer(reply) {
      said.textContent = reply.said;
      said.classList.toggle("few", !reply.enough);
      readings.answer(reply.readings ?? []);
    },
  };
}

/** Say whether a state believes other than the case. */
export const touched = ({ trust, dropped, odds: prior }) => Object.keys(trust).length > 0 || dropped.length > 0 || prior !== null;

function voice(one, moved, released) {
  // voices and readings are weighed on draws of their own: to move one sets the other back
  const trust = (state, value) => ({ ...state, odds: null, trust: put(state.trust, one.id, value) });
  const out = element("input", { type: "checkbox", "aria-label": say("without", { what: one.name }) });
  const made = slider({
    name: one.name, about: one.about, scale: TRUST, rest: 1, said: say("as graded"), told: trusted, beside: element("label", { className: "out" }, out, ` ${say("leave out")}`),
    moved: (value, at) => moved((state) => trust(state, value), at),
    released: (value, at, byKeys) => released((state) => trust(state, value), at, byKeys ? one.id : ""),
  });
  out.addEventListener("change", () => released((state) => ({ ...state, odds: null, dropped: [...state.dropped.filter((name) => name !== one.id), ...(out.checked ? [one.id] : [])] })));
  return {
    row: made.row,
    touched: (state) => one.id in state.trust || state.dropped.includes(one.id),
    show(state) {
      made.show(state.trust[one.id] ?? null);
      out.checked = state.dropped.includes(one.id);
      made.row.classList.toggle("dropped", out.checked);
    },
  };
}

// To as many figures as anybody would set one; those that follow it have no end of them.
const percent = (share) => Number((100 * share).toPrecision(6));

// Odds are moved one by one and held as shares of one; those that were not moved stay as they were beside each other.
function odds(about, moved, released) {
  const first = Object.fromEntries((about.readings ?? []).map((one) => [one.id, one.prior]));
  const ids = Object.keys(first);
  function shifted(state, id, percent) {
    const now = state.odds ?? first;
    const share = (percent ?? 100 * first[id]) / 100;
    const rest = ids.filter((other) => other !== id);
    const others = rest.reduce((sum, other) => sum + now[other], 0);
    const next = Object.fromEntries(ids.map((other) => [other, other === id ? share : others > 0 ? (now[other] / others) * (1 - share) : (1 - share) / rest.length]));
    return { ...state, trust: {}, dropped: [], odds: ids.every((other) => Math.abs(next[other] - first[other]) < 1e-9) ? null : next };
  }
  const note = element("p", { className: "soft", hidden: true, textContent: say("readings alone") });
  const rows = (about.readings ?? []).map((one) => {
    const after = element("p", { className: "after" });
    const made = slider({
      name: one.name, scale: PERCENT, rest: percent(one.prior), said: say("before of the case", { value: PERCENT.shown(percent(one.prior)) }),
      moved: (value, at) => moved((state) => shifted(state, one.id, value), at),
      released: (value, at, byKeys) => released((state) => shifted(state, one.id, value), at, byKeys ? one.id : ""),
    });
    made.row.append(after);
    return { id: one.id, after, ...made };
  });
  return {
    rows: rows.map((one) => one.row),
    note,
    show(state) {
      const can = weighable(state, about);
      note.hidden = can || !rows.length;
      for (const one of rows) {
        one.show(state.odds === null ? null : percent(state.odds[one.id]));
        one.able(can);
      }
    },
    answer: (found) => rows.forEach((one) => {
      const posterior = found.find(({ id }) => id === one.id)?.shown;
      one.after.replaceChildren(...(posterior ? [`${say("after")} `, element("b", { textContent: posterior })] : []));
    }),
  };
}
