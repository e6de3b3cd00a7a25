import type { LineageVertex } from '../../schema';

/** Kinds of vertices: how they are called and drawn. */
export const KINDS: Record<string, { word: string; shape: string }> = {
  Execution: { word: 'execution', shape: 'round-rectangle' },
  Artifact: { word: 'value', shape: 'ellipse' },
  Parameter: { word: 'parameter', shape: 'tag' },
  Run: { word: 'run', shape: 'hexagon' },
  Node: { word: 'node', shape: 'cut-rectangle' }
};

/** How an edge reads from its source to its target. */
const RELATIONS: Record<string, string> = {
  PRODUCED: 'made',
  CONSUMED: 'was read by',
  DEPENDS_ON: 'came before',
  CACHED_FROM: 'was taken over by',
  RETRY_OF: 'was tried again as',
  REPLAY_OF: 'was replayed as',
  RAN: 'ran',
  OF: 'is of'
};

export function kind(vertex: LineageVertex): string {
  return KINDS[vertex.label]?.word ?? vertex.label;
}

export function relation(label: string): string {
  return RELATIONS[label] ?? label.toLowerCase().replaceAll('_', ' ');
}

/** A property of a vertex as text; empty if it has none. */
export function property(vertex: LineageVertex, name: string): string {
  const value = vertex.properties[name] ?? '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The state of an execution, empty for anything else. */
export function status(vertex: LineageVertex): string {
  return property(vertex, 'cached_from') ? 'cached' : property(vertex, 'status');
}
