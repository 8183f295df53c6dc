// The state in the address, so that a link is all that one needs to pass on: base 64 of JSON, with the version and the digest of the case that it was made with.

import { scale } from "./scale.js";

/** Return the part of an address after its # for a state. */
export function written(state, about) {
  const held = {
    v: about.version, d: about.digest, s: state.seed, c: state.changes, a: state.against, t: state.trust, x: state.dropped, o: state.odds, q: state.shown, l: state.targets, f: state.family,
  };
  const bytes = new TextEncoder().encode(JSON.stringify(held));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Return what an address holds; null if nothing, undefined if what it holds is no state. */
export function read(hash) {
  if (hash.length < 2) return null;
  try {
    const raw = atob(hash.slice(1).replaceAll("-", "+").replaceAll("_", "/"));
    const held = JSON.parse(new TextDecoder().decode(Uint8Array.from(raw, (sign) => sign.charCodeAt(0))));
    return isPlain(held) ? held : undefined;
  } catch {
    return undefined;
  }
}

/** Return the state that a link asks of a case, and the names of what in it the case does not have, or not at such a value. */
export function asked(held, about, first) {
  const missing = [];
  const known = (names, ids) => {
    missing.push(...names.filter((name) => !ids.has(name)));
    return names.filter((name) => ids.has(name));
  };
  function chosen(given, ids, fits) {
    const names = known(Object.keys(isPlain(given) ? given : {}), ids);
    missing.push(...names.filter((name) => !fits(given[name], name)));
    return Object.fromEntries(names.filter((name) => fits(given[name], name)).map((name) => [name, given[name]]));
  }
  const texts = (value) => (Array.isArray(value) ? value.filter((one) => typeof one === "string") : []);
  const ids = (list) => new Set((list ?? []).map((one) => one.id));
  const [levers, voices, readings] = [ids(about.levers), ids(about.voices), ids(about.readings)];
  const fans = ids(about.questions.filter((one) => one.fan));
  const scales = Object.fromEntries(about.levers.map((one) => [one.id, scale(one)]));
  const fits = (value, name) => typeof value === "string" && scales[name].read(value) !== null;
  const shown = known(texts(held.q), fans).slice(0, first.shown.length);
  const state = {
    seed: Number.isSafeInteger(held.s) && held.s >= 0 ? held.s : first.seed,
    changes: chosen(held.c, levers, fits),
    against: isPlain(held.a) ? chosen(held.a, levers, fits) : null,
    trust: chosen(held.t, voices, (value) => value >= 0 && value <= 4),
    dropped: known(texts(held.x), voices),
    odds: isPlain(held.o) ? chosen(held.o, readings, (value) => value >= 0 && value <= 1) : null,
    shown: shown.length ? shown : first.shown,
    targets: chosen(held.l, fans, Number.isFinite),
    family: held.f === "believe" ? "believe" : "do",
  };
  if (state.odds && Object.keys(state.odds).length < readings.size) state.odds = null;
  return { state, missing };
}

const isPlain = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
