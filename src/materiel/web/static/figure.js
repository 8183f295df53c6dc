// A chart of the page: its question, its drawing, how to read it, its data as a table, and files of it.

import { button, drawing, element, table } from "./elements.js";
import { address } from "./client.js";
import { say } from "./words.js";

let style = null; // of files, as the report writes them
const styled = async () => (style ??= (await Promise.all(["palette.css", "charts.css"].map(async (name) => (await fetch(address(`/static/${name}`))).text()))).join(""));

/** Return a figure: its `root`, and `show`, which draws a chart of a reply in it. `open` shows what is known about its number, `label` stands before its title. */
export function figure(open, label = "") {
  let chart = null;
  let svg = element("div", { className: "empty" });
  const title = element("h3");
  const measure = element("p", { className: "hidden" });
  const caption = element("figcaption");
  const held = element("details", {}, element("summary", { textContent: say("how to read") }));
  const known = button(say("about this number"), () => open(chart));
  const files = {
    svg: async () => figures.save(`${chart.id}.svg`, "image/svg+xml", figures.drawing(root, await styled()).text),
    png: async () => figures.png(root, await styled(), chart.id),
    csv: () => figures.save(`${chart.id}.csv`, "text/csv", figures.csv(chart)),
    metadata: () => figures.save(`${chart.id}.csv-metadata.json`, "application/json", `${JSON.stringify(chart.about, null, 2)}\n`),
  };
  const bar = element("div", { className: "bar" }, known, ...Object.entries(files).map(([kind, act]) => button(say(`download ${kind}`), act, { className: "quiet" })));
  const root = element("figure", {}, title, measure, svg, bar, held, caption);
  svg.addEventListener("click", () => open(chart));

  const fill = () => {
    held.querySelector(".wide")?.remove();
    if (held.open && chart) held.append(table(chart.columns, chart.rows));
  };
  held.addEventListener("toggle", fill);

  return {
    root,
    show(next) {
      chart = next;
      const drawn = drawing(chart.svg);
      drawn.addEventListener("click", () => open(chart));
      svg.replaceWith(drawn);
      svg = drawn;
      title.textContent = label ? say("labelled", { label, title: chart.title }) : chart.title;
      measure.textContent = chart.measure;
      caption.replaceChildren(chart.key, " ", element("span", { className: "foot", textContent: chart.foot }));
      root.dataset.figure = chart.id;
      fill();
    },
  };
}
