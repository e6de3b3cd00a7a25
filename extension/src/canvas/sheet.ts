// What all parts of a canvas share: the cytoscape Core, what is drawn on it, and the way edits go to Python and back.
import type { Core, NodeSingular } from 'cytoscape';
import { Signal, type ISignal } from '@lumino/signaling';

import type { Delta, Edit, NodeElement, Port } from '../schema';

import type { Box, Positions } from './arrange';
import { Drawing } from './drawing';
import { Refusal, type CanvasHost } from './host';
import type { Notices } from './notices';
import { applied, sceneOf, type Point, type Scene } from './scene';

/** What cytoscape or a front end drew that is not of the workflow. */
const OURS = '[kind]';

export interface EditOptions {
  at?: Point;
  /** Select what was added. */
  select?: boolean;
  refused?: (faults: readonly string[]) => void;
}

export class Sheet {
  readonly drawing: Drawing;
  faults: readonly string[];
  private pending = 0;
  /** Boxes as they are, until something moves. */
  private boxes: Box[] | null = null;
  /** What is selected, until it is something else: asked for often, and costly to find among thousands. */
  private selected: readonly string[] | null = null;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _selectionChanged = new Signal<this, readonly string[]>(this);

  constructor(
    readonly host: CanvasHost,
    readonly cy: Core,
    readonly root: HTMLElement,
    readonly stage: HTMLElement,
    readonly notices: Notices
  ) {
    this.drawing = new Drawing(cy, root);
    this.faults = host.faults;
    let soon = 0;
    cy.on('select unselect remove', () => {
      window.clearTimeout(soon); // cytoscape tells of every element by itself
      soon = window.setTimeout(() => this.selectionMoved(), 0);
    });
    cy.on('position add remove', () => (this.boxes = null));
    cy.on('select unselect add remove', () => (this.selected = null));
    host.deltas.connect(this.onDelta, this);
    host.reset.connect(this.onReset, this);
  }

  /** Elements, what is drawn of them, or faults are others than before. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get selectionChanged(): ISignal<this, readonly string[]> {
    return this._selectionChanged;
  }

  /** Draw what the host has. */
  reset(): void {
    this.faults = this.host.faults;
    this.drawing.show(sceneOf(this.host.elements));
    this.tell();
  }

  /**
   * Send edits, draw what changed. Null if they were refused: then a toast at `at` (a point of the stage) says why, and
   * everything is as it was. With `refused`, that is told instead of the toast.
   */
  async edit(edits: readonly Edit[], options: EditOptions = {}): Promise<Delta | null> {
    if (this.host.readOnly) {
      this.notices.refuse('This workflow can only be looked at here.', [], options.at);
      this.putBack(edits);
      return null;
    }
    this.root.dataset.pending = String(++this.pending);
    try {
      const delta = await this.host.edit(edits);
      if (this.cy.destroyed()) {
        return null;
      }
      for (const edit of edits) {
        if (edit.op === 'rename') {
          this.drawing.renamed(edit.id, edit.to);
        } else if (edit.op === 'set_node' && typeof edit.fields.id === 'string') {
          this.drawing.renamed(edit.id, edit.fields.id);
        }
      }
      this.apply(delta);
      if (options.select) {
        this.select(delta.add.filter(element => element.group === 'nodes').map(element => element.data.id));
      }
      return delta;
    } catch (error) {
      if (this.cy.destroyed()) {
        return null;
      }
      const message = error instanceof Error ? error.message : String(error);
      const faults = error instanceof Refusal ? error.faults : [];
      if (options.refused) {
        options.refused(faults.length ? faults : [message]);
      } else {
        this.notices.refuse(faults[0] ?? message, faults, options.at);
      }
      this.putBack(edits);
      return null;
    } finally {
      this.root.dataset.pending = String(--this.pending);
    }
  }

  /** Ask the host; null if it failed, after a toast. */
  async ask<T>(...question: Parameters<CanvasHost['ask']>): Promise<T | null> {
    try {
      return (await this.host.ask(...question)) as T;
    } catch (error) {
      this.notices.refuse(error instanceof Error ? error.message : String(error));
      return null;
    }
  }

  /** Take places that a person chose; with the first of them all others are kept as they are. */
  async place(positions: Positions): Promise<void> {
    const others = this.drawing.provisionalPositions();
    this.drawing.move(positions);
    await this.edit([{ op: 'move', positions: { ...others, ...positions } }]);
  }

  /** Makes places that nobody chose chosen ones: for edits after which nodes should be found where they were seen. */
  keepPlaces(): Edit[] {
    const positions = this.drawing.provisionalPositions();
    return Object.keys(positions).length ? [{ op: 'move', positions }] : [];
  }

  /** What is drawn. */
  get scene(): Scene {
    return this.drawing.scene;
  }

  /** Where boxes are that are not at their places. */
  moved(): Positions {
    const off = this.drawing.boxes().filter(({ id, x, y }) => {
      const at = this.drawing.placeOf(id);
      return !at || Math.abs(at[0] - x) > 0.5 || Math.abs(at[1] - y) > 0.5;
    });
    return Object.fromEntries(off.map(({ id, x, y }) => [id, [Math.round(x), Math.round(y)]]));
  }

