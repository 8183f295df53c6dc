// Places on a slider and what they stand for: numbers on a straight or a logarithmic scale, or days.

import { day, exact, parsed, say, typed } from "./words.js";

const STEPS = 200;
const DAY = 86400000;
const FIGURES = 3; // of a value that a place stands for, where so many tell it from its neighbours

// To round further than the next place would let a slider jump back, or never move.
function rounded(value, step) {
  const told = Math.ceil(Math.log10(Math.abs(value))) + Math.ceil(-Math.log10(step / 2));
  return Number(value.toPrecision(Math.min(Math.max(FIGURES, told), 15)));
}

/** Return the scale of a number, shown in `unit` and written for the server in the unit that it `writes`: `place` of a value, `value` of a place, how it is written for the server, shown to people, held by a field and read from it. */
export function numbers({ low, high, scale = "linear", unit = "", writes = "", steps = STEPS }) {
  const log = scale === "log" && low > 0;
  const [first, last] = log ? [Math.log(low), Math.log(high)] : [low, high];
  const named = unit === "1" ? "" : unit;
  return {
    steps, unit: named, kind: "number",
    place: (value) => Math.min(Math.max(((log ? Math.log(Math.max(value, low)) : value) - first) / (last - first), 0), 1) * steps,
    value: (place) => {
      const step = (last - first) / steps;
      const at = log ? Math.exp(first + place * step) : first + place * step;
      return Math.min(Math.max(rounded(at, log ? at * Math.expm1(step) : step), low), high);
    },
    written: (value) => `${value} ${writes}`.trim(),
    read: (text) => {
      const value = parseFloat(text); // it may come from a link, which may hold anything
      return value >= low && value <= high && `${value} ${writes}`.trim() === text ? value : null;
    },
    shown: (value) => `${exact(value)} ${named}`.trim(),
    typed,
    parsed: (text) => {
      const value = parsed(text);
      return value >= low && value <= high ? value : null;
    },
    bounds: say("between", { low: exact(low), high: exact(high) }),
  };
}

/** Return the scale of a day, with the same parts. */
export function days({ low, high }) {
  const at = (iso) => Date.parse(`${iso}T00:00:00Z`) / DAY;
  const first = at(low);
  const steps = at(high) - first;
  const written = (count) => new Date(count * DAY).toISOString().slice(0, 10);
  const inside = (iso) => (at(iso) >= first && at(iso) <= first + steps && written(at(iso)) === iso ? iso : null);
  return {
    steps, unit: "", kind: "day",
    place: (iso) => Math.min(Math.max(at(iso) - first, 0), steps),
    value: (place) => written(first + Math.round(place)),
    written: (iso) => iso,
    read: inside,
    shown: day,
    typed: (iso) => iso,
    parsed: (text) => inside(text.trim()),
    bounds: say("between days", { low, high }),
  };
}

/** Return the scale of a lever. */
export const scale = (lever) => (lever.kind === "day" ? days(lever) : numbers(lever));
