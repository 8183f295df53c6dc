// Figures as files: what the page of a report and the web app both use, as one plain script.
"use strict";
const figures = (() => {
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
    const said = String(value);
    const text = /^[=+\-@\t\r]/.test(said) ? "'" + said : said;
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

  // A figure as an SVG file that stands alone: its title, what it measures, the chart, how to read it and where it comes from; `style` has the light colours, as it will be printed.
  // Styles of elements are set by name and not as an attribute, which a page without inline styles refuses.
  function drawing(element, style) {
    const chart = element.querySelector("svg").cloneNode(true);
    const [, , width, height] = chart.getAttribute("viewBox").split(" ").map(Number);
    const space = "http://www.w3.org/2000/svg";
    const whole = document.createElementNS(space, "svg");
    let y = 8;
    const styles = document.createElementNS(space, "style");
    styles.textContent = style + "svg.chart, svg.flow { width: auto; }";
    whole.append(styles);
    const ground = document.createElementNS(space, "rect");
    ground.style.fill = "var(--paper)";
    whole.append(ground);
    const write = (text, size, weight, colour) => {
      for (const line of lines(text, width - 16, `${weight} ${size}px system-ui, sans-serif`)) {
        const said = document.createElementNS(space, "text");
        y += size * 1.35;
        said.setAttribute("x", "8");
        said.setAttribute("y", y.toFixed(1));
        Object.assign(said.style, { font: `${weight} ${size}px system-ui, sans-serif`, fill: `var(${colour})` });
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

  function png(element, style, name) {
    const { text, width, height } = drawing(element, style);
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [2 * width, 2 * height];
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((made) => save(`${name}.png`, "image/png", made), "image/png");
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
  }

  return { save, csv, drawing, png };
})();
