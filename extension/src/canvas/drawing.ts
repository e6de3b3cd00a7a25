// Keeps a cytoscape Core in step with a scene: adds, replaces and removes only what changed.
import type { CollectionReturnValue, Core, ElementDefinition, StylesheetJson } from 'cytoscape';

import type { EdgeElement, NodeElement, NodeStatus } from '../schema';

import { placeRest, type Box, type Positions } from './arrange';
import { Bending } from './bending';
import { classesOf, classesOfEdge, dataOf, othersOf } from './looks';
import { readPalette, type Palette } from './palette';
import { EMPTY, isBox, isFrame, type Scene } from './scene';
import { MANY, MASSES, plain, stylesheet } from './stylesheet';

/** Classes that tell what hands are doing, not what the workflow is. */
const TRANSIENT = ['tg-hit', 'tg-dim', 'tg-target', 'tg-told'];

/** Zoom from which small print can be read. */
const LEGIBLE = 0.42;
const PAUSE_MS = 60;

export class Drawing {
  scene: Scene = EMPTY;
  palette: Palette;
  /** What a front end adds to the canvas' own style: ipycytoscape's `cytoscape_style`. */
  extraStyle: object[] = [];
  private statuses = new Map<string, NodeStatus>();
  private values = new Map<string, string>();
  /** Places that nobody chose: of nodes without a position. */
  private provisional = new Map<string, [number, number]>();
  /** Nodes whose small print is drawn: it isn't before somebody comes near enough to read it. */
  private readonly detailed = new Set<string>();
  private detailing = 0;
  private styledFor = -1;

  constructor(
    readonly cy: Core,
    private readonly root: HTMLElement
  ) {
    this.palette = readPalette(root);
    new Bending(cy, () => this.styledFor > 0);
    cy.on('viewport resize', () => this.detailSoon());
  }

  /** Draw `after`: what is new, what changed, and without what is gone. */
  show(after: Scene): void {
    const before = this.scene;
    this.scene = after;
    this.styleFor(after.nodes.size);
    const fresh = [...after.nodes.values()].filter(node => !before.nodes.has(node.data.id));
    const unplaced: string[] = [];
    this.cy.batch(() => {
      for (const id of before.edges.keys()) {
        if (!after.edges.has(id)) {
          this.cy.getElementById(id).remove();
        }
      }
      this.takeAway([...before.nodes.keys()].filter(id => !after.nodes.has(id)));
      const frames = fresh.filter(isFrame); // before what is in them
      this.cy.add([...frames, ...fresh.filter(node => !isFrame(node))].map(node => this.definition(node)));
      for (const node of after.nodes.values()) {
        const { id } = node.data;
        const old = before.nodes.get(id);
        if (old && old !== node) {
          this.renew(node);
        }
        if (node.position) {
          this.provisional.delete(id);
          if (old && node !== old) {
            this.put(id, node.position);
          }
        } else if (!isFrame(node) && !this.provisional.has(id)) {
          unplaced.push(id);
        }
      }
      this.drawEdges(before, after);
    });
    this.placeProvisionally(unplaced);
    this.detailSoon();
  }

  /** The same node by its new id keeps the place that nobody chose for it. */
  renamed(from: string, to: string): void {
    const place = this.provisional.get(from);
    if (place) {
      this.provisional.set(to, place);
    }
  }

  /** What changed of a run. An `id` without a status is shown as without a run. */
  progress(nodes: Record<string, NodeStatus>, values: Record<string, string>): void {
    this.cy.batch(() => {
      for (const [id, status] of Object.entries(nodes)) {
        this.statuses.set(id, status);
        const node = this.scene.nodes.get(id);
        if (node) {
          this.dress(node);
        }
      }
      for (const [id, value] of Object.entries(values)) {
        this.values.set(id, value);
        const edge = this.cy.getElementById(id);
        if (edge.nonempty()) {
          edge.data('value', value || undefined);
        }
      }
    });
  }

