// A node as cytoscape data and classes: what the style sheet reads.
import type { EdgeData, EdgeElement, NodeData, NodeElement, NodeStatus } from '../schema';

import { faceOf } from './faces';
import type { Palette } from './palette';
import { isBox } from './scene';
import { lookOf } from './states';

/** Characters in a line of a comment, and the pixels of such a line and around it. */
const COMMENT = { letters: 30, line: 16, room: 18, width: 210 } as const;

/** Data of a node. `detailed` is one that is large enough on the screen for its small print to be read. */
export function dataOf(
  node: NodeElement,
  status: NodeStatus | undefined,
  detailed: boolean,
  palette: Palette
): { id: string } {
  const { id, kind, label, collapsed } = node.data;
  if (kind === 'comment') {
    const lines = label.split('\n').map(line => Math.max(1, Math.ceil(line.length / COMMENT.letters)));
    const height = COMMENT.room + COMMENT.line * lines.reduce((sum, count) => sum + count, 0);
    const { width } = COMMENT;
    return {
      ...othersOf(node.data),
      id,
      ...{ kind, label: breakable(label), width, height, room: `${width - 22}px`, indent: 11 - width }
    };
  }
  const { component, icon, faults, opaque, members } = node.data;
  const boxed = isBox(node) || collapsed;
  const face = {
    icon,
    component: detailed ? component : '',
    state: status?.state ?? '',
    note: detailed ? (status?.note ?? '') : '',
    faulty: faults.length > 0,
    opaque,
    members: kind === 'group' ? members.length : 0
  };
  const running = status?.state === 'running' && status.fraction !== null;
  const progress = running ? Math.max(1, Math.round((status.fraction ?? 0) * 100)) : 0;
  const pictures = {
    face: boxed ? faceOf(face, palette) : undefined,
    bar: progress ? barOf(palette.hues.active) : undefined
  };
  const alone = isBox(node) && !component && !status?.note; // no second line
  return { ...othersOf(node.data), id, ...{ kind, label, collapsed, alone, progress }, ...pictures };
}

/** A comment's text; words that are longer than a line have zero-width spaces, at which they go on in the next. */
function breakable(text: string): string {
  return text.replace(/\S+/g, word => (word.length > COMMENT.letters ? word.replace(/.{8}/gu, '$&\u200b') : word));
}

/** Names that are the workflow's; others come from those who draw with ipycytoscape's methods, and are theirs. */
const KNOWN: Record<keyof NodeData | keyof EdgeData, true> = {
  id: true,
  kind: true,
  label: true,
  component: true,
  icon: true,
  inputs: true,
  outputs: true,
  faults: true,
  parent: true,
  members: true,
  collapsed: true,
  opaque: true,
  description: true,
  source: true,
  target: true,
  output: true,
  input: true
};

/** What else somebody said of an element, for styles of their own. */
export function othersOf(data: NodeData | EdgeData): Record<string, unknown> {
  let others: Record<string, unknown> | undefined;
  for (const name in data) {
    if (!(name in KNOWN)) {
      (others ??= {})[name] = data[name as keyof typeof data];
    }
  }
  return others ?? {};
}

/** An element that was drawn with ipycytoscape's methods may have classes, separated by blanks. */
interface Styled {
  classes?: string;
}

/** Classes of an edge. */
export function classesOfEdge({ data, classes = '' }: EdgeElement & Styled): string[] {
  return [classes, data.faults.length ? 'tg-faulty' : ''].filter(Boolean);
}

/** Classes of a node. */
export function classesOf({ data, classes = '' }: NodeElement & Styled, status: NodeStatus | undefined): string[] {
  return [
    classes,
    status ? `tg-${lookOf(status.state).hue}` : '',
    data.kind === 'group' && data.collapsed ? 'tg-collapsed' : '',
    data.faults.length ? 'tg-faulty' : '',
    data.opaque ? 'tg-opaque' : ''
  ].filter(Boolean);
}

function barOf(color: string): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="4"><rect width="8" height="4" fill="${color}"/></svg>`;
  return `data:image/svg+xml;utf8,${encodeURIComponent(svg)}`;
}
