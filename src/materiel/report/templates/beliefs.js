// What a reader may believe instead. Arithmetic first: it weighs the stored draws as `analysis/beliefs.py` does, and a test holds the two together; then what moves in the page.
"use strict";
const beliefs = (() => {
  function bytes(text) {
    const raw = atob(text);
    return Uint8Array.from({ length: raw.length }, (_, i) => raw.charCodeAt(i));
  }

  const numbers = (text) => new Float64Array(bytes(text).buffer);
  const shares = (texts) => texts.map((text) => new Float32Array(bytes(text).buffer));

  // The weights of the parts of a number, each voice trusted so many times as much as it is graded; pools in pools share what the inner one has.
  function trusted(number, trust) {
    const factor = (part) => (part.length ? part.reduce((sum, voice) => sum + trust[voice], 0) / part.length : 1);
    const strength = number.weights.map((weight, i) => weight * factor(number.voices[i]));
    const made = number.weights.map(() => 0);
    for (let level = 0; level <= Math.max(...number.levels); level++) {
      const sum = (values, chosen) => values.reduce((total, value, i) => (chosen(number.levels[i]) ? total + value : total), 0);
      const inner = sum(number.weights, (at) => at < level);
      const whole = inner + sum(strength, (at) => at === level);
      number.levels.forEach((at, i) => {
        if (at < level) made[i] *= inner / whole;
        if (at === level) made[i] = strength[i] / whole;
      });
    }
    return made;
  }

  // The weight of every draw: how likely its numbers would be then, over how likely they are now.
  function weights(parts, trust, count) {
    const made = new Float64Array(count).fill(1);
    for (const number of parts) {
      const ratio = trusted(number, trust).map((weight, i) => weight / number.weights[i]);
      for (let draw = 0; draw < count; draw++) {
        let now = 0;
        for (let i = 0; i < ratio.length; i++) now += ratio[i] * number.shares[i][draw];
        made[draw] *= now;
      }
    }
    return made;
  }

  // The odds of readings after what was seen: prior times evidence, over their sum.
  function posterior(readings, priors) {
    const highest = Math.max(...readings.map((one) => one.evidence));
    const odds = readings.map((one, i) => priors[i] * Math.exp(one.evidence - highest));
    const whole = odds.reduce((sum, one) => sum + one, 0);
    return odds.map((one) => one / whole);
  }

  // The draws from the least to the greatest value; one that never comes is infinite, and infinity less infinity is no number.
  const order = (values) => Uint32Array.from(values.keys()).sort((i, j) => (values[i] < values[j] ? -1 : values[i] > values[j] ? 1 : i - j));

  // Quantiles (the least value that such a share of the weight does not exceed), the probability of a threshold, and how many draws count.
  function answered(values, sorted, weight, threshold) {
    let whole = 0, square = 0, met = 0;
    for (let i = 0; i < values.length; i++) {
      whole += weight[i];
      square += weight[i] * weight[i];
      if (threshold && (threshold[0] === "above" ? values[i] > threshold[1] : values[i] < threshold[1])) met += weight[i];
    }
    const quantiles = [], shares = [0.05, 0.5, 0.95];
    let reached = 0;
    for (const i of sorted) {
      reached += weight[i];
      while (quantiles.length < shares.length && reached >= shares[quantiles.length] * whole) quantiles.push(values[i]);
    }
    while (quantiles.length < shares.length) quantiles.push(values[sorted[sorted.length - 1]]);
    return { quantiles, probability: threshold ? met / whole : null, effective: (whole * whole) / square };
  }

  return { numbers, shares, trusted, weights, posterior, order, answered };
})();

