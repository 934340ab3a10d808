"use strict";
(() => {
  const tip = document.getElementById("tip");
  const tokens = (map) => [...map.querySelectorAll(".t")];
  const number = (value, digits = 3) => Number(value).toLocaleString("en", { maximumSignificantDigits: digits });
  const percent = (logProb) => {
    const p = 100 * Math.exp(logProb);
    return p < 0.001 ? "under 0.001 %" : number(p) + " %";
  };

  // What the tip says of an element: [name, value] rows.
  function rowsOfToken(data) {
    if (data.full === undefined || data.masked === undefined) return [["not part of the explained text", ""]];
    const drop = data.full - data.masked;
    const change = Math.exp(Math.abs(drop));
    return [
      ["whole prompt", percent(data.full)],
      ["set hidden", percent(data.masked)],
      [drop >= 0 ? "less likely by" : "more likely by", (change > 1e6 ? "over a million" : number(change)) + " times"],
      ["drop", number(drop) + " nats"],
    ];
  }

  function rowsOfUnit(data, chosen) {
    const rows = [["hidden by the set", chosen ? "yes" : "no"]];
    if (data.score !== undefined) rows.push(["score", number(data.score)]);
    if (data.probability !== undefined) rows.push(["masking probability", number(data.probability)]);
    if (data.without !== undefined) rows.push(["drop once shown again", number(data.without) + " nats"]);
    return rows;
  }

  // Of the matrix, once something is picked.
  function rowsOfLoss(data, map) {
    if (data.value === undefined) return [["press Enter or click to pick it", ""]];
    return [[map === "matrix-prompt" ? "hidden alone, takes" : "loses", number(data.value) + " nats"]];
  }

  function rowsOf(element) {
    const map = element.closest("[data-map]").dataset.map;
    if (map === "response") return rowsOfToken(element.dataset);
    return map === "prompt" ? rowsOfUnit(element.dataset, element.matches("mark")) : rowsOfLoss(element.dataset, map);
  }

  function fill(element) {
    const title = document.createElement("strong");
    title.dir = "auto";
    title.textContent = element.textContent.trim() || "white space";
    const list = document.createElement("dl");
    for (const [name, value] of rowsOf(element)) {
      const term = document.createElement("dt");
      const detail = document.createElement("dd");
      term.textContent = name;
      detail.textContent = value;
      list.append(term, detail);
    }
    tip.replaceChildren(title, list);
  }

  let shown = null;
  function show(element) {
    hide();
    shown = element;
    fill(element);
    tip.hidden = false;
    element.setAttribute("aria-describedby", "tip");
    const box = element.getClientRects()[0];
    const above = box.top > tip.offsetHeight + 12;
    const left = Math.min(Math.max(box.left + box.width / 2 - tip.offsetWidth / 2, 12), document.documentElement.clientWidth - tip.offsetWidth - 12);
    tip.style.left = left + scrollX + "px";
    tip.style.top = (above ? box.top - tip.offsetHeight - 9 : box.bottom + 9) + scrollY + "px";
  }
  function hide() {
    if (!shown) return;
    shown.removeAttribute("aria-describedby");
    shown = null;
    tip.hidden = true;
  }

  // The element of the line above or below that is nearest across.
  function vertical(all, from, direction) {
    const here = from.getBoundingClientRect();
    const middle = (box) => box.left + box.width / 2;
    let best = null;
    let bestCost = Infinity;
    for (const element of all) {
      const box = element.getBoundingClientRect();
      const away = (box.top - here.top) * direction;
      if (away < here.height / 2) continue;
      const cost = away * 1000 + Math.abs(middle(box) - middle(here));
      if (cost < bestCost) [best, bestCost] = [element, cost];
    }
    return best;
  }

  function target(all, at, key) {
    const rightToLeft = getComputedStyle(all[at].closest("[data-map]")).direction === "rtl";
    const step = rightToLeft ? -1 : 1;
    switch (key) {
      case "ArrowRight": return all[at + step];
      case "ArrowLeft": return all[at - step];
      case "ArrowDown": return vertical(all, all[at], 1);
      case "ArrowUp": return vertical(all, all[at], -1);
      case "Home": return all[0];
      case "End": return all[all.length - 1];
      default: return null;
    }
  }

  // The matrix: what is picked on one side colours the other.
  const PARSED = new WeakMap();
  function numbers(element, name) {
    const known = PARSED.get(element) ?? {};
    PARSED.set(element, known);
    return (known[name] ??= element.dataset[name].split(" ").map(Number));
  }

  const quoted = (element) => `“${element.textContent.trim() || "white space"}”`;
  const finite = (value) => (Number.isFinite(value) ? value : 0);

  function colour(elements, values) {
    const max = values.reduce((most, value) => Math.max(most, Math.abs(finite(value))), 0);
    elements.forEach((one, i) => {
      const step = max > 0 ? Math.ceil((Math.abs(finite(values[i])) / max) * 10 - 1e-9) : 0;
      if (step) one.classList.add((values[i] < 0 ? "n" : "h") + step);
      if (Number.isFinite(values[i])) one.dataset.value = values[i];
    });
  }

  /** “a” 2.1 nats, “b” 1.2: the largest above 0. */
  function strongest(elements, values) {
    const order = values.map((value, i) => [value, i]).filter(([value]) => value > 0).sort((a, b) => b[0] - a[0]).slice(0, 3);
    return order.map(([value, i], n) => `${quoted(elements[i])} ${number(value)}${n ? "" : " nats"}`).join(", ");
  }

  const sum = (values) => values.reduce((all, value) => all + value, 0);

  /** What each part of the prompt takes from what was picked of the response. */
  function takenFrom(element, carriers, carried) {
    const sentence = element.dataset.sentence;
    if (sentence === "all") return carriers.map((one) => sum(numbers(one, "drops")));
    if (sentence !== undefined) return carriers.map((one) => numbers(one, "sentences")[sentence]);
    const at = carried.indexOf(element);
    return carriers.map((one) => numbers(one, "drops")[at]);
  }

  function pick(element) {
    const section = element.closest("#matrix");
    const of = (map) => [...section.querySelectorAll(`[data-map=matrix-${map}] .t`)];
    const carriers = of("prompt"), carried = of("response");
    const buttons = [...carriers, ...carried, ...section.querySelectorAll(".pick")];
    for (const one of buttons) {
      one.setAttribute("aria-pressed", one === element);
      one.classList.remove("picked", ...[...one.classList].filter((name) => /^[hn]\d+$/.test(name)));
      delete one.dataset.value;
    }
    element.classList.add("picked");
    const says = section.querySelector(".says");
    if (element.dataset.drops === undefined) {
      const values = takenFrom(element, carriers, carried);
      colour(carriers, values);
      const parts = strongest(carriers, values);
      says.textContent = parts ? `Hidden alone, ${parts}: that much is taken from ${quoted(element)}.` : `No part, hidden alone, takes anything from ${quoted(element)}.`;
      return;
    }
    const values = numbers(element, "drops"), units = element.dataset.units?.split(" ").map(Number) ?? [];
    colour(carried, values);
    for (const one of carriers)
      one.classList.toggle("picked", one === element || units.some((unit) => unit >= one.dataset.first && unit < one.dataset.last));
    const parts = strongest(carried, values);
    says.textContent = parts ? `With ${quoted(element)} hidden, the response loses: ${parts}.` : `With ${quoted(element)} hidden, the response loses nothing.`;
  }

  const pickable = (event) => (event.target instanceof Element ? event.target.closest("#matrix .pick, #matrix [data-map] .t") : null);
  document.addEventListener("click", (event) => pickable(event) && pick(pickable(event)));
  document.addEventListener("keydown", (event) => {
    const element = pickable(event);
    if (!element || element.matches(".pick") || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    pick(element);
    show(element);
  });

  // Of maps that come later, too.
  const tokenAt = (event) => (event.target instanceof Element && event.target.matches("[data-map] .t") ? event.target : null);
  document.addEventListener("keydown", (event) => {
    if (!tokenAt(event) || event.ctrlKey || event.altKey || event.metaKey) return;
    const all = tokens(event.target.closest("[data-map]"));
    const next = target(all, all.indexOf(event.target), event.key);
    if (!next) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
  document.addEventListener("focusin", (event) => tokenAt(event) && show(event.target));
  document.addEventListener("focusout", (event) => tokenAt(event) && hide());
  document.addEventListener("pointerover", (event) => {
    if (tokenAt(event)) show(event.target);
    else if (!tip.contains(event.target) && !(event.target.closest && event.target.closest("[data-map]"))) hide();
  });
  document.documentElement.addEventListener("pointerleave", hide);
  tip.addEventListener("pointerleave", hide);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  addEventListener("resize", hide);

  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
  const label = () => (button.textContent = isDark() ? "Light" : "Dark");
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    label();
  });
  system.addEventListener("change", label);
  button.hidden = false;
  label();
})();
