// What the page does besides being read: figures as files, and numbers that open what is known about them. The data of all figures stand in the element `held`.
"use strict";
(() => {
  const held = JSON.parse(document.getElementById("held").textContent);
  const { save, csv, drawing, png } = figures;
  const style = document.getElementById("palette").textContent + document.getElementById("charts").textContent;

  for (const element of document.querySelectorAll("figure[data-figure]")) {
    const name = element.dataset.figure;
    const figure = held.figures[name];
    const offers = { svg: () => save(`${name}.svg`, "image/svg+xml", drawing(element, style).text), png: () => png(element, style, name) };
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
