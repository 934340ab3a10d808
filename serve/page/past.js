// The questions of this browser, and their permanent links.
const KEY = "jopa-questions", MOST = 60;
const section = document.getElementById("past"), list = document.getElementById("history");

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
    const item = document.createElement("li"), link = document.createElement("a"), button = document.createElement("button");
    link.href = `#${id}`;
    link.dir = "auto";
    link.textContent = title;
    button.className = "plain";
    button.type = "button";
    button.textContent = "Forget";
    button.setAttribute("aria-label", `Forget: ${title}`);
    button.addEventListener("click", () => forget(id));
    item.append(link, ` (${command}) `, button);
    return item;
  }));
}

export function remember(id, title, command) {
  write([{ id, title: title.trim().slice(0, 100) || "no words", command }, ...read().filter((one) => one.id !== id)]);
}

export const forgetPast = (id) => write(read().filter((one) => one.id !== id));
