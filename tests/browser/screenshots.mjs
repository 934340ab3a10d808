// screenshots.mjs RESULT.json COMPARISON.json FOLDER: the pictures that the README shows. Run by scripts/screenshots.sh.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { launch, open, render } from "./browser.mjs";

const [result, comparison, target] = process.argv.slice(2);
mkdirSync(target, { recursive: true });
const browser = await launch();

async function shoot(json, name, colorScheme, prepare = () => {}, height = 1000) {
  const { page, problems, close } = await open(browser, render(json), { colorScheme, viewport: { width: 1120, height }, deviceScaleFactor: 1 });
  await prepare(page);
  await page.screenshot({ path: path.join(target, `${name}-${colorScheme}.png`) });
  await close();
  if (problems.length) throw new Error(problems.join("\n"));
}

/** Points at the token that lost most of those that the tip does not push against the edge. */
const pointAtLoss = async (page) => {
  await page.evaluate(() => {
    const drop = (one) => one.dataset.full - one.dataset.masked || 0;
    const all = [...document.querySelectorAll("[data-map=response] .t")];
    const inside = all.filter((one) => one.getBoundingClientRect().left > 320);
    (inside.length ? inside : all).sort((a, b) => drop(b) - drop(a))[0].id = "most";
  });
  await page.hover("#most");
  await page.evaluate(() => scrollTo(0, 0));
  await page.hover("#most");
};

for (const scheme of ["light", "dark"]) {
  await shoot(result, "explain", scheme, pointAtLoss, 1050);
  await shoot(comparison, "compare", scheme, undefined, 900);
}
await browser.close();
