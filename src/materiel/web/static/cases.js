// The list of cases: dropping one's own.

import { address } from "./client.js";
import { element } from "./elements.js";
import { problems } from "./problems.js";
import { dropped, sent } from "./upload.js";
import { language, say } from "./words.js";

const zone = document.getElementById("drop");
const told = document.getElementById("told");

async function open(picked) {
  if (!picked.length) return;
  told.replaceChildren(element("p", { className: "soft", role: "status", textContent: say("reading case") }));
  try {
    const { id } = await sent(picked);
    location.assign(address(`/cases/${encodeURIComponent(id)}?language=${language}`));
  } catch (error) {
    const sentence = element("p", { className: "wrong", role: "alert", textContent: error.message });
    told.replaceChildren(error.problems?.length ? problems(error.problems, error.files) : sentence);
    told.scrollIntoView({ block: "nearest" });
  }
}

for (const name of ["dragenter", "dragover"])
  zone.addEventListener(name, (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
zone.addEventListener("dragleave", (event) => zone.contains(event.relatedTarget) || zone.classList.remove("over"));
zone.addEventListener("drop", async (event) => {
  event.preventDefault();
  zone.classList.remove("over");
  open(await dropped(event.dataTransfer));
});
for (const input of zone.querySelectorAll("input"))
  input.addEventListener("change", async () => {
    const picked = [...input.files].map((one) => [one.webkitRelativePath || one.name, one]);
    await open(picked);
    input.value = ""; // so that the same file can be picked again once it is mended
  });
