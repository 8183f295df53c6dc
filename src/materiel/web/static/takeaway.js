// What a reader takes along: the data as files, the page as one file, the change as text for a case, for Python and for a command line.

import { touched } from "./beliefs.js";
import { copied } from "./clipboard.js";
import { file } from "./client.js";
import { button, element } from "./elements.js";
import { language, say } from "./words.js";

const KINDS = ["csv", "xlsx", "page"];
const FORMS = ["command", "python", "yaml"];

/** Return the section: its `root`, `set` for a state, `show` for the copies of a reply, or none. `state` gives what is set, `fail` gets what was refused. */
export function takeaway(id, digest, state, fail) {
  const texts = Object.fromEntries(FORMS.map((form) => [form, element("pre", { tabIndex: 0, "aria-label": say(`copy ${form}`) })]));
  const note = element("span", { className: "soft", role: "status" });
  const rows = FORMS.map((form) => {
    const copy = button(say("copy"), async () => {
      const done = await copied(texts[form].textContent);
      note.textContent = done ? say("copied", { what: say(`copy ${form}`) }) : say("not copied");
    }, { "aria-label": [say("copy"), say(`copy ${form}`)].join(say("colon")) });
    return element("div", { className: "copy" }, element("div", { className: "bar" }, element("h4", { textContent: say(`copy ${form}`) }), copy), texts[form]);
  });
  const exports = KINDS.map((kind) => {
    const one = button(say(`export ${kind}`), async () => {
      one.disabled = true;
      try {
        const { seed, changes, shown } = state();
        const { name, content } = await file(`/api/cases/${id}/export`, { kind, language, seed, changes, shown, digest });
        figures.save(name ?? `${id}.${kind}`, content.type, content);
      } catch (error) {
        fail(error);
      }
      set(state());
    });
    return one;
  });
  const apart = element("p", { className: "soft" });

  // Files are of a run with decisions set: where the screen shows more than that, they would hold other numbers.
  function set(now) {
    const why = now.family === "believe" && touched(now) ? say("files of beliefs") : now.against ? say("files of a") : "";
    apart.textContent = why;
    for (const one of exports) one.disabled = why !== "";
  }

  const copies = element("section", {}, element("h3", { textContent: say("copy the change") }), element("p", { className: "soft", textContent: say("about copies") }), note, ...rows);
  const root = element(
    "section", { className: "takeaway" }, element("h2", { textContent: say("take along") }),
    element("p", { className: "soft", textContent: say("about exports") }), element("div", { className: "bar" }, ...exports), apart, copies,
  );
  return {
    root,
    set,
    show(copy = null) {
      copies.hidden = !copy;
      for (const form of FORMS) texts[form].textContent = copy?.[form] ?? "";
    },
  };
}
