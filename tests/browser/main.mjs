// Runs the tests of this folder against one service and one browser, some at once; prints one line a test.
import { index, launch, Visitor } from "./browser.mjs";
import { Service } from "./service.mjs";

const AT_ONCE = 4, SECONDS = 200;
const words = process.argv.slice(2);
const service = await Service.start();
const browser = await launch(words.length === 0);
process.on("SIGTERM", () => service.stop().then(() => process.exit(143)));
const tests = [];
for (const file of ["others", "people", "first", "returning", "dashboard", "scenarios"]) {
  const { default: add } = await import(`./${file}.mjs`);
  await add((name, act) => tests.push({ name, act }), service);
}

let failed = 0;
const waiting = tests.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
async function work() {
  for (let test = waiting.shift(); test; test = waiting.shift()) {
    let timer;
    const visitors = [];
    const enter = async (options) => { visitors.push(await Visitor.enter(browser, service,
      options)); return visitors.at(-1); };
    const late = new Promise((_, fail) => { timer = setTimeout(() =>
      fail(new Error(`did not end within ${SECONDS} s`)), SECONDS * 1000); });
    try {
      await Promise.race([test.act(enter), late]);
      while (visitors.length > 0) await visitors.pop().leave();
      console.log("ok - " + test.name);
    } catch (problem) {
      failed += 1;
      for (const one of visitors) await one.context.close().catch(() => {});
      console.log(`${problem.stack.slice(0, 2500)}\nnot ok - ${test.name}`);
    }
    clearTimeout(timer);
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, work));
index();
await browser.close();
await service.stop();
process.exit(failed > 0 ? 1 : 0);
