// Elements of a page, made from plain text: nothing that a case or a server says becomes markup here, but through `markup` and `drawing`, which read what our own server made.

/** Return an element; names with a hyphen, and `role`, are attributes, all else are properties; what is null or false inside is left out. */
export function element(name, given = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(given))
    if (key.includes("-") || key === "role" || key === "for") made.setAttribute(key, value);
    else made[key] = value;
  made.append(...inside.filter((one) => one !== null && one !== undefined && one !== false));
  return made;
}

/** Return a button that does something. */
export function button(text, act, given = {}) {
  const made = element("button", { type: "button", textContent: text, ...given });
  made.addEventListener("click", act);
  return made;
}

/** Return an SVG element out of its text. */
export function drawing(text) {
  return document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
}

/** Return the nodes of a piece of HTML. */
export function markup(text) {
  return [...document.importNode(new DOMParser().parseFromString(text, "text/html").body, true).childNodes];
}

/** Return a table of plain text; the first column names its rows, the others are numbers unless `words` says so. */
export function table(columns, rows, { words = false } = {}) {
  const kind = (at) => (at === 0 || words ? "" : "n");
  const head = element("tr", {}, ...columns.map((name, at) => element("th", { scope: "col", className: kind(at), textContent: name })));
  const body = rows.map((row) => element("tr", {}, ...row.map((cell, at) => element("td", { className: kind(at), textContent: cell ?? "" }))));
  return element("div", { className: "wide", tabIndex: 0 }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)));
}
