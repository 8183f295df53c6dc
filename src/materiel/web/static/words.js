// What the page says, out of the catalogue that came with it; numbers and days as the language writes them.

const held = JSON.parse(document.getElementById("words").textContent);

export const language = held.language;
const locale = language === "en" ? "en-GB" : language;

/** Return a sentence with its holes filled; a count `n` decides its form. */
export function say(key, given = {}) {
  let found = held.sentences[key];
  if (typeof found !== "string") found = Math.abs(given.n) < held.one_below || given.n === 1 ? found.one : found.other;
  return found.replace(/\{(\w+)\}/g, (_, name) => (typeof given[name] === "number" ? count(given[name]) : given[name]));
}

const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const rounded = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });
const full = new Intl.NumberFormat(locale, { maximumSignificantDigits: 12 });
const plain = new Intl.NumberFormat(locale, { maximumSignificantDigits: 12, useGrouping: false });
const long = new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

export const count = (value) => whole.format(value);
/** Return a number to three figures. */
export const figure = (value) => rounded.format(value);
/** Return a number that somebody set, with all of its figures: what is shown is what is run. */
export const exact = (value) => full.format(value);
/** Return the same as a field holds it. */
export const typed = (value) => plain.format(value);
/** Return a day, given as 2024-05-01, in words. */
export const day = (iso) => long.format(new Date(`${iso}T00:00:00Z`));

/** Return the number that somebody typed, or NaN; a comma is a decimal sign in French, and between thousands in English. */
export function parsed(text) {
  const bare = text.trim().replace(/[\s\u00a0\u202f]/g, "");
  const dotted = language === "en" ? (/^[-\d]\d{0,2}(,\d{3})+(\.\d+)?$/.test(bare) ? bare.replaceAll(",", "") : bare) : bare.replace(",", ".");
  return dotted === "" ? NaN : Number(dotted);
}
