// What the pointer brings up: a node's ports, what is wrong with it, the ports that an edge joins.
import type { EdgeSingular } from 'cytoscape';

import { make, pointIn } from './dom';
import type { Linking } from './linking';
import type { Ports } from './ports';
import type { Sheet } from './sheet';
import { lookOf } from './states';

const PAUSE_MS = 90;

export class Hovering {
  private readonly tip = make('div', { class: 'tg-tip', role: 'tooltip', hidden: true });
  private timer = 0;
  private looking = 0;
  private node: string | undefined;

  constructor(
    private readonly sheet: Sheet,
    private readonly ports: Ports,
    private readonly linking: Linking
  ) {
    sheet.stage.append(this.tip);
    const { cy } = sheet;
    // cytoscape doesn't tell when the pointer goes from a node to its ports and back
    sheet.stage.addEventListener('pointermove', event => this.follow(event));
    sheet.stage.addEventListener('pointerleave', () => this.over(undefined));
    sheet.stage.addEventListener('pointerdown', () => this.hideTip());
    cy.on('mouseover', 'edge', event => this.tell(event.target as EdgeSingular, true));
    cy.on('mouseout', 'edge', event => this.tell(event.target as EdgeSingular, false));
    cy.on('select', 'edge', event => this.tell(event.target as EdgeSingular, true));
    cy.on('unselect', 'edge', event => this.tell(event.target as EdgeSingular, false));
    cy.on('viewport grab', () => this.hideTip());
    sheet.selectionChanged.connect(this.selected, this);
  }

  dispose(): void {
    window.clearTimeout(this.timer);
    cancelAnimationFrame(this.looking);
    this.sheet.selectionChanged.disconnect(this.selected, this);
  }

  private follow(event: PointerEvent): void {
    const point = pointIn(this.sheet.stage, event);
    if (event.target instanceof HTMLCanvasElement && event.buttons === 0 && !this.linking.active) {
      cancelAnimationFrame(this.looking);
      this.looking = requestAnimationFrame(() => this.over(this.sheet.nodeAt(point)?.data.id));
    } else if (!(event.target instanceof Node && this.ports.layer.contains(event.target))) {
      this.over(undefined);
    }
  }

  private over(id: string | undefined): void {
    if (id !== this.node || (id !== undefined && this.ports.node === null)) {
      this.node = id;
      if (id === undefined) {
        this.leave();
      } else {
        this.enter(id);
      }
    }
  }

  private enter(id: string): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.ports.show(id);
      this.showTip(id);
    }, PAUSE_MS);
  }

  private leave(): void {
    window.clearTimeout(this.timer);
    this.hideTip();
    if (!this.linking.active) {
      const [only, ...more] = this.sheet.selection;
      this.ports.hideSoon(more.length === 0 ? only : undefined);
    }
  }

  private selected(_sheet: Sheet, ids: readonly string[]): void {
    if (this.linking.active) {
      return;
    }
    if (ids.length === 1 && this.sheet.node(ids[0])) {
      this.ports.show(ids[0], undefined, this.ports.node !== ids[0]);
    } else {
      this.ports.hide();
    }
  }

  private tell(edge: EdgeSingular, on: boolean): void {
    edge.toggleClass('tg-told', on || edge.selected());
  }

  private showTip(id: string): void {
    const node = this.sheet.node(id);
    const status = this.sheet.drawing.statusOf(id);
    if (!node || node.data.kind === 'comment') {
      return;
    }
    const { faults, description, opaque } = node.data;
    const error = status?.error ? [`✕ ${status.error}`] : [];
    const state = status
      ? [
          `${lookOf(status.state).glyph} ${lookOf(status.state).label}${status.attempt > 1 ? `, attempt ${status.attempt}` : ''}`
        ]
      : [];
    const unread = opaque ? ['This code is not understood, so it is shown as it is and never rewritten.'] : [];
    const lines = [
      ...faults.map(fault => `⚠ ${fault}`),
      ...error,
      ...state,
      ...unread,
      ...(description ? [description] : [])
    ];
    if (lines.length === 0) {
      return;
    }
    this.tip.replaceChildren(...lines.map(line => make('p', {}, line)));
    this.tip.hidden = false;
    const box = this.sheet.boxOf(id);
    const left = Math.max(8, Math.min(box.left, this.sheet.stage.clientWidth - this.tip.offsetWidth - 8));
    const below = box.bottom + 8;
    const fits = below + this.tip.offsetHeight < this.sheet.stage.clientHeight;
    this.tip.style.transform = `translate(${left}px, ${fits ? below : Math.max(4, box.top - this.tip.offsetHeight - 8)}px)`;
  }

  private hideTip(): void {
    window.clearTimeout(this.timer);
    this.tip.hidden = true;
  }
}
