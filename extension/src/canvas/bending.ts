// Curves that leave a node to the right and arrive at the next one from the left. They depend on where both are.
import type { Core, EdgeCollection, EdgeSingular, NodeSingular } from 'cytoscape';

const MOVED = 'tg-moved';

/** Weights and distances of an edge's two control points, as cytoscape counts them: along and across the straight line. */
export function bend(edge: EdgeSingular): [weight: number, distance: number][] {
  const from = edge.source();
  const to = edge.target();
  const dx = to.position().x - to.width() / 2 - (from.position().x + from.width() / 2);
  const dy = to.position().y - from.position().y;
  const length = Math.hypot(dx, dy) || 1;
  const reach = Math.min(Math.max(Math.abs(dx) * 0.36, 34), 150);
  return [
    { x: reach, y: 0 },
    { x: dx - reach, y: dy }
  ].map(({ x, y }) => [(x * dx + y * dy) / length ** 2, (dx * y - dy * x) / length]);
}

/** Bends the edges of nodes that move, once for each frame that is drawn; not while `straight` says so. */
export class Bending {
  private frame = 0;

  constructor(
    private readonly cy: Core,
    private readonly straight: () => boolean
  ) {
    cy.on('position', 'node', event => this.later(event.target as NodeSingular));
  }

  private later(node: NodeSingular): void {
    if (this.straight()) {
      return;
    }
    node.scratch(MOVED, true);
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (!this.cy.destroyed()) {
        this.bendAll();
      }
    });
  }

  private bendAll(): void {
    const moved = this.cy.nodes().filter(node => Boolean(node.scratch(MOVED)));
    moved.removeScratch(MOVED);
    const edges = moved.connectedEdges() as EdgeCollection & { updateStyle(): void };
    edges.updateStyle();
  }
}
