// The server's page in Chromium: ask, select a part of the answer, see a set, hide words, stop, export, come back.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { after, before, test } from "node:test";
import { tmpdir } from "node:os";
import path from "node:path";
import { axeSource, launch, saved } from "../../browser/browser.mjs";
import { drag, endAll, serve, visit, write } from "./server.mjs";

const PROMPT = "I moved to Berlin to learn the language of Germany. Which language is it?";
const QUICK = { unit: "word", max_tokens: "7" }, FEW = { budget: "24" }, FAST = { method: "random", budget: "8", metrics: "none" };
const store = mkdtempSync(path.join(tmpdir(), "jopa-store-"));
let browser, server;
before(async () => {
  browser = await launch();
  server = await serve("--port", "0", "--store", store);
});
after(async () => {
  await browser.close();
  const code = await server.end();
  endAll();
  assert.equal(code, 0);
  rmSync(store, { recursive: true });
});

/** Runs `check` on a page of its own and expects that it did nothing that it must not. */
async function onPage(check, options, link = server.link) {
  const { page, problems, close } = await visit(browser, link, options);
  await check(page);
  await close();
  assert.deepEqual(problems, []);
}

async function answer(page, prompt = PROMPT, options = QUICK) {
  await write(page, prompt, options);
  await page.click("#answer-only");
  await page.waitForSelector("[data-map=response] .t", { timeout: 60000 });
}

const explained = (page) => page.waitForSelector("#shown .tiles", { timeout: 60000 });
const chosen = (page) => page.$$eval("[data-map=prompt] mark", (all) => all.map((one) => one.textContent));
const hand = (page, pattern) => page.waitForFunction((source) => new RegExp(source).test(document.getElementById("hand-line")?.textContent), pattern.source, { timeout: 60000 });
const done = (page, command) => page.waitForFunction((name) => document.getElementById("going").hidden &&
  document.querySelector("#history li")?.textContent.includes(`(${name})`) && location.hash, command, { timeout: 60000 });
/** What was asked for the result that is shown. */
async function asked(page) {
  const { result } = await (await page.request.get(new URL(`/v1/runs/${new URL(page.url()).hash.slice(1)}`, page.url()).href)).json();
  return (result.results?.[0] ?? result).options;
}
let link = "", hidden = "";
const links = {}; // permanent ones, by command

test("ask, select a part of the answer, see its set light up; hide by click and by keyboard, known sets at once; export", () =>
  onPage(async (page) => {
    await answer(page);
    assert.equal(await page.inputValue("#answer"), await page.textContent("[data-map=response]"));
    await write(page, PROMPT, FEW);
    const lit = page.waitForSelector("[data-map=prompt] .t.lit", { timeout: 60000 });
    await drag(page, 0, 5);
    await lit;
    await explained(page);
    const set = await chosen(page);
    assert.ok(set.length >= 1, "a set is marked");
    const found = await page.textContent("#hand-line");
    const unmarked = page.locator("[data-map=prompt] span.t").first();
    await unmarked.click();
    await page.waitForSelector("#hand .plain", { timeout: 60000 });
    await hand(page, /^\d+ hidden: drop/);
    assert.equal(await unmarked.getAttribute("aria-pressed"), "true");
    assert.notEqual(await page.textContent("#hand-line"), found);
    await page.waitForFunction(() => !/it writes/.test(document.querySelector("#hand .text")?.textContent ?? "it writes"), null, { timeout: 60000 });
    await page.keyboard.press("Enter"); // it has the focus: shown again
    await page.waitForFunction((text) => document.getElementById("hand-line").textContent === text, found, { timeout: 60000 });
    assert.equal(await unmarked.getAttribute("aria-pressed"), "false");
    let asks = 0;
    page.on("request", (request) => (asks += /\/v1\/score/.test(request.url())));
    await unmarked.click(); // a set that is known
    await hand(page, /^\d+ hidden: drop/);
    await page.waitForFunction((text) => document.getElementById("hand-line").textContent !== text, found);
    assert.equal(asks, 0);
    await page.click("#hand .back");
    await hand(page, new RegExp(found.replace(/[^\w ]/g, ".")));
    links.explain = link = page.url();
    hidden = set.join();
    const files = await page.$$eval(".exports a", (all) => all.map((one) => [one.textContent, one.href]));
    assert.deepEqual(files.map(([name]) => name), ["permanent link", "text", "json", "html", "svg", "csv", "markdown"]);
    for (const [format, href] of files.slice(1)) assert.ok((await (await page.request.get(href)).text()).length > 100, format);
    const [file] = await Promise.all([page.waitForEvent("download"), page.click('.exports a:text-is("csv")')]);
    assert.match(file.suggestedFilename(), /^jopa-\w+\.csv$/);
    assert.ok(readFileSync(await file.path(), "utf8").length > 100);
  }));

