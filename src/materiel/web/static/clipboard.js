// Text for the clipboard; a browser lends it to pages of this machine and of HTTPS alone, so that others, as in a class, go the old way.

import { element } from "./elements.js";

/** Copy a text; say whether that went well. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = element("textarea", { value: text, className: "hidden", "aria-hidden": "true" });
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}
