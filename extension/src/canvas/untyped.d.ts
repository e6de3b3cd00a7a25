declare module 'dagre' {
  export namespace graphlib {
    class Graph {
      constructor(options?: { multigraph?: boolean; compound?: boolean });
      setGraph(label: Record<string, unknown>): this;
      setDefaultEdgeLabel(make: () => Record<string, unknown>): this;
      setNode(id: string, label: { width: number; height: number }): this;
      setEdge(source: string, target: string): this;
      nodes(): string[];
      node(id: string): { x: number; y: number; width: number; height: number };
    }
  }
  export function layout(graph: graphlib.Graph): void;
}