test("by keyboard alone: ask, select a part of the answer, then why not another one, then the model's second choice", () =>
  onPage(async (page) => {
    await write(page, "", { ...QUICK, ...FAST });
    await page.focus("#prompt");
    await page.keyboard.type(PROMPT);
    await page.keyboard.press("Tab");
    await page.keyboard.type("It is German.");
    await page.focus("#answer-only");
    await page.keyboard.press("Enter");
    await page.waitForSelector("[data-map=response] .t", { timeout: 60000 });
    await page.locator("[data-map=response] .t").nth(2).focus();
    await page.keyboard.press("Shift+ArrowLeft");
    assert.deepEqual(await page.$$eval("[aria-selected=true].t", (all) => all.map((one) => one.textContent)), ["is", "German"]);
    await page.keyboard.press("Enter");
    await explained(page);
    assert.equal((await asked(page)).target, "2:12");
    assert.equal(await page.evaluate(() => document.activeElement.closest("[data-map]")?.dataset.map), "response", "the keyboard is where it was");
    while ((await page.evaluate(() => document.activeElement.id)) !== "against") await page.keyboard.press("Tab");
    assert.equal(await page.textContent("#contrast-label"), "Why “is German” and not");
    await page.keyboard.type(" is French");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => /^Why “.*German.*” and not “.*French/.test(document.querySelector("#shown h1").textContent), null, { timeout: 60000 });
    assert.equal((await asked(page)).against, " is French");
    assert.match(await page.textContent("#hand-line"), /beside the other one\.$/);
    links.contrast = page.url();
    await page.focus("#second");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => /second choice/.test(document.getElementById("about-text").textContent) && document.getElementById("going").hidden, null, { timeout: 60000 });
    assert.equal((await asked(page)).against, "next");
    await page.fill("#against", "next"); // the word
    await page.press("#against", "Enter");
    await page.waitForFunction(() => /“next”/.test(document.getElementById("about-text").textContent) && document.getElementById("going").hidden, null, { timeout: 60000 });
    assert.equal((await asked(page)).against, "=next");
  }));

test("what is chosen is asked, whatever the shown result was asked; the question of a link is in the form", () =>
  onPage(async (page) => {
    await answer(page);
    await write(page, PROMPT, { ...FAST, k: "3" });
    await drag(page, 0, 0);
    await explained(page);
    const { target, ...first } = await asked(page);
    assert.deepEqual(first, { prompt: PROMPT, max_tokens: "7", unit: "word", method: "random", k: "3", budget: "8", metrics: "none" });
    await write(page, PROMPT, { method: "jopa-nograd", k: "" });
    await page.click("#run");
    await page.waitForFunction(() => /by jopa-nograd/.test(document.querySelector("#shown .eyebrow")?.textContent), null, { timeout: 60000 });
    const second = await asked(page);
    assert.deepEqual([second.target, second.method, second.k], [target, "jopa-nograd", undefined]);
    await write(page, PROMPT, { unit: "sentence" });
    await page.click("#run");
    await done(page, "explain"); // after the answer in these units
    assert.deepEqual([(await asked(page)).target, (await asked(page)).unit], [target, "sentence"]);
    const here = page.url();
    await page.click("#new");
    assert.match(await page.textContent("#shown h1"), /^What does the answer rest on/);
    await page.selectOption("[data-option=unit]", "word");
    await page.goBack();
    await explained(page);
    assert.equal(page.url(), here);
    assert.equal(await page.inputValue("[data-option=unit]"), "sentence");
    await page.click("#about-all");
    await page.click("#run");
    await page.waitForFunction((before) => location.href !== before && document.getElementById("going").hidden, here, { timeout: 60000 });
    assert.equal((await asked(page)).target, undefined);
  }));

test("a permanent link shows the same again, in another browser, too", () =>
  onPage(async (page) => {
    await explained(page);
    assert.equal((await chosen(page)).join(), hidden);
    assert.equal(await page.inputValue("#prompt"), PROMPT);
    await page.reload();
    await explained(page);
    assert.equal((await chosen(page)).join(), hidden);
  }, {}, link || server.link));

test("stop shows the best so far", () =>
  onPage(async (page) => {
    await write(page, PROMPT, { ...QUICK, method: "random", budget: "100000000" });
    await page.click("#run");
    await page.waitForSelector("[data-map=prompt] .t.lit", { timeout: 60000 });
    assert.match(await page.textContent("#how"), /evaluations, best drop/);
    await page.click("#stop");
    await explained(page);
    assert.ok((await chosen(page)).length >= 1);
    assert.ok(await page.isHidden("#going"));
  }));

