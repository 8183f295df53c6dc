// The network of materiel, its flows over time: lines as thick as what passes on a day, boxes with what they hold. It moves only when somebody lets it.

import { post } from "./client.js";
import { button, drawing, element, table } from "./elements.js";
import { day, language, say } from "./words.js";

const BROAD = 600; // pixels from which there is room for the wide picture
const PACE = 160; // milliseconds a stretch of time, when it plays
const SLOW = 1000; // the same, for whoever asked for less movement

/** Return the section: its `root`, and `show` for a state, which is read once the section is opened. */
export function network(id) {
  let wanted = null;
  let got = "";
  const inside = element("div");
  const fold = element("details", { className: "network" }, element("summary", {}, element("h2", { textContent: say("flow of materiel") })), inside);
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  async function load() {
    const body = { language, seed: wanted.seed, changes: wanted.changes, narrow: fold.clientWidth < BROAD };
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
  fold.addEventListener("toggle", () => fold.open && wanted && load());
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
  const moving = [...flows.arrows.map((one) => arrow(svg, one)), ...flows.boxes.map((one) => box(svg, one))];
  const place = element("input", { type: "range", min: 0, max: flows.days.length - 1, value: 0, "aria-label": say("day") });
  const told = element("output");
  const held = element("details", {}, element("summary", { textContent: say("as a table") }));
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
    play.textContent = say("pause");
    svg.classList.toggle("playing", !still.matches);
    timer = setInterval(() => {
      if (!svg.isConnected || Number(place.value) >= flows.days.length - 1) return stop();
      place.value = Number(place.value) + 1;
      show();
    }, still.matches ? SLOW : PACE);
  });
  place.addEventListener("input", () => {
    stop();
    show();
  });
  held.addEventListener("toggle", show);
  show();
  return [
    element("p", { className: "soft" }, [flows.key, flows.hidden].filter(Boolean).join(" ")), element("div", { className: "bar player" }, play, place, told),
    element("div", { className: "wide", tabIndex: 0 }, svg), held,
  ];
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
