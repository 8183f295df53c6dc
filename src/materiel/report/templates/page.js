// What the page does besides being read: figures as files, and numbers that open what is known about them. The data of all figures stand in the element `held`.
"use strict";
(() => {
  const held = JSON.parse(document.getElementById("held").textContent);

  function save(name, type, content) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  // A field of CSV (RFC 4180): what has a comma, a quote or a line break stands in quotes; nothing begins as a formula of a spreadsheet would.
  function field(value) {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    const text = /^[=+\-@\t]/.test(value) ? "'" + value : value;
    return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  }

  function csv(figure) {
    return [figure.columns, ...figure.rows].map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";
  }

  function lines(text, width, font) {
    const context = document.createElement("canvas").getContext("2d");
    context.font = font;
    const made = [];
    for (const word of text.trim().split(/[ \n]+/)) {
      const longer = made.length ? made[made.length - 1] + " " + word : word;
      if (made.length && context.measureText(longer).width <= width) made[made.length - 1] = longer;
      else made.push(word);
    }
    return made;
  }

  // A figure as an SVG file that stands alone: its title, what it measures, the chart, how to read it and where it comes from; in light colours, as it will be printed.
  function drawing(element) {
    const chart = element.querySelector("svg").cloneNode(true);
    const [, , width, height] = chart.getAttribute("viewBox").split(" ").map(Number);
    const space = "http://www.w3.org/2000/svg";
    const whole = document.createElementNS(space, "svg");
    let y = 8;
    const style = document.createElementNS(space, "style");
    style.textContent = document.getElementById("palette").textContent + document.getElementById("charts").textContent + "svg.chart, svg.flow { width: auto; }";
    whole.append(style);
    const ground = document.createElementNS(space, "rect");
    ground.setAttribute("style", "fill: var(--paper)");
    whole.append(ground);
    const write = (text, size, weight, colour) => {
      for (const line of lines(text, width - 16, `${weight} ${size}px system-ui, sans-serif`)) {
        const said = document.createElementNS(space, "text");
        y += size * 1.35;
        said.setAttribute("x", "8");
        said.setAttribute("y", y.toFixed(1));
        said.setAttribute("style", `font: ${weight} ${size}px system-ui, sans-serif; fill: var(${colour})`);
        said.textContent = line;
        whole.append(said);
      }
    };
    write(element.querySelector("h3").textContent, 15, 600, "--ink");
    write(element.querySelector("h3 + p").textContent, 12, 400, "--soft");
    y += 10;
    for (const [name, value] of Object.entries({ x: 0, y, width, height })) chart.setAttribute(name, value);
    whole.append(chart);
    y += height;
    write(element.querySelector("figcaption").textContent, 11, 400, "--soft");
    y += 10;
    for (const [name, value] of Object.entries({ width, height: y, viewBox: `0 0 ${width} ${y}`, xmlns: space })) whole.setAttribute(name, value);
    ground.setAttribute("width", width);
    ground.setAttribute("height", y);
    return { text: new XMLSerializer().serializeToString(whole), width, height: y };
  }

  function png(element, name) {
    const { text, width, height } = drawing(element);
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [2 * width, 2 * height];
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((made) => save(`${name}.png`, "image/png", made), "image/png");
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
  }

  for (const element of document.querySelectorAll("figure[data-figure]")) {
    const name = element.dataset.figure;
    const figure = held.figures[name];
    const offers = { svg: () => save(`${name}.svg`, "image/svg+xml", drawing(element).text), png: () => png(element, name) };
    if (figure.rows.length) {
      offers.csv = () => save(`${name}.csv`, "text/csv", csv(figure));
      offers.metadata = () => save(`${name}.csv-metadata.json`, "application/json", JSON.stringify(figure.about, null, 2) + "\n");
    }
    const bar = element.querySelector(".downloads");
    for (const [kind, act] of Object.entries(offers)) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = held.words[kind];
      button.addEventListener("click", act);
      bar.append(button);
    }
    bar.hidden = false;
  }

  // A number opens what is known about it; so does an anchor inside a closed fold.
  function open(element) {
    for (let one = element; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    element.scrollIntoView({ block: "nearest" });
  }

  const about = (number) => document.getElementById("about-" + number.dataset.of.split(".")[0]);
  for (const number of document.querySelectorAll("data.number")) if (about(number)) number.classList.add("known");
  document.addEventListener("click", (event) => {
    const number = event.target.closest("data.known");
    if (number) open(about(number));
  });
  const follow = () => {
    const aim = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (aim) open(aim);
  };
  addEventListener("hashchange", follow);
  follow();
})();
