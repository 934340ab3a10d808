// What the tests and the screenshots share: a browser, and pages made by `jopa render`.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(path.join(process.env.JOPA_NODE, "package.json"));
export const { chromium } = require("playwright-core");
export const axeSource = require("axe-core").source;
export const root = process.env.JOPA_SOURCE_DIR;
export const jopa = process.env.JOPA;
export const saved = (name) => path.join(root, "tests/cli/render", name + ".json");

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--hide-scrollbars"],
  });

export const folder = mkdtempSync(path.join(tmpdir(), "jopa-pages-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Renders a saved result; returns the file. */
export function render(json, format = "html") {
  const file = path.join(folder, `${path.basename(json, ".json")}.${format}`);
  execFileSync(jopa, ["render", json, "-F", format, "-O", file]);
  return file;
}

/** Opens a file in a page of its own; `problems` collects what a page must not do. */
export async function open(browser, file, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  const problems = [];
  const url = pathToFileURL(file).href;
  page.on("console", (message) => problems.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => { problems.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => request.url() !== url && problems.push(`request: ${request.url()}`));
  await page.goto(url);
  return { page, problems, close: () => context.close() };
}

/** A result with about `n` tokens whose texts try everything. */
export function hostileResult(n) {
  const words = ["<script>window.ran = 1</script>", "\"quotes\" & 'more'", "</style><img src=x onerror=window.ran=2>", "👩‍⚕️👍🏽",
    "مرحبا بالعالم", "שלום", "日本語", "e\u0301", "plain words", "<!-- --> ]]>", "&lt;b&gt; &amp; &#x41;", "\u202eabc\u202c", "a\tb", "\r\n", "\n\n", "\u0001",
    "javascript:alert(1)", "{{x}} ${y} %s", "\ufffe\u2028"];
  const parts = Array.from({ length: n }, (_, i) => (i ? " " : "") + words[i % words.length]);
  const response = words.join(" ");
  const before = "<|user|>\n", text = before + parts.join("") + "<|end|>";
  const bytes = (s) => Buffer.byteLength(s);
  let at = bytes(before);
  const units = parts.map((part, index) => {
    const unit = { index, text: part, start: at, end: (at += bytes(part)), role: "<i>user</i>", score: (index * 7919) % 100 / 10, selected: index % 97 === 5 };
    return unit;
  });
  const selected = units.filter((u) => u.selected).map((u) => u.index);
  return {
    schema: 1, command: "explain", method: "<b>jopa</b>", model: { file: "<u>\".gguf" }, operator: "token:<s>", unit: "token",
    prompt: {
      text, messages: [{ role: "<i>user</i>", start: bytes(before), end: at }],
      tokens: units.map((u) => ({ id: 1, text: u.text, start: u.start, end: u.end, unit: u.index })),
    },
    response: {
      text: response, target: [0, words.length],
      tokens: words.map((word, i) => ({ id: 1, text: (i ? " " : "") + word, log_prob: -0.5, masked_log_prob: -0.5 - i / 4 })),
    },
    units, selected, k: selected.length, sparsity: selected.length / n,
    log_prob: { full: -9, masked: -50, drop: 41 },
    joint: {
      sum_of_single_drops: 11, synergy: 30, necessary: [{ unit: selected[0], drop_without: 12 }],
      pairs: [{ first: selected[0], second: selected[1], drop: 3, interaction: 2 }],
    },
    masked_response: { text: "<script>window.ran = 3</script> " + response },
    metrics: { "<b>m</b>": { "<i>f</i>": 1 } }, trace: [{ evaluations: 3, seconds: 1, drop: 41 }], cost: { evaluations: 3, seconds: 1 },
  };
}

export function save(name, result) {
  const file = path.join(folder, name + ".json");
  writeFileSync(file, JSON.stringify(result));
  return file;
}