  node(id: string): NodeElement | undefined {
    return this.scene.nodes.get(id);
  }

  get size(): number {
    return this.scene.nodes.size;
  }

  /** Ids of what is selected, in the order of the document. */
  get selection(): readonly string[] {
    if (!this.selected) {
      const ids = new Set(this.cy.elements(`${OURS}:selected`).map(element => element.id()));
      const order = ids.size ? [...this.scene.nodes.keys(), ...this.scene.edges.keys()] : [];
      this.selected = order.filter(id => ids.has(id));
    }
    return this.selected;
  }

  get selectedNodes(): readonly NodeElement[] {
    return this.selection.flatMap(id => this.node(id) ?? []);
  }

  /** Selected boxes that can be moved: of a group that is open its nodes. */
  get selectedBoxes(): Box[] {
    const nodes = this.cy.nodes(`${OURS}:selected`);
    const all = nodes.union(nodes.descendants()) as typeof nodes;
    return this.drawing.boxes(all.map(node => node.id()));
  }

  select(ids: readonly string[]): void {
    const wanted = new Set(ids);
    this.cy.batch(() => {
      this.cy.elements(':selected').forEach(element => void (wanted.has(element.id()) || element.unselect()));
      wanted.forEach(id => this.cy.getElementById(id).select());
    });
  }

  /** Bring nodes into view, without moving more than needed; of what is too large its upper left part. */
  reveal(...ids: readonly string[]): void {
    const drawn = ids.reduce((all, id) => all.union(this.cy.getElementById(id)), this.cy.collection());
    const [width, height] = [this.cy.width(), this.cy.height()];
    const room = 24;
    if (drawn.empty() || width <= 2 * room || height <= 2 * room) {
      return;
    }
    const box = drawn.renderedBoundingBox({ includeLabels: false });
    const dx = box.x1 < room ? room - box.x1 : box.x2 > width - room ? width - room - box.x2 : 0;
    const dy = box.y1 < room ? room - box.y1 : box.y2 > height - room ? height - room - box.y2 : 0;
    if (dx || dy) {
      this.cy.panBy({ x: dx, y: dy });
    }
  }

  /** A point of the stage in the workflow's coordinates. */
  toSheet([x, y]: Point): Point {
    const pan = this.cy.pan();
    const zoom = this.cy.zoom();
    return [Math.round((x - pan.x) / zoom), Math.round((y - pan.y) / zoom)];
  }

  /** The middle of what is seen, in pixels of the stage. */
  get middle(): Point {
    return [this.cy.width() / 2, this.cy.height() / 2];
  }

  /** The node at a point of the stage, the innermost one. */
  nodeAt([x, y]: Point): NodeElement | undefined {
    const [px, py] = this.toSheet([x, y]);
    this.boxes ??= this.drawing.boxes();
    const boxes = this.boxes.filter(({ x: cx, y: cy, width, height }) => {
      return Math.abs(px - cx) <= width / 2 && Math.abs(py - cy) <= height / 2;
    });
    const last = boxes[boxes.length - 1];
    return last && this.node(last.id);
  }

  /** A node's box in pixels of the stage. */
  boxOf(id: string): { left: number; right: number; top: number; bottom: number } {
    const drawn = this.cy.getElementById(id) as NodeSingular;
    const { x, y } = drawn.renderedPosition();
    const [width, height] = [drawn.renderedWidth() / 2, drawn.renderedHeight() / 2];
    return { left: x - width, right: x + width, top: y - height, bottom: y + height };
  }

  /** Inputs that an edge or a value gives. */
  isFed(node: string, port: Port): boolean {
    return [...this.scene.edges.values()].some(({ data }) => data.target === node && data.input === port.name);
  }

  dispose(): void {
    this.host.deltas.disconnect(this.onDelta, this);
    this.host.reset.disconnect(this.onReset, this);
    Signal.clearData(this);
  }

  private apply(delta: Delta): void {
    this.faults = delta.faults;
    this.drawing.show(applied(this.scene, delta));
    this.tell();
  }

  private onDelta(_host: CanvasHost, delta: Delta): void {
    this.apply(delta);
    this.reveal(...delta.add.flatMap(({ group, data }) => (group === 'nodes' ? [data.id] : [])));
  }

  private onReset(): void {
    this.reset();
  }

  /** A refused move leaves nodes where Python has them. */
  private putBack(edits: readonly Edit[]): void {
    const moved = edits.flatMap(edit => (edit.op === 'move' ? Object.keys(edit.positions) : []));
    const back = moved.flatMap(id => {
      const at = this.node(id)?.position;
      return at ? [[id, at] as const] : [];
    });
    this.drawing.move(Object.fromEntries(back));
  }

  private tell(): void {
    this.root.dataset.nodes = String(this.scene.nodes.size);
    this.root.dataset.edges = String(this.scene.edges.size);
    this._changed.emit();
  }

  private selectionMoved(): void {
    if (this.cy.destroyed()) {
      return;
    }
    const ids = this.selection;
    this.root.dataset.selected = ids.join(' ');
    this._selectionChanged.emit(ids);
  }
}
