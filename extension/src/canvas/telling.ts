// What is read out to those who don't see the canvas: what is selected, how the run goes.
import type { NodeStatus } from '../schema';

import type { RunProgress } from './live';
import type { Sheet } from './sheet';
import { lookOf } from './states';

/** The selection in words. */
export function selectionInWords(sheet: Sheet, ids: readonly string[]): string {
  if (ids.length !== 1) {
    return ids.length ? `${ids.length} selected` : '';
  }
  const edge = sheet.scene.edges.get(ids[0])?.data;
  if (edge) {
    return `Edge from ${edge.source} ${edge.output} to ${edge.target} ${edge.input}`;
  }
  const data = sheet.node(ids[0])?.data;
  if (!data) {
    return '';
  }
  const { label, kind, component, faults, inputs, outputs } = data;
  const status = sheet.drawing.statusOf(data.id);
  const parts = [
    kind === 'group' || kind === 'comment' ? `${kind} ${label}` : label,
    component,
    status ? lookOf(status.state).label : '',
    kind === 'task' ? `${count(inputs.length, 'input')}, ${count(outputs.length, 'output')}` : '',
    ...faults
  ];
  return parts.filter(Boolean).join(', ');
}

/** What is worth saying of a frame; `before` is the run's state until then. */
export function runInWords(run: RunProgress, before: string | undefined, nodes: Record<string, NodeStatus>): string {
  const failed = Object.entries(nodes).filter(([, status]) => status.state === 'failed');
  const state = before === run.state ? '' : `The run is ${lookOf(run.state).label}.`;
  return [...failed.map(([id, status]) => `${id} failed. ${status.error}`), state].filter(Boolean).join(' ');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
