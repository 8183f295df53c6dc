// Problems of a case, each at its line, with the line itself where the page has it.

import { element } from "./elements.js";
import { say } from "./words.js";

/** Return a list of problems; `files` has the text of files by name, as far as they are known. */
export function problems(found, files = {}) {
  const entries = found.map(({ file, line, column, found: read, allowed, nearest }) => {
    const text = files[file]?.split(/\r?\n/)[line - 1];
    return element(
      "li", {},
      element("strong", { className: "place", textContent: [file, line, column].filter((one) => one !== null && one !== undefined && one !== "" && one !== 0).join(":") }),
      element("p", {}, [read, allowed && say("allowed", { what: allowed }), nearest && say("did you mean", { what: nearest })].filter(Boolean).join(say("semicolon"))),
      text !== undefined && element("pre", {}, element("span", { className: "soft", textContent: `${line}  ` }), text),
    );
  });
  return element("section", { className: "problems", role: "alert" }, element("h2", { textContent: say("problems found", { n: found.length }) }), element("ol", {}, ...entries));
}
