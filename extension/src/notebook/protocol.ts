import type { JSONObject } from '@lumino/coreutils';

/** How the text of a cell begins that is a node. */
export const MAGIC = '%%twingraph';

/** What the kernel wants to be done to the cells of a notebook. */
export type Change =
  | { cell: string; source: string; was: string }
  | { insert: string; notebook: string; source: string; after: string | null }
  | { delete: string; was: string };

/** The node that a cell is. */
export interface CellNode {
  name: string;
  workflow: string;
  faults: string[];
}

/** What the kernel says. */
export type Heard =
  | { op: 'write'; n: number; changes: Change[]; drawings: JSONObject }
  | { op: 'nodes'; nodes: Record<string, CellNode> };
