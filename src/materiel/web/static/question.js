// What is asked of the server for a state: decisions are run, beliefs are weighed, and never both at once.

import { language } from "./words.js";

/** Return the question for a state, with what `show` needs of it later: a `preview`, whose charts keep the `axes` that they have, or one for all draws; `at` is when somebody moved. */
export function question(state, about, { id, preview, axes, narrow, at }) {
  const { seed, changes, against, trust, dropped, odds, shown, family } = state;
  const held = preview ? Object.fromEntries(shown.filter((one) => one in axes).map((one) => [one, axes[one]])) : {};
  const common = { language, seed, changes, shown, axes: held, narrow };
  const weighs = family === "believe";
  const body = weighs ? { ...common, trust, dropped, odds } : { ...common, draws: preview ? "preview" : "full", against, beside: against !== null, digest: about.digest };
  return { path: `/api/cases/${id}/${weighs ? "weigh" : "run"}`, body, state, preview, at };
}
