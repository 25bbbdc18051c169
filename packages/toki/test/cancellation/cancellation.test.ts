import { playAll } from "./scene.js";
import { table } from "./table.js";

for (const [section, rows] of table) playAll(section, rows);
