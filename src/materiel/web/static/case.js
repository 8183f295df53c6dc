// The page of a case: what the reader sets, what is asked of the server, what the page then shows.

import { aboutNumber } from "./about.js";
import { beliefs } from "./beliefs.js";
import { charts } from "./charts.js";
import { chips } from "./chips.js";
import { Newest, get } from "./client.js";
import { decisions } from "./decisions.js";
import { button, element } from "./elements.js";
import { families } from "./families.js";
import { History } from "./history.js";
import { judgements } from "./judgements.js";
import { asked, read, written } from "./link.js";
import { network } from "./network.js";
import { question } from "./question.js";
import { coherent, picked, put, untouched } from "./state.js";
import { takeaway } from "./takeaway.js";
import { tools } from "./tools.js";
import { day, language, say } from "./words.js";

const id = document.documentElement.dataset.case;
const place = document.getElementById("app");
const notice = document.getElementById("notice");

/** Put a sentence, and what can be done, where it is seen and heard; nothing takes it away. */
function tell(text = "", given = {}, ...more) {
  notice.replaceChildren(...(text ? [element("div", { className: "notice", role: "alert", ...given }, element("p", { textContent: text }), ...more)] : []));
}

function page(about, first) {
  const history = new History(coherent(first, about));
  const line = new Newest(show, refused);
  const moved = (change, at) => ask(coherent(change(history.now), about), { preview: true, at });
  const known = aboutNumber(id, about.digest);
  const open = (one, side) => known.open(one.id, about.questions.find(({ id: name }) => name === one.id)?.text ?? one.title, history.now, side);
  const panels = { do: decisions(about, { moved, released }), believe: beliefs(about, { moved, released }) };
  const tabs = families(panels, (family) => {
    history.amend({ ...history.now, family });
    settle();
  });
  const shown = charts(about, {
    open,
    picked: (at, name) => released((state) => picked(state, at, name)),
    aimed: (name, value) => released((state) => ({ ...state, targets: put(state.targets, name, value) })),
  });
  const set = chips(about, panels.do.told, released);
  const said = judgements(about, open);
  const flows = network(id, about);
  const along = takeaway(id, about.digest, () => history.now, (error) => tell(error.message, { className: "notice wrong" }));
  const status = element("p", { className: "soft status", textContent: say("working") });
  const bar = tools((way) => {
    history[way]();
    settle();
  });
  let narrow = true; // as charts were asked for
  const results = element("div", { className: "results" }, element("div", { className: "head" }, set.root, status), said.root, shown.root);
  place.replaceChildren(
    sheet(bar.root, tabs.root),
    results,
    element("div", { className: "below" }, flows.root, along.root),
    known.root,
  );

  // What is shown stays, and is marked as not of what is set; while somebody drags, the same refusal is told once.
  function refused(error) {
    if (notice.textContent !== error.message) tell(error.message, { className: "notice wrong" });
    follow(false);
    status.textContent = say("not followed");
    along.show();
    place.setAttribute("aria-busy", "false");
  }

  function follow(follows) {
    results.classList.toggle("behind", !follows);
    status.classList.toggle("wrong", !follows);
  }

  function released(change, at, keys) {
    history.move(coherent(change(history.now), about), keys);
    settle(at);
  }

  // Somebody has let go: all of the page, the address included, follows, and every draw is asked for.
  function settle(at) {
    const now = history.now;
    for (const one of [panels.do, panels.believe, tabs, set]) one.show(now);
    along.set(now);
    shown.ask(now.shown);
    bar.show(history);
    window.history.replaceState(null, "", `#${written(now, about)}`);
    place.setAttribute("aria-busy", "true");
    ask(now, { preview: false, at });
  }

  function ask(state, { preview, at = performance.now() }) {
    narrow = shown.narrow();
    line.ask(question(state, about, { id, preview, axes: shown.axes(), differences: shown.differences(), narrow, at }));
  }

  function show(reply, { state, preview, at }) {
    shown.show(reply, state.shown, state.targets);
    said.show(reply.answers, { aloud: !preview });
    if (state.family === "believe") panels.believe.answer(reply);
    const far = reply.enough === false; // then the numbers are those before
    const few = preview && state.family === "do"; // beliefs are weighed on all draws at once
    follow(true);
    status.textContent = far ? reply.said : say(few ? "preview of draws" : "drawn", { n: reply.draws });
    status.classList.toggle("wrong", far);
    requestAnimationFrame(() => setTimeout(() => performance.measure("input to chart", { start: at, end: performance.now(), detail: { preview } })));
    if (preview) return;
    if (notice.querySelector(".wrong")) tell();
    along.show(reply.copy);
    flows.show(state);
    if (shown.narrow() !== narrow) ask(state, { preview });
    else place.setAttribute("aria-busy", "false");
  }

  addEventListener("resize", () => shown.narrow() !== narrow && ask(history.now, { preview: false }));
  settle();
}

// The sliders, which fold away at the bottom of a telephone; on a larger screen they stand at the side, where nothing would unfold them again.
function sheet(...inside) {
  const made = element("details", { className: "sheet", open: true }, element("summary", { textContent: say("sliders") }), ...inside);
  const wide = matchMedia("(min-width: 52.01rem)");
  wide.addEventListener("change", () => wide.matches && (made.open = true));
  return made;
}

/** Tell what in a link is not of this case or this version, before anything is shown as if it were; then go on as the reader says. */
function opened(about, first, held) {
  const { state, missing } = asked(held, about, first);
  const apart = [
    held.v !== about.version && say("link of version", { theirs: String(held.v ?? "?"), ours: about.version }),
    held.d !== about.digest && say("link of case"),
    missing.length > 0 && say("link names", { n: missing.length, names: missing.join(", ") }),
  ].filter(Boolean);
  if (!apart.length) return page(about, state);
  const go = (chosen) => () => {
    tell();
    page(about, chosen);
  };
  const bar = element("div", { className: "bar" }, button(say("show it now"), go(state)), button(say("show the case"), go(first)));
  tell(say("link differs"), {}, element("ul", {}, ...apart.map((text) => element("li", { textContent: text }))), bar);
  place.replaceChildren();
}

async function start() {
  const about = await get(`/api/cases/${id}?language=${language}`);
  const first = untouched(about);
  document.title = document.querySelector("h1").textContent = about.title;
  document.getElementById("as-of").textContent = say("as of day", { day: day(about.as_of) });
  const held = read(location.hash);
  if (held) return opened(about, first, held);
  page(about, first);
  if (held === undefined) tell(say("link unreadable"));
}

for (const link of document.querySelectorAll(".languages a")) link.addEventListener("click", () => (link.hash = location.hash));
addEventListener("hashchange", () => location.reload()); // another link in the same window
start().catch((error) => tell(error.message, { className: "notice wrong" }));
