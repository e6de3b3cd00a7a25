// What is drawn, by id: as Python gave it, and as it is after a change.
import type { Delta, EdgeElement, Element, NodeElement } from '../schema';

export type Point = [number, number];

export interface Scene {
  nodes: ReadonlyMap<string, NodeElement>;
  edges: ReadonlyMap<string, EdgeElement>;
}

export const EMPTY: Scene = { nodes: new Map(), edges: new Map() };

export function sceneOf(elements: readonly Element[]): Scene {
  const nodes = elements.flatMap(element => (element.group === 'nodes' ? [element] : []));
  const edges = elements.flatMap(element => (element.group === 'edges' ? [element] : []));
  return {
    nodes: new Map(nodes.map(node => [node.data.id, node])),
    edges: new Map(edges.map(edge => [edge.data.id, edge]))
  };
}

/** The scene after `delta`. What didn't change is the same object as before. */
export function applied(scene: Scene, delta: Delta): Scene {
  const nodes = new Map(scene.nodes);
  const edges = new Map(scene.edges);
  for (const id of delta.remove) {
    nodes.delete(id);
    edges.delete(id);
  }
  for (const element of [...delta.add, ...delta.update]) {
    if (element.group === 'nodes') {
      nodes.set(element.data.id, element);
    } else {
      edges.set(element.data.id, element);
    }
  }
  return { nodes, edges };
}

/** A node of the workflow, or one that was drawn beside it. */
export function isBox({ data: { kind } }: NodeElement): boolean {
  return kind === 'task' || kind === 'plain';
}

/** A group that is open is a frame around its nodes, not a box of its own. */
export function isFrame(node: NodeElement): boolean {
  return node.data.kind === 'group' && !node.data.collapsed;
}
