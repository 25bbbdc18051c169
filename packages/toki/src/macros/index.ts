export { join, tryJoin } from "./join.js";
export type { OutputOf } from "./output.js";
export {
  Branch,
  type BranchOptions,
  branch,
  type SelectBranch,
  SelectError,
  type Selected,
  type SelectOptions,
  select,
} from "./select.js";