if (typeof document !== "undefined")
  (() => {
    const panels = JSON.parse(document.getElementById("held").textContent).panels;

    function element(name, given = {}, ...inside) {
      const made = Object.assign(document.createElement(name), given);
      made.append(...inside);
      return made;
    }

    function slider(label, about, value, most, step, shown, moved) {
      const input = element("input", { type: "range", min: 0, max: most, step, value });
      const output = element("output", { textContent: shown(value) });
      let touched = false; // a step may not hold the value that it began with
      input.setAttribute("aria-valuetext", shown(value));
      input.addEventListener("input", () => {
        touched = true;
        output.textContent = shown(Number(input.value));
        input.setAttribute("aria-valuetext", output.textContent);
        moved();
      });
      const row = element("label", { className: "slider" }, element("span", { textContent: label }), input, output);
      if (about) row.append(element("small", { className: "soft", textContent: about }));
      const back = () => {
        touched = false;
        input.value = value;
        output.textContent = shown(value);
        input.setAttribute("aria-valuetext", output.textContent);
      };
      return { row, get: () => (touched ? Number(input.value) : value), back, first: value };
    }

    // A panel: its sliders, a way back, and a table of answers as they were and as they would be.
    function panel(id, data, build) {
      const place = document.getElementById(`panel-${id}`);
      const say = data.words;
      const figure = new Intl.NumberFormat(data.language, { maximumSignificantDigits: 2 });
      const large = new Intl.NumberFormat(data.language, { maximumSignificantDigits: 2, notation: "compact", compactDisplay: "long" });
      const percent = (share) => (share < 0.01 ? say.below : share > 0.99 ? say.above : say.percent.replace("#", figure.format(Math.round(100 * share))).replace(" ", "\u00a0"));
      const amount = (value) => (Math.abs(value) >= 1e6 ? large : figure).format(value);
      // A quantile that no draw reaches within the horizon is nothing in the data and infinite in what is worked out: it is said in the words of the report.
      const told = (quantiles, probability, { unit, counted, missing }) => {
        const [low, middle, high] = quantiles.map((one) => (Number.isFinite(one) ? amount(one) : missing));
        const last = quantiles.filter(Number.isFinite).pop();
        const named = last === undefined ? "" : Math.abs(last) >= 1e6 ? counted : unit;
        return `${middle}${low === high ? "" : ` (${low}\u2013${high})`}${named && ` ${named}`}${probability === null ? "" : `${say.semicolon}${percent(probability)}`}`;
      };
      const head = element("tr", {}, ...["question", "reported", "believed now", "draws that count"].map((key) => element("th", { scope: "col", textContent: say[key] })));
      const rows = data.answers.map((one) => {
        const [now, count] = [element("td"), element("td", { className: "n" })];
        now.setAttribute("aria-live", "polite");
        const before = told(one.quantiles, one.probability, one);
        return { row: element("tr", {}, element("td", { textContent: one.text }), element("td", { textContent: before }), now, count), now, count, before };
      });
      const table = element("div", { className: "wide", tabIndex: 0 }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows.map((one) => one.row))));
      let asked = 0;
      const moved = () => (asked ||= requestAnimationFrame(() => ((asked = 0), show())));
      const { sliders, answer, mixed } = build({ say, percent, moved });
      if (mixed)
        answer().forEach(({ quantiles, probability }, i) => (rows[i].row.children[1].textContent = rows[i].before = told(quantiles, probability, data.answers[i])));
      function show() {
        const still = sliders.every((one) => one.get() === one.first);
        const found = answer();
        rows.forEach((one, i) => {
          const { quantiles, probability, effective } = found[i];
          const enough = effective >= data.fewest;
          one.now.textContent = still ? one.before : enough ? told(quantiles, probability, data.answers[i]) : say["too few draws"];
          one.now.classList.toggle("changed", one.now.textContent !== one.before);
          one.count.textContent = figure.format(Math.round(effective));
        });
      }
      const back = element("button", { type: "button", textContent: say["as it was"] });
      back.addEventListener("click", () => {
        sliders.forEach((one) => one.back());
        show();
      });
      place.append(element("div", { className: "sliders" }, ...sliders.map((one) => one.row)), back, table);
      show();
    }

    if (panels.voices) {
      const data = panels.voices;
      panel("voices", data, ({ say, moved }) => {
        const shown = (value) => (value === 0 ? say["not heard"] : value === 1 ? say["as graded"] : say["times as much"].replace("#", new Intl.NumberFormat(data.language).format(value)));
        const sliders = data.voices.map((one) => slider(one.name, one.numbers, 1, 3, 0.25, shown, moved));
        const parts = data.numbers.map((one) => ({ ...one, shares: beliefs.shares(one.shares) }));
        const values = data.answers.map((one) => beliefs.numbers(data.values[one.id]));
        const sorted = values.map(beliefs.order);
        const answer = () => {
          const trust = sliders.map((one) => one.get());
          return data.answers.map((one, i) => {
            const weight = beliefs.weights(data.behind[one.id].map((at) => parts[at]), trust, data.draws);
            return beliefs.answered(values[i], sorted[i], weight, one.threshold);
          });
        };
        return { sliders, answer };
      });
    }

    if (panels.readings) {
      const data = panels.readings;
      panel("readings", data, ({ say, percent, moved }) => {
        const after = data.readings.map(() => element("b"));
        const shown = (value) => `${say.before} ${Math.round(value)}`;
        const sliders = data.readings.map((one) => slider(one.name, "", 100 * one.prior, 100, 1, shown, moved));
        sliders.forEach((one, i) => one.row.append(element("span", { className: "after" }, `${say.after} `, after[i])));
        const weights = data.readings.map((one) => beliefs.numbers(one.weights));
        const joined = (lists) => Float64Array.from(lists.flatMap((one) => [...one]));
        const values = data.answers.map((one) => joined(data.values[one.id].map(beliefs.numbers)));
        const sorted = values.map(beliefs.order);
        const answer = () => {
          const given = sliders.map((one) => one.get());
          const whole = given.reduce((sum, one) => sum + one, 0);
          const odds = beliefs.posterior(data.readings, whole ? given : data.readings.map((one) => one.prior));
          odds.forEach((share, i) => (after[i].textContent = percent(share)));
          const weight = joined(weights.map((one, i) => one.map((share) => share * odds[i])));
          return values.map((one, i) => beliefs.answered(one, sorted[i], weight, data.answers[i].threshold));
        };
        return { sliders, answer, mixed: true }; // what was weighed by odds is not the run that the report is of
      });
    }
  })();
