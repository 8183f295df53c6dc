// A chart of the page: its question, its drawing, how to read it, its data as a table, and files of it.

import { button, drawing, element, table } from "./elements.js";
import { address } from "./client.js";
import { across } from "./goal.js";
import { day, exact, figure as rounded, say } from "./words.js";

let style = null; // of files, as the report writes them
const styled = async () => (style ??= (await Promise.all(["palette.css", "charts.css"].map(async (name) => (await fetch(address(`/static/${name}`))).text()))).join(""));

/** Return a figure: its `root`, the `bar` of what can be done, and `show`, which draws a chart of a reply in it, with a target across it. `open` shows what is known about its number, `label` stands before its title. */
export function figure(open, { label = "" } = {}) {
  let chart = null;
  let svg = element("div", { className: "empty" });
  const title = element("h3");
  const measure = element("p", { className: "hidden" });
  const caption = element("figcaption");
  const held = element("details", {}, element("summary", { textContent: say("how to read") }));
  const known = button(say("about this number"), () => open(chart), { className: "quiet" });
  const files = {
    svg: async () => figures.save(`${chart.id}.svg`, "image/svg+xml", figures.drawing(root, await styled()).text),
    png: async () => figures.png(root, await styled(), chart.id),
    csv: () => figures.save(`${chart.id}.csv`, "text/csv", figures.csv(chart)),
    metadata: () => figures.save(`${chart.id}.csv-metadata.json`, "application/json", `${JSON.stringify(chart.about, null, 2)}\n`),
  };
  const bar = element("div", { className: "bar" }, known);
  held.append(element("div", { className: "bar" }, ...Object.entries(files).map(([kind, act]) => button(say(`download ${kind}`), act))));
  const root = element("figure", { className: "waiting" }, title, measure, svg, bar, held, caption);
  svg.addEventListener("click", () => open(chart));

  const fill = () => {
    held.querySelector(".tables")?.remove();
    if (held.open && chart) held.append(element("div", { className: "tables" }, ...tables(chart)));
  };
  held.addEventListener("toggle", fill);

  return {
    root,
    bar,
    show(next, target) {
      chart = next;
      const drawn = drawing(chart.svg);
      if (typeof chart.threshold === "number") across(drawn, chart, chart.threshold, { kind: "threshold", text: rounded(chart.threshold) });
      if (target !== undefined) across(drawn, chart, target, { kind: "target", text: exact(target) });
      drawn.addEventListener("click", () => open(chart));
      svg.replaceWith(drawn);
      svg = drawn;
      title.textContent = label ? say("labelled", { label, title: chart.title }) : chart.title;
      measure.textContent = chart.measure;
      caption.replaceChildren(chart.key, " ", element("span", { className: "foot", textContent: chart.foot }));
      root.dataset.figure = chart.id;
      root.classList.remove("waiting");
      fill();
    },
  };
}

// What the chart draws, for people: quantiles by day, and what was observed; the files have all of it.
function tables({ columns, rows }) {
  const at = (row, name) => row[columns.indexOf(name)];
  const quantiles = columns.filter((name) => /^p\d+$/.test(name));
  const heads = quantiles.map((name) => (name === "p50" ? say("median") : `${name.slice(1)}\u00a0%`));
  const number = (value) => (typeof value === "number" ? rounded(value) : "");
  const run = rows.filter((row) => at(row, "kind") === "run").map((row) => [day(at(row, "start")), ...quantiles.map((name) => number(at(row, name)))]);
  const seen = rows
    .filter((row) => at(row, "kind") === "observation")
    .map((row) => [day(at(row, "end")), `${number(at(row, "value"))} ${at(row, "unit")}`, at(row, "source"), at(row, "grade")]);
  const observed = table([say("day"), say("observation"), say("source"), say("grade")], seen, { words: true });
  return [table([say("day"), ...heads], run), ...(seen.length ? [observed] : [])];
}
