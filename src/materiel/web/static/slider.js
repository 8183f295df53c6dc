// A slider with a field beside it, for a place alone is not precise, and a way back. It is untouched (null) until somebody moves it.

import { button, element } from "./elements.js";
import { say } from "./words.js";

let made = 0;

/**
 * Return a slider: its `row`, `show`, which sets it to a value or to null, and `able`, which says whether it may be moved.
 *
 * `rest` is where it lies untouched, `band` the range that the case itself gives, `said` what the case says, in words; `told` words a value; `beside` is an element that belongs to it.
 * `moved` is called with a value while it is dragged, `released` with a value, or null, once somebody has let go, and whether it was by keys, whose moves follow each other closely.
 */
export function slider({ name, about = "", scale, rest, band = null, said, told = scale.shown, beside = null, moved, released }) {
  const id = `slider-${++made}`;
  const range = element("input", { type: "range", id, min: 0, max: scale.steps, step: 1, "aria-describedby": `${id}-said` });
  const field = element("input", { type: "text", className: `field ${scale.kind}`, inputMode: scale.kind === "number" ? "decimal" : "text", "aria-label": say("field of", { name }), "aria-describedby": `${id}-said` });
  const words = element("small", { id: `${id}-said` });
  const back = button("↺", () => set(null), { className: "back", title: say("reset"), "aria-label": say("reset of", { name }) });
  const row = element(
    "div", { className: "slider" },
    element("label", { htmlFor: id, textContent: name }),
    element("span", { className: "entry" }, field, scale.unit && element("span", { className: "unit", textContent: scale.unit }), back),
    range, words, beside, about && element("small", { className: "about", textContent: about }),
  );
  if (band) ["--from", "--to"].forEach((side, i) => row.style.setProperty(side, `${(100 * scale.place(band[i])) / scale.steps}%`));

  let byKeys = false;

  function paint(value) {
    const held = value ?? rest;
    range.value = held === null ? scale.steps : scale.place(held);
    field.value = held === null ? "" : scale.typed(held);
    words.textContent = value === null ? said : say("set instead of", { value: told(value), said });
    range.setAttribute("aria-valuetext", value === null ? said : told(value));
    field.setCustomValidity("");
    row.classList.toggle("set", value !== null);
    back.disabled = value === null;
  }

  function set(value) {
    paint(value);
    released(value);
    if (value === null) range.focus();
  }

  range.addEventListener("input", (event) => {
    const value = scale.value(Number(range.value));
    paint(value);
    moved(value, event.timeStamp);
  });
  range.addEventListener("change", (event) => released(scale.value(Number(range.value)), event.timeStamp, byKeys));
  range.addEventListener("keydown", () => (byKeys = true));
  range.addEventListener("pointerdown", () => (byKeys = false));
  field.addEventListener("change", () => {
    const value = scale.parsed(field.value);
    if (value !== null) return set(value);
    field.setCustomValidity(scale.bounds);
    field.reportValidity();
  });
  field.addEventListener("input", () => field.setCustomValidity(""));
  paint(null);
  return {
    row,
    show: paint,
    able(can) {
      range.disabled = field.disabled = !can;
    },
  };
}
