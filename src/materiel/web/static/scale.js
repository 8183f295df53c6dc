// Places on a slider and what they stand for: numbers on a straight or a logarithmic scale, or days.

import { day, figure, parsed, say, typed } from "./words.js";

const STEPS = 200;
const DAY = 86400000;

/** Return the scale of a number, shown in `unit` and written for the server in the unit that it `writes`: `place` of a value, `value` of a place, how it is written for the server, shown to people, held by a field and read from it. */
export function numbers({ low, high, scale = "linear", unit = "", writes = "", steps = STEPS }) {
  const log = scale === "log" && low > 0;
  const [first, last] = log ? [Math.log(low), Math.log(high)] : [low, high];
  const named = unit === "1" ? "" : unit;
  return {
    steps, unit: named, field: "text",
    place: (value) => Math.min(Math.max(((log ? Math.log(Math.max(value, low)) : value) - first) / (last - first), 0), 1) * steps,
    value: (place) => {
      const at = first + (place / steps) * (last - first);
      return Number((log ? Math.exp(at) : at).toPrecision(3));
    },
    written: (value) => `${value} ${writes}`.trim(),
    read: (text) => {
      const value = parseFloat(text); // it may come from a link, which may hold anything
      return value >= low && value <= high && `${value} ${writes}`.trim() === text ? value : null;
    },
    shown: (value) => `${figure(value)} ${named}`.trim(),
    typed,
    parsed: (text) => {
      const value = parsed(text);
      return value >= low && value <= high ? value : null;
    },
    bounds: say("between", { low: figure(low), high: figure(high) }),
  };
}

/** Return the scale of a day, with the same parts. */
export function days({ low, high }) {
  const at = (iso) => Date.parse(`${iso}T00:00:00Z`) / DAY;
  const first = at(low);
  const steps = at(high) - first;
  const inside = (iso) => (at(iso) >= first && at(iso) <= first + steps ? iso : null);
  return {
    steps, unit: "", field: "date", low, high,
    place: (iso) => Math.min(Math.max(at(iso) - first, 0), steps),
    value: (place) => new Date((first + Math.round(place)) * DAY).toISOString().slice(0, 10),
    written: (iso) => iso,
    read: inside,
    shown: day,
    typed: (iso) => iso,
    parsed: inside,
    bounds: say("between", { low: day(low), high: day(high) }),
  };
}

/** Return the scale of a lever. */
export const scale = (lever) => (lever.kind === "day" ? days(lever) : numbers(lever));
