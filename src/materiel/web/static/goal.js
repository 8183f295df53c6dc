// A line across a chart at a value: the threshold that its question names, and a target that the reader sets.

import { button, element } from "./elements.js";
import { parsed, say, typed } from "./words.js";

const SPACE = "http://www.w3.org/2000/svg";

const LINES = {
  threshold: { name: say("threshold line"), class: "seen goal", dash: "9 3" },
  target: { name: say("target"), class: "seen goal target", dash: "1.5 4" },
};

/** Draw a line across a chart, if its axis has the value; the plane of the chart tells where. `kind` is threshold or target, `text` the value for people. */
export function across(svg, { plane, axis }, value, { kind, text: shown }) {
  if (!plane || value < axis[0] || value > axis[1]) return;
  const [left, right, top, bottom] = plane;
  const y = bottom - ((value - axis[0]) / (axis[1] - axis[0])) * (bottom - top);
  const look = LINES[kind];
  const line = document.createElementNS(SPACE, "line");
  for (const [key, at] of Object.entries({ class: look.class, "stroke-dasharray": look.dash, x1: left, x2: right, y1: y, y2: y })) line.setAttribute(key, at);
  const text = document.createElementNS(SPACE, "text");
  for (const [key, at] of Object.entries({ class: "label", x: left + 4, y: y > top + 16 ? y - 4 : y + 14 })) text.setAttribute(key, at);
  text.textContent = say("labelled", { label: look.name, title: shown });
  svg.append(line, text);
}

/** Return the field of a target: its `root`, and `show` for a chart and its target. `picked` gets a value or null. */
export function target(picked) {
  const field = element("input", { className: "field", inputMode: "decimal", "aria-label": say("target line") });
  const unit = element("span", { className: "unit" });
  const entry = element("span", { className: "entry", hidden: true }, field, unit);
  const toggle = button(say("target line"), () => {
    entry.hidden = !entry.hidden;
    toggle.setAttribute("aria-expanded", !entry.hidden);
    if (!entry.hidden) field.focus();
  }, { className: "quiet", "aria-expanded": "false" });
  field.addEventListener("change", () => {
    const value = field.value.trim() === "" ? null : parsed(field.value);
    field.setCustomValidity(Number.isNaN(value) ? say("no number") : "");
    if (!field.reportValidity()) return;
    picked(value);
  });
  field.addEventListener("input", () => field.setCustomValidity(""));
  return {
    root: element("span", { className: "goals" }, toggle, entry),
    show(chart, value) {
      unit.textContent = chart.unit;
      if (document.activeElement !== field) field.value = value === undefined ? "" : typed(value);
      if (value !== undefined) entry.hidden = false;
    },
  };
}
