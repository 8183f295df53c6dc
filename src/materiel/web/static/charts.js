// The charts that are shown at a time: the reader picks which questions; beside each may stand the same chart of A and of the difference.

import { element } from "./elements.js";
import { figure } from "./figure.js";
import { target } from "./goal.js";
import { say } from "./words.js";

const BROAD = 560; // pixels of a column for which charts are drawn wide

/** Return the grid of charts: its `root`, `show` for a reply, `narrow`, `axes` and `differences` (their axes) for the next question. `picked` gets a place and its question, `aimed` a question and its target. */
export function charts(about, { open, picked, aimed }) {
  const fans = about.questions.filter((one) => one.fan);
  const slots = about.shown.map((_, at) => slot(at, fans, { open, picked, aimed }));
  const root = element("div", { className: "charts" }, ...slots.map((one) => one.root));
  let [axes, differences] = [{}, {}];
  const ends = (list) => Object.fromEntries((list ?? []).map((one) => [one.id, one.axis]));
  return {
    root,
    /** Show which questions are asked. */
    ask: (shown) => slots.forEach((one, at) => one.ask(shown[at])),
    axes: () => axes,
    differences: () => differences,
    narrow: () => (root.querySelector("figure")?.clientWidth ?? 0) < BROAD,
    show(reply, shown, targets) {
      root.classList.toggle("beside", Boolean(reply.beside));
      const of = (list, id) => list?.find((one) => one.id === id);
      slots.forEach((one, at) => one.show(of(reply.charts, shown[at]), of(reply.beside, shown[at]), of(reply.differences, shown[at]), targets[shown[at]]));
      [axes, differences] = [ends(reply.charts), ends(reply.differences)];
    },
  };
}

function slot(at, fans, { open, picked, aimed }) {
  const pick = element("select", { "aria-label": say("question of chart", { number: at + 1 }) }, ...fans.map((one) => element("option", { value: one.id, textContent: one.text })));
  pick.addEventListener("change", () => picked(at, pick.value));
  const aim = target((value) => aimed(pick.value, value));
  const alone = figure(open);
  const a = figure((chart) => open(chart, { ofA: true }), { label: "A" });
  const b = figure(open, { label: "B" });
  const apart = figure(open); // its title says of what it is the difference
  const grid = element("div", { className: "trio" }, alone.root);
  const root = element("article", { className: "slot" }, element("div", { className: "pick" }, pick), grid);
  return {
    root,
    ask(id) {
      pick.value = id ?? "";
      root.hidden = id === undefined;
    },
    show(chart, beside, difference, goal) {
      if (!chart) return;
      aim.show(chart, goal);
      const shown = beside ? [[a, beside], [b, chart], ...(difference ? [[apart, difference]] : [])] : [[alone, chart]];
      for (const [one, of] of shown) one.show(of, goal);
      const { bar } = beside ? b : alone;
      if (aim.root.parentElement !== bar) bar.append(aim.root);
      const roots = shown.map(([one]) => one.root);
      if (roots.some((one, i) => grid.children[i] !== one) || grid.children.length !== roots.length) grid.replaceChildren(...roots);
    },
  };
}
