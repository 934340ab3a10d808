// The server's page in Chromium: ask, select a part of the answer, see a set, hide words, stop, export, come back.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { after, before, test } from "node:test";
import { tmpdir } from "node:os";
import path from "node:path";
import { axeSource, launch, saved } from "../../browser/browser.mjs";
import { drag, endAll, serve, visit, write } from "./server.mjs";

const PROMPT = "I moved to Berlin to learn the language of Germany. Which language is it?";
const QUICK = { unit: "word", max_tokens: "7" }, FEW = { budget: "24" };
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
let link = "", hidden = "";

test("ask, select a part of the answer, see its set light up; hide by click and by keyboard; export", () =>
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
    await page.waitForSelector("#hand .text");
    await page.keyboard.press("Enter"); // it has the focus: shown again
    await page.waitForFunction((text) => document.getElementById("hand-line").textContent === text, found, { timeout: 60000 });
    assert.equal(await unmarked.getAttribute("aria-pressed"), "false");
    link = page.url();
    hidden = set.join();
    for (const format of ["json", "svg", "csv"]) {
      const [file] = await Promise.all([page.waitForEvent("download"), page.click(`.exports a:text-is("${format}")`)]);
      assert.ok(readFileSync(await file.path(), "utf8").length > 100, format);
    }
  }));

test("a part of the answer by keyboard", () =>
  onPage(async (page) => {
    await answer(page);
    await write(page, PROMPT, FEW);
    await page.locator("[data-map=response] .t").first().focus();
    for (let i = 0; i < 2; i++) await page.keyboard.press("Shift+ArrowRight");
    assert.equal(await page.locator(".picked").count(), 3);
    await page.keyboard.press("Enter");
    await explained(page);
    const id = new URL(page.url()).hash.slice(1);
    const { result } = await (await page.request.get(`${server.link}v1/runs/${id}`)).json();
    assert.ok(result.options.target, "the target was asked for");
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
    for (const [tab, options, heading] of [["compare", { method: "ablation,random", metrics: "none" }, /found the set/], ["compress", { budget: "20" }, /./]]) {
      await page.click(`#tab-${tab}`);
      await write(page, PROMPT, options);
      await page.click("#run");
      await page.waitForFunction((name) => location.hash && document.querySelector("#history li")?.textContent.includes(`(${name})`), tab, { timeout: 60000 });
      assert.match(await page.textContent("#shown h1"), heading);
    }
    assert.ok((await page.locator("#history li").count()) >= 3);
    await page.setInputFiles("#import", saved("lisbon"));
    await page.waitForFunction(() => document.getElementById("shown").textContent.includes("Lisbon"));
    assert.match(page.url(), /#[0-9a-f]{32}$/);
    await page.focus("#tab-compress");
    await page.keyboard.press("ArrowLeft");
    assert.equal(await page.getAttribute("#tab-audit", "aria-selected"), "true");
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
    const chat = JSON.stringify([{ role: "user", content: "<b>hello</b>" }]);
    await page.evaluate((text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], "chat.json"));
      dispatchEvent(new DragEvent("drop", { dataTransfer: data }));
    }, chat);
    await page.waitForFunction(() => document.getElementById("prompt").value.includes("<b>hello</b>"));
    assert.equal(await page.getAttribute("#as-chat", "aria-pressed"), "true");
  }));

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

test("the server is killed and started again under the page", async () => {
  let other = await serve("--port", "0");
  await onPage(async (page) => {
    await write(page, PROMPT, { ...QUICK, method: "random", budget: "100000000" });
    await page.click("#run");
    await page.waitForSelector("[data-map=prompt] .t.lit", { timeout: 60000 });
    await other.end("SIGKILL");
    await page.waitForSelector("#lost:not([hidden])", { timeout: 10000 });
    other = await serve("--port", other.port);
    await page.waitForSelector("#lost", { state: "hidden", timeout: 10000 });
    await page.waitForSelector("#problem:not([hidden])");
    await write(page, `${PROMPT} Tell me.`, { budget: "20" });
    await page.click("#run");
    await explained(page);
    assert.ok(await page.isHidden("#problem"));
  }, {}, other.link);
  assert.equal(await other.end(), 0);
});

for (const [colorScheme, width] of [["light", 1120], ["dark", 360]])
  test(`axe-core: ${colorScheme}, ${width} wide`, () =>
    onPage(async (page) => {
      await explained(page);
      await page.$$eval("details", (all) => all.forEach((one) => (one.open = true)));
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing sticks out");
      await page.locator("[data-map=prompt] span.t").first().click();
      await hand(page, /hidden: drop/);
      await page.evaluate(axeSource);
      const report = await page.evaluate(() => axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
      assert.deepEqual(report.violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map((node) => node.html)]), []);
    }, { colorScheme, viewport: { width, height: 800 } }, link || server.link));
