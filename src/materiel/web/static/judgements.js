// The key judgements as sentences; what changed in them is marked, and told to those who listen.

import { button, element } from "./elements.js";
import { say } from "./words.js";

const PARTS = ["probability", "p50", "p5", "p95"];

/** Return the list of key judgements: its `root`, and `show`, which sets it to the answers of a reply. `open` shows what is known about a number. */
export function judgements(about, open) {
  const keys = about.questions.filter((one) => one.key).map((one) => one.id);
  const entries = new Map();
  const list = element("ol", { className: "judgements" });
  const live = element("p", { className: "hidden", "aria-live": "polite" });
  let told = new Map();

  return {
    root: element("section", { className: "answers" }, element("h2", { textContent: say("key judgements") }), list, live),
    show(answers, { aloud }) {
      const shown = answers.filter((one) => keys.includes(one.id));
      for (const one of entries.values()) one.classList.add("late"); // a preview leaves out what no chart shows
      for (const one of shown) entries.set(one.id, entry(one, open));
      list.replaceChildren(...keys.filter((id) => entries.has(id)).map((id) => entries.get(id)));
      if (!aloud) return;
      const moved = shown.filter((one) => told.has(one.id) && told.get(one.id) !== one.sentence);
      if (moved.length) live.textContent = [say("judgements changed", { n: moved.length }), ...moved.map((one) => one.sentence)].join(" ");
      told = new Map(shown.map((one) => [one.id, one.sentence]));
    },
  };
}

/** Say whether an answer differs from what it was, as far as the page shows it. */
export const changed = (answer) => Boolean(answer.was) && PARTS.some((part) => (answer.was.shown[part] ?? "") !== (answer.shown[part] ?? ""));

/** Return an answer in short: median, 90 % range, probability. */
export function short({ p5, p50, p95, probability }) {
  const range = p5 && p95 ? say("ranged", { middle: p50, low: p5, high: p95 }) : p50 || "";
  return [range, probability].filter(Boolean).join(say("semicolon"));
}

function entry(answer, open) {
  const parts = pieces(answer, open);
  if (parts.length < 2) parts.push(" ", button(say("about this number"), () => open(answer), { className: "quiet" }));
  const moved = changed(answer);
  return element(
    "li", { className: moved ? "moved" : "", "data-answer": answer.id },
    element("p", {}, moved && element("strong", { className: "flag", textContent: say("changed") }), moved && " ", ...parts),
    moved && element("p", { className: "soft" }, say("it was", { value: short(answer.was.shown) })),
    apart(answer.difference) && element("p", { className: "soft difference" }, say("differs by", { value: answer.difference.shown })),
  );
}

// A sentence with its numbers as what can be pressed; a sign that follows one stays on its line.
function pieces(answer, open) {
  const made = [];
  for (const part of marked(answer.sentence, answer.shown)) {
    const [sign] = made.length && !part.number ? /^[,.;:)%]*/.exec(part.text) : [""];
    if (sign) made.push(element("span", { className: "whole" }, made.pop(), sign));
    made.push(part.number ? number(part.text, answer, open) : part.text.slice(sign.length));
  }
  return made;
}

const apart = (difference) => Boolean(difference) && (difference.p5 !== 0 || difference.p95 !== 0);

function number(text, answer, open) {
  return button(text, () => open(answer), { className: `number${changed(answer) ? " changed" : ""}`, title: say("about this number") });
}

// Where in a sentence its numbers stand, the longest first where one is part of another.
function marked(sentence, shown) {
  const wanted = PARTS.map((part) => shown[part]).filter(Boolean).sort((a, b) => b.length - a.length);
  if (!wanted.length) return [{ text: sentence }];
  const quoted = wanted.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return sentence
    .split(new RegExp(`((?<![\\d.,])(?:${quoted.join("|")})(?![\\d]|[.,]\\d))`))
    .map((text, i) => ({ text, number: i % 2 === 1 }))
    .filter(({ text }) => text);
}