  /** No run is on the canvas any more, or another one. */
  clearProgress(): void {
    const [nodes, edges] = [[...this.statuses.keys()], [...this.values.keys()]];
    this.statuses.clear();
    this.values.clear();
    this.cy.batch(() => {
      nodes.forEach(id => {
        const node = this.scene.nodes.get(id);
        if (node) {
          this.dress(node);
        }
      });
      edges.forEach(id => this.cy.getElementById(id).removeData('value'));
    });
  }

  statusOf(id: string): NodeStatus | undefined {
    return this.statuses.get(id);
  }

  /** The theme changed, or the extra style. */
  restyle(extra = this.extraStyle): void {
    this.extraStyle = extra;
    this.palette = readPalette(this.root);
    this.cy.batch(() => this.scene.nodes.forEach(node => this.dress(node)));
    this.style();
  }

  /** Another theme may be on: draw anew if its colours are others. */
  followTheme(): void {
    if (JSON.stringify(readPalette(this.root)) !== JSON.stringify(this.palette)) {
      this.restyle();
    }
  }

  /** Boxes of nodes and comments, not of open groups; of all that are seen or of the given ones. */
  boxes(ids: Iterable<string> = this.scene.nodes.keys()): Box[] {
    return [...ids].flatMap(id => {
      const node = this.scene.nodes.get(id);
      const drawn = this.cy.getElementById(id);
      if (!node || isFrame(node) || drawn.empty()) {
        return [];
      }
      const { x, y } = drawn.position();
      return [{ id, x, y, width: drawn.width(), height: drawn.height() }];
    });
  }

  /** Put nodes somewhere. */
  move(positions: Positions): void {
    this.cy.batch(() => Object.entries(positions).forEach(([id, at]) => this.put(id, at)));
  }

  /** Where a node belongs: the place that was chosen for it, or given to it. */
  placeOf(id: string): [number, number] | undefined {
    return this.scene.nodes.get(id)?.position ?? this.provisional.get(id);
  }

  /** Places of nodes that nobody chose yet; they are kept when a person first moves something. */
  provisionalPositions(): Positions {
    const open = [...this.scene.nodes.values()].filter(node => !node.position && isBox(node));
    return Object.fromEntries(
      open.map(({ data }) => {
        const { x, y } = this.cy.getElementById(data.id).position();
        return [data.id, [x, y]];
      })
    );
  }

  private drawEdges(before: Scene, after: Scene): void {
    const fresh: ElementDefinition[] = [];
    for (const edge of after.edges.values()) {
      const { id, source, target } = edge.data;
      const drawn = this.cy.getElementById(id);
      if (drawn.empty()) {
        if (after.nodes.has(source) && after.nodes.has(target)) {
          fresh.push({ group: 'edges', data: this.edgeData(edge), classes: classesOfEdge(edge).join(' ') });
        }
      } else if (before.edges.get(id) !== edge) {
        if (drawn.data('source') !== source || drawn.data('target') !== target) {
          drawn.move({ source, target }); // a group that it led to was opened
        }
        drawn.data(this.edgeData(edge)).classes([...classesOfEdge(edge), ...keptOf(drawn)].join(' '));
      }
    }
    this.cy.add(fresh);
  }

  private edgeData({ data }: EdgeElement): { id: string; source: string; target: string } {
    const { id, source, target, kind, output, input } = data;
    const ports = kind === 'data' ? `${output || 'all'} → ${input}` : kind === 'after' ? 'after' : '';
    const value = this.values.get(id);
    return { ...othersOf(data), id, source, target, ...{ kind, ports, output, input }, ...(value ? { value } : {}) };
  }

  private definition(node: NodeElement): ElementDefinition {
    const at = this.placeOf(node.data.id);
    return {
      group: 'nodes',
      data: { ...this.dataOf(node), parent: this.parentOf(node) },
      classes: classesOf(node, this.statuses.get(node.data.id)).join(' '),
      ...(at && !isFrame(node) ? { position: { x: at[0], y: at[1] } } : {})
    };
  }

  private dataOf(node: NodeElement): { id: string } {
    const { id } = node.data;
    return dataOf(node, this.statuses.get(id), this.detailed.has(id), this.palette);
  }

