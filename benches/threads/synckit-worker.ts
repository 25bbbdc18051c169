/** synckit's thread. */
import { runAsWorker } from "synckit";

runAsWorker(async (value: number | string) => {
  await null;
  return typeof value === "number" ? value + 1 : value;
});
