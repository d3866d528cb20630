"use strict";
(() => {
  const { positions } = JSON.parse(document.getElementById("data").textContent);
  const get = (id) => document.getElementById(id);
  const slider = get("slider");
  const rows = [...document.querySelectorAll("#steps tbody tr")];
  let shown = -1;

  const card = (thread, before) => {
    const card = document.createElement("div");
    const moved = before && (before.text !== thread.text || before.line !== thread.line);
    card.className = `thread ${thread.state}${moved ? " moved" : ""}`;
    const name = document.createElement("b");
    name.textContent = thread.name;
    card.append(name, thread.text);
    if (thread.holds.length) {
      const holds = document.createElement("div");
      holds.textContent = `holds ${thread.holds.join(", ")}`;
      card.append(holds);
    }
    return card;
  };

  // Only the box scrolls, and not the page.
  const toMiddle = (box, element) => {
    if (!element) return;
    const [inside, outside] = [element.getBoundingClientRect(), box.getBoundingClientRect()];
    if (inside.top < outside.top || inside.bottom > outside.bottom) {
      box.scrollTop += inside.top - outside.top - box.clientHeight / 2;
    }
  };

  const show = (at) => {
    at = Math.max(0, Math.min(positions.length - 1, at));
    if (at === shown) return;
    const position = positions[at];
    const before = positions[at - 1];
    const was = (name) => before && before.threads.find((thread) => thread.name === name);
    get("threads").replaceChildren(
      ...position.threads.map((thread) => card(thread, was(thread.name))));
    document.querySelectorAll("li.here").forEach((line) => {
      line.classList.remove("here");
      line.firstChild.textContent = "";
    });
    let moved = null;
    for (const thread of position.threads) {
      const line = thread.line && get(thread.line);
      if (!line || thread.state === "ended") continue;
      line.classList.add("here");
      const who = line.firstChild;
      who.textContent = who.textContent ? `${who.textContent} ${thread.name}` : thread.name;
      const last = was(thread.name);
      const hasMoved = last && (last.line !== thread.line || last.text !== thread.text);
      if (!moved || hasMoved) moved = line;
    }
    rows.forEach((row, index) => {
      row.classList.toggle("done", index < position.steps);
      row.classList.toggle("last", index === position.steps - 1);
    });
    get("where").textContent = `${position.steps} of ${rows.length} steps`;
    slider.value = at;
    shown = at;
    toMiddle(get("source"), moved);
    toMiddle(get("steps"), rows[position.steps - 1]);
  };

  slider.addEventListener("input", () => show(Number(slider.value)));
  get("back").addEventListener("click", () => show(shown - 1));
  get("on").addEventListener("click", () => show(shown + 1));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target === slider) return;
    const to = { ArrowLeft: shown - 1, ArrowRight: shown + 1, Home: 0, End: positions.length - 1 };
    if (event.key in to) {
      event.preventDefault();
      show(to[event.key]);
    }
  });
  get("player").hidden = false;
  show(0);
})();
