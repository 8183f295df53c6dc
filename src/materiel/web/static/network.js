// The network of materiel, its flows over time: lines as thick as what passes on a day, bars as full as a store. It moves only when somebody lets it.

import { post } from "./client.js";
import { button, drawing, element, table } from "./elements.js";
import { count, day, figure, language, say } from "./words.js";

const THICK = 7; // pixels of the largest flow of its unit
const PACE = 160; // milliseconds a day of the list, when it plays

/** Return the section: its `root`, and `show` for a state, which is read once the section is opened. */
export function network(id) {
  let wanted = null;
  let got = "";
  const inside = element("div");
  const fold = element("details", { className: "network" }, element("summary", {}, element("h2", { textContent: say("flow of materiel") })), inside);
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  async function load() {
    const body = { language, seed: wanted.seed, changes: wanted.changes };
    const key = JSON.stringify(body);
    if (key === got) return;
    got = key;
    inside.replaceChildren(element("p", { className: "soft", textContent: say("working") }));
    try {
      const flows = await post(`/api/cases/${id}/flows`, body);
      if (got === key) inside.replaceChildren(...animated(flows, still));
    } catch (error) {
      inside.replaceChildren(element("p", { className: "wrong", textContent: error.message }));
      got = "";
    }
  }
  fold.addEventListener("toggle", () => fold.open && load());
  return {
    root: fold,
    show(state) {
      wanted = state;
      if (fold.open) load();
    },
  };
}

function animated(flows, still) {
  const svg = drawing(flows.svg);
  const most = largest(flows.arrows);
  const lines = flows.arrows.map((one) => arrow(svg, one, most.get(one.unit)));
  const bars = flows.boxes.map((one) => bar(svg, one)).filter(Boolean);
  const place = element("input", { type: "range", min: 0, max: flows.days.length - 1, value: 0, "aria-label": say("day") });
  const told = element("output");
  const held = element("details", {}, element("summary", { textContent: say("as a table") }));
  let timer = 0;

  function show() {
    const at = Number(place.value);
    told.textContent = day(flows.days[at]);
    place.setAttribute("aria-valuetext", told.textContent);
    for (const line of lines) line(at, told.textContent);
    for (const one of bars) one(at);
    held.querySelector(".wide")?.remove();
    if (held.open) held.append(passing(flows, at, told.textContent));
  }
  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = say("play");
    svg.classList.remove("playing");
  }
  const play = button(say("play"), () => {
    if (timer) return stop();
    if (Number(place.value) === flows.days.length - 1) place.value = 0;
    play.textContent = say("pause");
    svg.classList.toggle("playing", !still.matches);
    timer = setInterval(() => {
      if (!svg.isConnected || Number(place.value) >= flows.days.length - 1) return stop();
      place.value = Number(place.value) + 1;
      show();
    }, still.matches ? 6 * PACE : PACE);
  });
  place.addEventListener("input", () => {
    stop();
    show();
  });
  held.addEventListener("toggle", show);
  show();
  return [
    element("p", { className: "soft", textContent: say("about flows") }), element("div", { className: "bar player" }, play, place, told),
    element("div", { className: "wide", tabIndex: 0 }, svg), held,
  ];
}

function largest(arrows) {
  const most = new Map();
  for (const { unit, rates } of arrows) most.set(unit, Math.max(most.get(unit) ?? 0, ...rates));
  return most;
}

const titled = (target) => target.querySelector("title") ?? target.insertBefore(document.createElementNS("http://www.w3.org/2000/svg", "title"), target.firstChild);

function arrow(svg, { id, from, to, item, unit, rates }, most) {
  const path = svg.querySelector(`[data-arrow="${CSS.escape(id)}"]`);
  if (!path) return () => {};
  const title = titled(path);
  return (at, when) => {
    const share = most > 0 ? Math.max(rates[at], 0) / most : 0;
    path.style.strokeWidth = `${share > 0 ? 0.8 + THICK * Math.sqrt(share) : 0.4}px`;
    path.classList.toggle("moving", share > 0);
    title.textContent = say("passes", { from, to, item, amount: `${figure(rates[at])} ${unit}`, day: when });
  };
}

function bar(svg, { id, name, unit, levels }) {
  const box = svg.querySelector(`[data-box="${CSS.escape(id)}"]`);
  const frame = box?.querySelector("rect");
  const most = Math.max(...(levels ?? []), 0);
  if (!frame || most <= 0) return null;
  const level = frame.cloneNode();
  level.setAttribute("class", "level");
  frame.after(level);
  const title = titled(box);
  return (at) => {
    level.setAttribute("width", ((Number(frame.getAttribute("width")) * Math.max(levels[at], 0)) / most).toFixed(1));
    title.textContent = say("holds", { name, amount: `${figure(levels[at])} ${unit}` });
  };
}

function passing(flows, at, when) {
  const rows = flows.arrows.filter((one) => one.rates[at] > 0).map((one) => [one.from, one.to, one.item, `${figure(one.rates[at])} ${one.unit}`]);
  const made = table([say("from"), say("to"), say("item"), say("on day", { day: when })], rows, { words: true });
  made.prepend(element("p", { className: "soft", textContent: say("flows passing", { n: rows.length, all: count(flows.arrows.length) }) }));
  return made;
}
