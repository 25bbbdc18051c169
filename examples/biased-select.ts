// `select` starts at a random branch, so that none starves; `biased` asks in the order written.
// Program 52.
import { fn, main, ready, select } from "toki";

const rounds = fn(function* rounds(biased: boolean) {
  const wins = { critical: 0, lessImportant: 0 };
  for (let i = 0; i < 1000; i++) {
    const { key } = yield* select({ critical: ready("c"), lessImportant: ready("l") }, { biased });
    wins[key]++;
  }
  return wins;
});

await main(function* () {
  console.log("biased:", yield* rounds(true));
  const fair = yield* rounds(false);
  console.log("unbiased, both won:", fair.critical > 100 && fair.lessImportant > 100);
});
