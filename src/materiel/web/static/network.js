// The network of materiel, its flows over time: lines as thick as what passes on a day, boxes with what they hold. It moves only when somebody lets it.

import { post } from "./client.js";
import { button, drawing, element, table } from "./elements.js";
import { day, language, say } from "./words.js";

const BROAD = 600; // pixels from which there is room for the wide picture
const PACE = 160; // milliseconds a stretch of time, when it plays
const SLOW = 1000; // the same, for whoever asked for less movement

/** Return the section: its `root`, and `show` for a state, which is read once the section is opened. */
export function network(id, about) {
  let wanted = null;
  let got = "";
  let shown = null;
  const inside = element("div");
  const fold = element("details", { className: "network" }, element("summary", {}, element("h2", { textContent: say("flow of materiel") })), inside);
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  // Contingencies begin on no day but where one is set: charts of questions that ask of one show it, the network does not.
  const without = (changes) => about.levers.filter((one) => one.id.startsWith("contingencies.") && !(one.id in changes)).map((one) => one.name);

  async function load() {
    const body = { language, seed: wanted.seed, changes: wanted.changes, narrow: fold.clientWidth < BROAD, digest: about.digest };
    const key = JSON.stringify(body);
    if (key === got) return;
    got = key;
    inside.setAttribute("aria-busy", "true");
    if (!shown) inside.replaceChildren(element("p", { className: "soft", textContent: say("working") }));
    try {
      const flows = await post(`/api/cases/${id}/flows`, body);
      if (got !== key) return;
      const before = shown?.held();
      shown?.stop();
      shown = animated(flows, still, without(body.changes), before);
      inside.replaceChildren(...shown.parts);
      inside.setAttribute("aria-busy", "false");
    } catch (error) {
      if (got !== key) return;
      shown?.stop();
      shown = null;
      inside.replaceChildren(element("p", { className: "wrong", textContent: error.message }));
      inside.setAttribute("aria-busy", "false");
      got = "";
    }
  }
  fold.addEventListener("toggle", () => fold.open && wanted && load());
  return {
    root: fold,
    show(state) {
      wanted = state;
      if (fold.open) load();
    },
  };
}

// The picture as it moves: its parts, and where it stands, so that another of the same case goes on from there (`before`).
function animated(flows, still, without, before) {
  const svg = drawing(flows.svg);
  const moving = [...flows.arrows.map((one) => arrow(svg, one)), ...flows.boxes.map((one) => box(svg, one))];
  const place = element("input", { type: "range", min: 0, max: flows.days.length - 1, value: Math.max(flows.days.indexOf(before?.day), 0), "aria-label": say("day") });
  const told = element("output");
  const held = element("details", { open: Boolean(before?.open) }, element("summary", { textContent: say("as a table") }));
  let timer = 0;

  function show() {
    const at = Number(place.value);
    told.textContent = day(flows.days[at]);
    place.setAttribute("aria-valuetext", told.textContent);
    for (const one of moving) one(at);
    held.querySelector(".tables")?.remove();
    if (held.open) held.append(tables(flows, at, told.textContent));
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
    start();
  });
  function start() {
    play.textContent = say("pause");
    svg.classList.toggle("playing", !still.matches);
    timer = setInterval(() => {
      if (Number(place.value) >= flows.days.length - 1) return stop();
      place.value = Number(place.value) + 1;
      show();
    }, still.matches ? SLOW : PACE);
  }
  place.addEventListener("input", () => {
    stop();
    show();
  });
  held.addEventListener("toggle", show);
  show();
  if (before?.playing) start();
  const missing = without.length > 0 && say("flow without", { names: without.join(say("semicolon")) });
  return {
    parts: [
      element("p", { className: "soft" }, [flows.key, flows.hidden, missing].filter(Boolean).join(" ")), element("div", { className: "bar player" }, play, place, told),
      element("div", { className: "wide", tabIndex: 0 }, svg), held,
    ],
    held: () => ({ day: flows.days[Number(place.value)], open: held.open, playing: timer !== 0 }),
    stop,
  };
}

// What stands in the title of a part of the picture, which a browser shows to whoever points at it.
function titled(part, about) {
  const title = part.querySelector("title") ?? part.insertBefore(document.createElementNS("http://www.w3.org/2000/svg", "title"), part.firstChild);
  return (shown) => (title.textContent = say("labelled", { label: about, title: shown }));
}

const part = (svg, kind, id) => svg.querySelector(`[data-${kind}="${CSS.escape(id)}"]`);

function arrow(svg, { id, about, shown, widths }) {
  const path = part(svg, "arrow", id);
  const tell = titled(path, about);
  return (at) => {
    path.style.strokeWidth = `${widths[at]}px`;
    path.classList.toggle("moving", widths[at] > 0);
    tell(shown[at]);
  };
}

function box(svg, { id, about, shown, brief }) {
  const group = part(svg, "box", id);
  const level = group.querySelector(".level");
  const tell = titled(group, about);
  return (at) => {
    if (level) level.textContent = brief[at];
    tell(shown[at]);
  };
}

function tables({ arrows, boxes }, at, when) {
  const name = Object.fromEntries(boxes.map((one) => [one.id, one.name]));
  const passing = arrows.filter((one) => one.widths[at] > 0).map((one) => [name[one.from], name[one.to], one.item, one.shown[at]]);
  const holding = boxes.filter((one) => one.holds).map((one) => [one.name, one.kind, one.shown[at]]);
  return element(
    "div", { className: "tables" }, table([say("from"), say("to"), say("item"), say("on day", { day: when })], passing, { words: true }),
    table([say("store"), "", say("on day", { day: when })], holding, { words: true }),
  );
}
