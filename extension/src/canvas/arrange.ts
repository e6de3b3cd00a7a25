// Where nodes go: pure functions over boxes. Positions are centres.
import { graphlib, layout } from 'dagre';

import type { Point } from './scene';

export interface Box {
  id: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export type Positions = Record<string, Point>;
export type Alignment = 'left' | 'center' | 'right' | 'top' | 'middle' | 'bottom';

/** Between columns there is room for what flows along an edge, such as `336,776 × 11 table`. */
const GAP = { rank: 104, node: 26 } as const;

/** Number of nodes from which dagre would keep a person waiting. */
const LARGE = 200;

interface Arrow {
  source: string;
  target: string;
}

/** Places for all of `boxes`, from left to right along the edges, around the point (0, 0) at the top left. */
export function layered(boxes: readonly Box[], edges: readonly Arrow[]): Positions {
  const known = new Set(boxes.map(box => box.id));
  const inner = edges.filter(edge => known.has(edge.source) && known.has(edge.target) && edge.source !== edge.target);
  if (boxes.length > LARGE) {
    return ranked(boxes, inner);
  }
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: GAP.node, ranksep: GAP.rank, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  boxes.forEach(({ id, width, height }) => graph.setNode(id, { width, height }));
  inner.forEach(({ source, target }) => graph.setEdge(source, target));
  layout(graph);
  return Object.fromEntries(graph.nodes().map(id => [id, [graph.node(id).x, graph.node(id).y]]));
}

/** A plain layout in linear time: columns by distance from the first nodes, rows near what comes before. */
function ranked(boxes: readonly Box[], edges: readonly Arrow[]): Positions {
  const ups = new Map<string, string[]>(boxes.map(box => [box.id, []]));
  const downs = new Map<string, string[]>(boxes.map(box => [box.id, []]));
  edges.forEach(({ source, target }) => {
    ups.get(target)?.push(source);
    downs.get(source)?.push(target);
  });
  const missing = new Map([...ups].map(([id, list]) => [id, list.length]));
  const rank = new Map<string, number>();
  const order = boxes.map(box => box.id).filter(id => missing.get(id) === 0);
  order.forEach(id => rank.set(id, 0));
  for (const id of order) {
    // grows while it is read
    for (const next of downs.get(id) ?? []) {
      rank.set(next, Math.max(rank.get(next) ?? 0, (rank.get(id) ?? 0) + 1));
      missing.set(next, (missing.get(next) ?? 0) - 1);
      if (missing.get(next) === 0) {
        order.push(next);
      }
    }
  }
  const columns: Box[][] = [];
  boxes.forEach(box => (columns[rank.get(box.id) ?? 0] ??= []).push(box));
  const row = new Map<string, number>();
  columns.forEach(column => column.forEach((box, index) => row.set(box.id, index)));
  const near = (id: string, others: Map<string, string[]>) => {
    const rows = (others.get(id) ?? []).map(other => row.get(other) ?? 0);
    return rows.length ? mean(rows) : (row.get(id) ?? 0);
  };
  for (const others of [ups, downs, ups]) {
    for (const column of others === ups ? columns : [...columns].reverse()) {
      const wish = new Map(column.map(box => [box, near(box.id, others)]));
      column.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0));
      column.forEach((box, index) => row.set(box.id, index));
    }
  }
  return inColumns(columns, Math.ceil(Math.sqrt(boxes.length * 3)));
}

/** Columns beside each other, their middles on one line; one with more than `rows` boxes goes on beside itself. */
function inColumns(columns: readonly Box[][], rows: number): Positions {
  const placed: Positions = {};
  let left = 0;
  for (const column of columns) {
    for (let start = 0; start < column.length; start += rows) {
      const part = column.slice(start, start + rows);
      const width = Math.max(...part.map(box => box.width));
      let top = -part.reduce((sum, box) => sum + box.height + GAP.node, 0) / 2;
      for (const box of part) {
        placed[box.id] = [left + width / 2, top + box.height / 2];
        top += box.height + GAP.node;
      }
      left += width + GAP.rank;
    }
  }
  return placed;
}