test("compare, audit and compress are tabs; history and import", () =>
  onPage(async (page) => {
    await answer(page);
    const few = { budget: "8", metrics: "none" };
    for (const [tab, options, heading] of [["compare", { ...few, method: "random,ablation" }, /found the set/], ["audit", few, /trigger/], ["compress", few, /of the prompt/]]) {
      await page.click(`#tab-${tab}`);
      await write(page, PROMPT, options);
      await page.click("#run");
      await done(page, tab);
      links[tab] = page.url();
      assert.match(await page.textContent("#shown h1"), heading);
      assert.deepEqual(await chosen(page), await page.$$eval("[data-map=prompt] .off", (all) => all.map((one) => one.textContent)), "the set that is marked is what is hidden");
    }
    assert.equal(await page.locator('.exports a:text-is("prompt")').count(), 1);
    await page.locator("[data-map=prompt] .t").first().click();
    await page.waitForSelector("#hand .back", { timeout: 60000 });
    assert.ok((await page.locator("#history li").count()) >= 4);
    await page.setInputFiles("#import", saved("lisbon"));
    await page.waitForFunction(() => document.getElementById("shown").textContent.includes("Lisbon"));
    assert.match(page.url(), /#[0-9a-f]{32}$/);
    await page.focus("#tab-compress");
    await page.keyboard.press("ArrowLeft");
    assert.equal(await page.getAttribute("#tab-audit", "aria-selected"), "true");
  }));

test("cite: documents pasted and dropped; each sentence of the answer with its sources, lit when it is picked", () =>
  onPage(async (page) => {
    await page.focus("#tab-explain");
    await page.keyboard.press("ArrowLeft");
    assert.equal(await page.getAttribute("#tab-cite", "aria-selected"), "true");
    await page.fill("#document-title", "Bridges");
    await page.fill("#document-text", "The Harrow bridge was finished in 1932. It is <b>of stone</b>.");
    await page.click("#add-document");
    await page.evaluate(() => {
      const data = new DataTransfer();
      data.items.add(new File(['{"title": "People", "text": "Ola Vint was born in Breck."}\n{"text": "The baker opens at six."}\n'], "more.jsonl"));
      data.items.add(new File(["Eels are smoked."], "eels.txt"));
      dispatchEvent(new DragEvent("drop", { dataTransfer: data }));
    });
    const names = () => page.$$eval("#document-list summary", (all) => all.map((one) => one.textContent));
    await page.waitForFunction(() => document.querySelectorAll("#document-list li").length === 4);
    assert.deepEqual(await names(), ["Bridges", "People", "document 3", "eels.txt"]);
    await page.click('[aria-label="Remove eels.txt"]');
    await write(page, "When was the Harrow bridge finished, and where was Ola Vint born?", {});
    await page.fill("#answer", "It was finished in 1932. She was born in Breck.");
    await page.fill("#document-text", "Left in the field."); // counts as well
    await page.click("#run");
    await page.waitForSelector(".statement", { timeout: 60000 });
    assert.deepEqual(await names(), ["Bridges", "People", "document 3", "document 4"]);
    const lit = () => page.$$eval("[data-map=prompt] .lit", (all) => all.map((one) => one.textContent));
    await page.locator(".statement").first().focus();
    await page.keyboard.press("Enter");
    assert.equal((await lit())[0], "The Harrow bridge was finished in 1932.");
    assert.equal(await page.locator(".sources li.lit").count(), (await lit()).length);
    assert.match(await page.textContent("#news"), /finished in 1932/);
    await page.locator(".statement").nth(1).click();
    assert.ok((await lit()).includes("Ola Vint was born in Breck."));
    await page.locator("[data-map=prompt] .t").first().click();
    assert.equal(await page.locator(".statement").first().getAttribute("aria-pressed"), "true");
    links.cite = page.url();
    await page.reload();
    await page.waitForSelector(".statement");
    assert.deepEqual(await names(), ["Bridges", "People", "document 3", "document 4"]);
  }));

test("scripts, bidi and tag characters show what they are and run nothing", () =>
  onPage(async (page) => {
    const hostile = "<script>window.ran = 1</script><img src=x onerror=window.ran=2> \u202eabc\u202c \u{e0069}\u{e0067} </textarea> Say hello.";
    await answer(page, hostile, { unit: "word", max_tokens: "4" });
    const shown = await page.textContent("[data-map=prompt]");
    for (const part of ["<script>window.ran = 1</script>", "onerror=window.ran=2>", "⟨RLO⟩", "⟨tag i⟩"]) assert.ok(shown.includes(part), part);
    assert.equal(await page.inputValue("#prompt"), hostile);
    assert.equal(await page.evaluate(() => window.ran), undefined);
    assert.equal(await page.locator("#shown script, #shown img").count(), 0);
    const chat = [{ role: "user", content: "<b>hello</b>" }, { role: "assistant", content: null, tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: "{}" } }] }];
    const tools = [{ type: "function", function: { name: "f" } }];
    await page.evaluate((text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], "chat.json"));
      dispatchEvent(new DragEvent("drop", { dataTransfer: data }));
    }, JSON.stringify({ messages: chat, tools, response: "Yes." }));
    await page.waitForFunction(() => document.getElementById("prompt").value.includes("<b>hello</b>"));
    assert.equal(await page.getAttribute("#as-chat", "aria-pressed"), "true");
    assert.deepEqual(JSON.parse(await page.inputValue("#prompt")), chat);
    assert.deepEqual([JSON.parse(await page.inputValue("[data-option=tools]")), await page.inputValue("#answer")], [tools, "Yes."]);
    await page.setInputFiles("#import", { name: "x.json", mimeType: "application/json", buffer: Buffer.from("{}") });
    await page.waitForSelector("#problem:not([hidden])");
    assert.match(await page.textContent("#problem"), /neither/);
  }));

