// What is asked of the server for a state: decisions are run, beliefs are weighed, and never both at once.

import { language } from "./words.js";

/** Return the question for a state, with what `show` needs of it later: a `preview`, whose charts keep the `axes` that they have, with those of their `differences`, or one for all draws; `at` is when somebody moved. */
export function question(state, about, { id, preview, axes, differences, narrow, at }) {
  const { seed, changes, against, trust, dropped, odds, shown, family } = state;
  const held = (ends) => (preview ? Object.fromEntries(shown.filter((one) => one in ends).map((one) => [one, ends[one]])) : {});
  const common = { language, seed, changes, shown, axes: held(axes), narrow, digest: about.digest };
  const weighs = family === "believe";
  const beside = against === null ? {} : { beside: true, difference_axes: held(differences) };
  const body = weighs ? { ...common, trust, dropped, odds } : { ...common, draws: preview ? "preview" : "full", against, ...beside };
  return { path: `/api/cases/${id}/${weighs ? "weigh" : "run"}`, body, state, preview, at };
}