/**
 * Places for those of `boxes` that nobody has placed; the others stay where they are and are not covered.
 *
 * What hangs together is laid out together and put to the right of what it reads from, else below everything.
 */
export function placeRest(boxes: readonly Box[], placed: ReadonlySet<string>, edges: readonly Arrow[]): Positions {
  const rest = boxes.filter(box => !placed.has(box.id));
  const fixed = boxes.filter(box => placed.has(box.id));
  if (fixed.length === 0) {
    return layered(rest, edges);
  }
  const byId = new Map(fixed.map(box => [box.id, box]));
  const taken = [...fixed];
  const result: Positions = {};
  for (const part of connected(rest, edges)) {
    const ids = new Set(part.map(box => box.id));
    const local = layered(part, edges);
    const boxesOf = part.map(box => ({ ...box, x: local[box.id][0], y: local[box.id][1] }));
    const [dx, dy] = anchor(boxesOf, ids, byId, edges, taken);
    let shift = 0;
    const lands = () => boxesOf.map(box => ({ ...box, x: box.x + dx, y: box.y + dy + shift }));
    while (lands().some(box => taken.some(other => overlap(box, other)))) {
      shift += GAP.node;
    }
    for (const box of lands()) {
      taken.push(box);
      result[box.id] = [box.x, box.y];
    }
  }
  return result;
}

/** How far to move `part` so that it lies beside its neighbours, else below all that is `taken`. */
function anchor(
  part: readonly Box[],
  ids: ReadonlySet<string>,
  fixed: ReadonlyMap<string, Box>,
  edges: readonly Arrow[],
  taken: readonly Box[]
): Point {
  const own = new Map(part.map(box => [box.id, box]));
  const after = edges.filter(edge => ids.has(edge.target) && fixed.has(edge.source));
  const before = edges.filter(edge => ids.has(edge.source) && fixed.has(edge.target));
  const links = after.length ? after : before;
  const direction = after.length ? 1 : -1;
  const shifts = links.flatMap(edge => {
    const mine = own.get(after.length ? edge.target : edge.source);
    const other = fixed.get(after.length ? edge.source : edge.target);
    return mine && other ? [[other.x + direction * step(other, mine) - mine.x, other.y - mine.y]] : [];
  });
  if (shifts.length) {
    const xs = shifts.map(([x]) => x);
    return [direction > 0 ? Math.max(...xs) : Math.min(...xs), mean(shifts.map(([, y]) => y))];
  }
  const left = Math.min(...taken.map(box => box.x - box.width / 2));
  const bottom = Math.max(...taken.map(box => box.y + box.height / 2));
  const ownLeft = Math.min(...part.map(box => box.x - box.width / 2));
  const ownTop = Math.min(...part.map(box => box.y - box.height / 2));
  return [left - ownLeft, bottom + 2 * GAP.node - ownTop];
}

function step(a: Box, b: Box): number {
  return (a.width + b.width) / 2 + GAP.rank;
}

function connected(boxes: readonly Box[], edges: readonly Arrow[]): Box[][] {
  const near = new Map<string, string[]>(boxes.map(box => [box.id, []]));
  edges.forEach(({ source, target }) => {
    if (near.has(source) && near.has(target)) {
      near.get(source)?.push(target);
      near.get(target)?.push(source);
    }
  });
  const byId = new Map(boxes.map(box => [box.id, box]));
  const seen = new Set<string>();
  const parts: Box[][] = [];
  for (const { id } of boxes) {
    if (seen.has(id)) {
      continue;
    }
    seen.add(id);
    const part = [id];
    for (const one of part) {
      // grows while it is read
      (near.get(one) ?? [])
        .filter(other => !seen.has(other))
        .forEach(other => {
          seen.add(other);
          part.push(other);
        });
    }
    parts.push(part.flatMap(one => byId.get(one) ?? []));
  }
  return parts;
}