  private dress(node: NodeElement): void {
    const drawn = this.cy.getElementById(node.data.id);
    const fresh: Record<string, unknown> = this.dataOf(node);
    const before = drawn.data() as Record<string, unknown>;
    const changed = Object.keys(fresh).filter(name => fresh[name] !== before[name]);
    if (changed.length) {
      drawn.data(Object.fromEntries(changed.map(name => [name, fresh[name]])));
    }
    drawn.classes([...classesOf(node, this.statuses.get(node.data.id)), ...keptOf(drawn)].join(' '));
  }

  private renew(node: NodeElement): void {
    this.dress(node);
    const drawn = this.cy.getElementById(node.data.id);
    if (drawn.parent().first().id() !== this.parentOf(node)) {
      drawn.move({ parent: this.parentOf(node) ?? null });
    }
  }

  private parentOf(node: NodeElement): string | undefined {
    const parent = node.data.parent;
    return parent && this.scene.nodes.has(parent) ? parent : undefined;
  }

  /** Cytoscape removes what is in a group with it: what stays is taken out first. */
  private takeAway(ids: readonly string[]): void {
    const gone = new Set(ids);
    ids.forEach(id => {
      const drawn = this.cy.getElementById(id);
      drawn.children().forEach(child => void (gone.has(child.id()) || child.move({ parent: null })));
      this.detailed.delete(id);
      if (!this.scene.nodes.has(id)) {
        this.provisional.delete(id);
      }
    });
    ids.forEach(id => this.cy.getElementById(id).remove());
  }

  private put(id: string, [x, y]: [number, number]): void {
    const drawn = this.cy.getElementById(id);
    if (this.provisional.has(id)) {
      this.provisional.set(id, [x, y]);
    }
    if (drawn.nonempty() && !drawn.isParent() && !drawn.grabbed()) {
      drawn.position({ x, y });
    }
  }

  private placeProvisionally(ids: readonly string[]): void {
    const fresh = new Set(ids);
    if (fresh.size === 0) {
      return;
    }
    const boxes = this.boxes();
    const placed = new Set(boxes.map(box => box.id).filter(id => !fresh.has(id)));
    const positions = placeRest(
      boxes,
      placed,
      [...this.scene.edges.values()].map(edge => edge.data)
    );
    this.cy.batch(() => {
      for (const [id, at] of Object.entries(positions)) {
        this.provisional.set(id, at);
        this.put(id, at);
      }
    });
  }

  /** Draw the small print of all, or of what is in view if it is near enough. */
  detail(all = false): void {
    const zoom = this.cy.zoom();
    if (zoom < LEGIBLE && !all) {
      this.detailed.clear(); // drawn still, until something changes
      return;
    }
    const { x1, y1, x2, y2 } = this.cy.extent();
    const plain = this.boxes().filter(
      ({ id, x, y, width, height }) =>
        !this.detailed.has(id) && (all || (x > x1 - width && x < x2 + width && y > y1 - height && y < y2 + height))
    );
    this.cy.batch(() => {
      for (const { id } of plain) {
        this.detailed.add(id);
        this.dress(this.scene.nodes.get(id) as NodeElement);
      }
    });
  }

  private detailSoon(): void {
    window.clearTimeout(this.detailing);
    this.detailing = window.setTimeout(() => void (this.cy.destroyed() || this.detail()), PAUSE_MS);
  }

  private styleFor(nodes: number): void {
    const size = sizeClass(nodes);
    if (size !== this.styledFor) {
      this.style(nodes);
    }
  }

  private style(nodes = this.scene.nodes.size): void {
    this.styledFor = sizeClass(nodes);
    const calm = window.matchMedia?.('(prefers-reduced-motion: reduce)').matches ?? false;
    const own = stylesheet(this.palette, nodes, calm);
    this.cy.style([...plain(this.palette, nodes), ...this.extraStyle, ...own] as StylesheetJson);
  }
}

function keptOf(drawn: CollectionReturnValue): string[] {
  return TRANSIENT.filter(name => drawn.hasClass(name));
}

function sizeClass(nodes: number): number {
  return nodes > MASSES ? 2 : nodes > MANY ? 1 : 0;
}
