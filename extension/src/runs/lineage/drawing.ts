import cytoscape, { type Core, type ElementDefinition, type StylesheetJson } from 'cytoscape';

import { layered } from '../../canvas/arrange';
import { type Palette, readPalette } from '../../canvas/palette';
import { lookOf } from '../../canvas/states';
import type { LineageGraph } from '../../schema';
import { KINDS, relation, status } from './words';

const BOX = { width: 150, height: 34 } as const;
const PADDING = 24;
/** As large as it is drawn when a few vertices would fill the view. */
const LARGEST_ZOOM = 1.2;

/** The graph of a lineage on a canvas. */
export class Drawing {
  private readonly _cy: Core;
  private readonly _themes: MutationObserver;
  private readonly _sizes: ResizeObserver;
  private _fitted = false;

  constructor(
    private readonly _box: HTMLElement,
    select: (id: string) => void
  ) {
    this._cy = cytoscape({
      container: _box,
      autoungrabify: true,
      boxSelectionEnabled: false,
      minZoom: 0.05,
      maxZoom: 3
    });
    this._cy.on('tap', event => select(event.target === this._cy || event.target.isEdge() ? '' : event.target.id()));
    this._themes = new MutationObserver(() => this._dress());
    this._themes.observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-name'] });
    this._sizes = new ResizeObserver(() => this._resize());
    this._sizes.observe(_box);
    this._dress();
  }

  /** Draw a graph; if only what is known of the same vertices is new, the view stays where it is. */
  draw(graph: LineageGraph): void {
    const same =
      graph.vertices.length === this._cy.nodes().length &&
      graph.vertices.every(vertex => this._cy.getElementById(vertex.id).nonempty());
    const known = new Set(graph.vertices.map(vertex => vertex.id));
    const edges = graph.edges.filter(edge => known.has(edge.source) && known.has(edge.target));
    const boxes = graph.vertices.map(({ id }) => ({ id, x: 0, y: 0, ...BOX }));
    const places = layered(boxes, edges);
    const elements: ElementDefinition[] = [
      ...graph.vertices.map(vertex => ({
        group: 'nodes' as const,
        data: {
          id: vertex.id,
          label: vertex.name,
          kind: vertex.label,
          hue: status(vertex) ? lookOf(status(vertex)).hue : ''
        },
        position: { x: places[vertex.id][0], y: places[vertex.id][1] }
      })),
      ...edges.map(({ id, source, target, label }) => ({
        group: 'edges' as const,
        data: { id: `e ${id}`, source, target, kind: label, label: relation(label) }
      }))
    ];
    this._cy.batch(() => {
      this._cy.elements().remove();
      this._cy.add(elements);
    });
    if (!same) {
      this.fit();
    }
  }

  /** Show all of it. */
  fit(): void {
    this._fitted = this._cy.width() > 0;
    this._cy.fit(undefined, PADDING);
    if (this._cy.zoom() > LARGEST_ZOOM) {
      this._cy.zoom(LARGEST_ZOOM);
      this._cy.center();
    }
  }

  select(id: string): void {
    this._cy.batch(() => {
      this._cy.elements().removeClass('tg-near').unselect();
      const node = this._cy.getElementById(id);
      node.select();
      node.connectedEdges().addClass('tg-near');
    });
  }

  dispose(): void {
    this._themes.disconnect();
    this._sizes.disconnect();
    this._cy.destroy();
  }

  private _dress(): void {
    this._cy.style(stylesheet(readPalette(this._box)));
  }

  private _resize(): void {
    this._cy.resize();
    if (!this._fitted) {
      this.fit();
    }
  }
}

function stylesheet(palette: Palette): StylesheetJson {
  return [
    {
      selector: 'node',
      style: {
        width: BOX.width,
        height: BOX.height,
        'background-color': palette.box,
        'border-width': 1.5,
        'border-color': palette.border,
        label: 'data(label)',
        color: palette.text,
        'font-family': palette.font,
        'font-size': 12,
        'text-valign': 'center',
        'text-wrap': 'ellipsis',
        'text-max-width': `${BOX.width - 20}px`,
        'min-zoomed-font-size': 6
      }
    },
    ...Object.entries(KINDS).map(([label, { shape }]) => ({
      selector: `node[kind = "${label}"]`,
      style: { shape: shape as 'ellipse' }
    })),
    { selector: 'node[kind = "Artifact"]', style: { 'background-color': palette.canvas, color: palette.faint } },
    ...Object.entries(palette.hues).map(([hue, color]) => ({
      selector: `node[hue = "${hue}"]`,
      style: { 'border-color': color, 'border-width': 2.5 }
    })),
    {
      selector: 'edge',
      style: {
        width: 1.5,
        'line-color': palette.line,
        'curve-style': 'bezier',
        'target-arrow-shape': 'triangle',
        'target-arrow-color': palette.line,
        'arrow-scale': 0.9
      }
    },
    {
      selector: 'edge[kind = "CACHED_FROM"], edge[kind = "REPLAY_OF"], edge[kind = "RETRY_OF"]',
      style: { 'line-style': 'dashed' }
    },
    {
      selector: 'edge.tg-near',
      style: {
        label: 'data(label)',
        color: palette.faint,
        'font-size': 10,
        'font-family': palette.font,
        'text-background-color': palette.canvas,
        'text-background-opacity': 1,
        'text-background-padding': '2px',
        'line-color': palette.accent,
        'target-arrow-color': palette.accent
      }
    },
    {
      selector: 'node:selected',
      style: { 'underlay-color': palette.accent, 'underlay-opacity': 0.3, 'underlay-padding': '6px' }
    }
  ];
}