/** The place nearest to `at` where a box of this size covers none of `taken`. */
export function freePlace([x, y]: Point, size: { width: number; height: number }, taken: readonly Box[]): Point {
  const [dx, dy] = [size.width + 2 * GAP.node, size.height + GAP.node];
  const free = (at: Point) => !taken.some(other => overlap({ id: '', x: at[0], y: at[1], ...size }, other));
  for (let ring = 0; ; ring++) {
    const around: Point[] = [];
    for (let column = -ring; column <= ring; column++) {
      for (let row = -ring; row <= ring; row++) {
        if (Math.max(Math.abs(column), Math.abs(row)) === ring) {
          around.push([x + column * dx, y + row * dy]);
        }
      }
    }
    const found = around
      .filter(free)
      .sort((a, b) => Math.hypot(a[0] - x, a[1] - y) - Math.hypot(b[0] - x, b[1] - y) || b[1] - a[1] || b[0] - a[0]);
    if (found.length) {
      return found[0];
    }
  }
}

function overlap(a: Box, b: Box): boolean {
  return (
    Math.abs(a.x - b.x) < (a.width + b.width) / 2 + GAP.node / 2 &&
    Math.abs(a.y - b.y) < (a.height + b.height) / 2 + GAP.node / 2
  );
}

/** `boxes` on one line: their edges or centres. */
export function aligned(boxes: readonly Box[], to: Alignment): Positions {
  const lefts = boxes.map(box => box.x - box.width / 2);
  const rights = boxes.map(box => box.x + box.width / 2);
  const tops = boxes.map(box => box.y - box.height / 2);
  const bottoms = boxes.map(box => box.y + box.height / 2);
  const place = (box: Box): Point => {
    switch (to) {
      case 'left':
        return [Math.min(...lefts) + box.width / 2, box.y];
      case 'right':
        return [Math.max(...rights) - box.width / 2, box.y];
      case 'center':
        return [mean([Math.min(...lefts), Math.max(...rights)]), box.y];
      case 'top':
        return [box.x, Math.min(...tops) + box.height / 2];
      case 'bottom':
        return [box.x, Math.max(...bottoms) - box.height / 2];
      case 'middle':
        return [box.x, mean([Math.min(...tops), Math.max(...bottoms)])];
    }
  };
  return Object.fromEntries(boxes.map(box => [box.id, place(box)]));
}

/** The same room between neighbours; the first and the last stay. */
export function distributed(boxes: readonly Box[], axis: 'x' | 'y'): Positions {
  const size = axis === 'x' ? 'width' : 'height';
  const sorted = [...boxes].sort((a, b) => a[axis] - b[axis]);
  const first = sorted[0];
  const last = sorted[sorted.length - 1];
  const span = last[axis] + last[size] / 2 - (first[axis] - first[size] / 2);
  const room = (span - sorted.reduce((sum, box) => sum + box[size], 0)) / (sorted.length - 1);
  let at = first[axis] - first[size] / 2;
  return Object.fromEntries(
    sorted.map(box => {
      const centre = at + box[size] / 2;
      at += box[size] + room;
      return [box.id, axis === 'x' ? [centre, box.y] : [box.x, centre]];
    })
  );
}

/** New places for `boxes` along their edges, with the middle of all where it was. */
export function rearranged(boxes: readonly Box[], edges: readonly Arrow[]): Positions {
  const fresh = layered(boxes, edges);
  const dx = mean(boxes.map(box => box.x)) - mean(boxes.map(box => fresh[box.id][0]));
  const dy = mean(boxes.map(box => box.y)) - mean(boxes.map(box => fresh[box.id][1]));
  return Object.fromEntries(boxes.map(({ id }) => [id, [fresh[id][0] + dx, fresh[id][1] + dy]]));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