test("on a phone: a tap explains a word, another hides one", () =>
  onPage(async (page) => {
    await answer(page);
    await write(page, PROMPT, FAST);
    await page.locator("[data-map=response] .t").nth(1).tap();
    await explained(page);
    const word = page.locator("[data-map=prompt] span.t").first();
    await word.tap();
    await hand(page, /hidden: drop/);
    assert.equal(await word.getAttribute("aria-pressed"), "true");
  }, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }));

test("two browsers at once see their own", async () => {
  const others = [await visit(browser, server.link), await visit(browser, server.link)];
  await Promise.all(others.map(({ page }, i) => answer(page, `Say the number ${i + 3}.`, { unit: "word", max_tokens: "4" })));
  for (const [i, { page, problems, close }] of others.entries()) {
    assert.ok((await page.textContent("[data-map=prompt]")).includes(`number ${i + 3}`));
    assert.equal(await page.locator("#history li").count(), 1);
    assert.deepEqual(problems, []);
    await close();
  }
});

test("the server is killed and started again under the page; its first answer", async (t) => {
  const token = ["--token", "secret-token"];
  let other = await serve("--port", "0", ...token);
  await onPage(async (page) => {
    await write(page, PROMPT, { ...QUICK, method: "random", budget: "100000000" });
    await page.click("#run");
    await page.waitForSelector("[data-map=prompt] .t.lit", { timeout: 60000 });
    await other.end("SIGKILL");
    await page.waitForSelector("#lost:not([hidden])", { timeout: 10000 });
    other = await serve("--port", other.port, ...token);
    await page.waitForSelector("#lost", { state: "hidden", timeout: 10000 });
    await page.waitForSelector("#problem:not([hidden])");
    await write(page, "I moved to Berlin to learn the language of Germany. Which language is it, and who else speaks it in Europe? Please tell me.",
      { unit: "token", max_tokens: "" });
    const began = performance.now();
    await page.click("#answer-only"); // the first question that the new server gets
    await page.waitForFunction(() => /Europe/.test(document.querySelector("[data-map=prompt]").textContent), null, { timeout: 60000 });
    t.diagnostic(`a prompt of about 30 tokens: its answer was on the page after ${((performance.now() - began) / 1000).toFixed(2)} s`);
    assert.ok(await page.isHidden("#problem"));
  }, {}, other.link);
  assert.equal(await other.end(), 0);
});

const audit = async (page, what) => {
  const report = await page.evaluate(() => axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  assert.deepEqual(report.violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map((node) => node.html)]), [], what);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what}: nothing sticks out`);
};
for (const [colorScheme, width, ...others] of [["light", 1120, "compare", "cite"], ["dark", 360, "contrast", "audit", "compress"]])
  test(`axe-core: ${colorScheme}, ${width} wide`, () =>
    onPage(async (page) => {
      await page.evaluate(axeSource);
      await audit(page, "nothing asked");
      for (const name of ["explain", ...others]) {
        await page.evaluate((to) => (location.hash = new URL(to).hash), links[name] || link);
        await page.waitForFunction(() => document.querySelector(".exports a")?.hash === location.hash, null, { timeout: 60000 });
        await page.$$eval("details", (all) => all.forEach((one) => (one.open = true)));
        if (name === "explain") {
          await page.locator("[data-map=prompt] span.t").first().click();
          await hand(page, /hidden: drop/);
        }
        await audit(page, name);
      }
    }, { colorScheme, viewport: { width, height: 800 } }));
