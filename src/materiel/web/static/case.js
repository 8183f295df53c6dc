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
import { takeaway } from "./takeaway.js";
import { day, language, say } from "./words.js";

const id = document.documentElement.dataset.case;
const place = document.getElementById("app");
const notice = document.getElementById("notice");

/** Put a sentence, and what can be done, where it is seen and heard; nothing takes it away. */
function tell(text = "", given = {}, ...more) {
  notice.replaceChildren(...(text ? [element("div", { className: "notice", role: "alert", ...given }, element("p", { textContent: text }), ...more)] : []));
}

function page(about, first) {
  const history = new History(first);
  const refused = (error) => {
    tell(error.message, { className: "notice wrong" });
    place.setAttribute("aria-busy", "false");
  };
  const line = new Newest(show, refused);
  const moved = (change, at) => ask(change(history.now), { preview: true, at });
  const released = (change, what, at) => {
    history.move(change(history.now), what);
    settle(at);
  };
  const known = aboutNumber(id);
  const open = (one) => known.open(one.id, about.questions.find((asked) => asked.id === one.id)?.text ?? one.title);
  const panels = { do: decisions(about, { moved, released }), believe: beliefs(about, { moved, released }) };
  const tabs = families(panels, (family) => {
    history.amend({ ...history.now, family });
    settle();
  });
  const shown = charts(about, { open, picked, aimed });
  const set = chips(about, panels.do.told, released);
  const said = judgements(about, open);
  const flows = network(id);
  const along = takeaway(id, () => history.now, refused);
  const status = element("p", { className: "soft status", textContent: say("working") });
  const [undo, redo] = [button(say("undo"), () => step("undo")), button(say("redo"), () => step("redo"))];
  let narrow = true; // as charts were asked for
  const copied = element("span", { className: "soft", role: "status" });
  const share = button(say("copy link"), async () => {
    await navigator.clipboard.writeText(location.href);
    copied.textContent = say("link copied");
  });
  const tools = element("div", { className: "bar tools" }, undo, redo, share, copied);
  const sheet = element("details", { className: "sheet", open: true }, element("summary", { textContent: say("sliders") }), tools, tabs.root);
  place.replaceChildren(sheet, element("div", { className: "results" }, element("div", { className: "head" }, set.root, status), said.root, shown.root), element("div", { className: "below" }, flows.root, along.root), known.root);

  function picked(at, question) {
    const now = history.now.shown;
    const other = now.indexOf(question);
    const next = now.map((one, i) => (i === at ? question : i === other ? now[at] : one)); // a question stands once: two change places
    released((state) => ({ ...state, shown: next }), `shown ${at}`);
  }

  function aimed(question, value) {
    released((state) => {
      const { [question]: _, ...others } = state.targets;
      return { ...state, targets: value === null ? others : { ...others, [question]: value } };
    }, `target ${question}`);
  }

  function step(way) {
    history[way]();
    settle();
  }

  // Somebody has let go: all of the page, the address included, follows, and every draw is asked for.
  function settle(at) {
    const now = history.now;
    panels.do.show(now);
    panels.believe.show(now);
    tabs.show(now);
    set.show(now);
    shown.ask(now.shown);
    undo.disabled = !history.back;
    redo.disabled = !history.forth;
    copied.textContent = "";
    window.history.replaceState(null, "", `#${written(now, about)}`);
    ask(now, { preview: false, at });
  }

  function ask(state, { preview, at = performance.now() }) {
    const { seed, changes, against, trust, dropped, odds } = state;
    const held = shown.axes();
    const axes = preview ? Object.fromEntries(state.shown.filter((one) => one in held).map((one) => [one, held[one]])) : {};
    const common = { language, seed, changes, shown: state.shown, axes, narrow: shown.narrow() };
    narrow = common.narrow;
    const body =
      state.family === "believe"
        ? { ...common, trust, dropped, odds }
        : { ...common, draws: preview ? "preview" : "full", against, beside: against !== null, digest: about.digest };
    line.ask({ path: `/api/cases/${id}/${state.family === "believe" ? "weigh" : "run"}`, body, state, preview, at });
    if (!preview) place.setAttribute("aria-busy", "true");
  }

  function show(reply, { state, preview, at }) {
    shown.show(reply, state.shown, state.targets);
    said.show(reply.answers, { aloud: !preview });
    if (state.family === "believe") panels.believe.answer(reply);
    const far = reply.enough === false; // then the numbers are those before
    status.textContent = far ? reply.said : say(preview ? "preview of draws" : "drawn", { n: reply.draws });
    status.classList.toggle("wrong", far);
    if (!preview) {
      if (notice.querySelector(".wrong")) tell();
      along.show(reply);
      flows.show(state);
      place.setAttribute("aria-busy", "false");
    }
    requestAnimationFrame(() => setTimeout(() => performance.measure("input to chart", { start: at, end: performance.now(), detail: { preview } })));
    if (!preview && shown.narrow() !== narrow) ask(state, { preview, at: performance.now() });
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=range], [type=checkbox]), textarea, select");
    if (typing || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    const way = { z: event.shiftKey ? "redo" : "undo", y: "redo" }[event.key.toLowerCase()];
    if (!way) return;
    event.preventDefault();
    step(way);
  });
  const wide = matchMedia("(min-width: 52.01rem)");
  wide.addEventListener("change", () => wide.matches && (sheet.open = true)); // where it cannot be folded
  addEventListener("resize", () => shown.narrow() !== narrow && ask(history.now, { preview: false }));
  settle();
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
  const first = { seed: about.seed, changes: {}, against: null, trust: {}, dropped: [], odds: null, shown: about.shown, targets: {}, family: "do" };
  document.getElementById("as-of").textContent = say("as of day", { day: day(about.as_of) });
  const held = read(location.hash);
  if (held) return opened(about, first, held);
  page(about, first);
  if (held === undefined) tell(say("link unreadable"));
}

for (const link of document.querySelectorAll(".languages a")) link.addEventListener("click", () => (link.hash = location.hash));
addEventListener("hashchange", () => location.reload()); // another link in the same window
start().catch((error) => tell(error.message, { className: "notice wrong" }));
