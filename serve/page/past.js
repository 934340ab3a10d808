// The questions of this browser, and their permanent links.
import { byId, make } from "/assets/dom.js";

const KEY = "jopa-questions", MOST = 60;
const section = byId("past"), list = byId("history");

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) || [];
  } catch {
    return [];
  }
}

function write(all) {
  try {
    localStorage.setItem(KEY, JSON.stringify(all.slice(0, MOST)));
  } catch { /* a browser that keeps nothing */ }
}

export function showPast(forget) {
  const all = read();
  section.hidden = !all.length;
  list.replaceChildren(...all.map(({ id, title, command }) => {
    const button = make("button", { className: "plain", type: "button" }, "Forget");
    button.setAttribute("aria-label", `Forget: ${title}`);
    button.addEventListener("click", () => forget(id));
    return make("li", {}, make("a", { href: `#${id}`, dir: "auto" }, title), ` (${command}) `, button);
  }));
}

export function remember(id, title, command) {
  write([{ id, title: title.trim().slice(0, 100) || "no words", command }, ...read().filter((one) => one.id !== id)]);
}

export const forgetPast = (id) => write(read().filter((one) => one.id !== id));
