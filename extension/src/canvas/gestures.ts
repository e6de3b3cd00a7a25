// The mouse on the drawing, apart from edges: select, move, open, add, the menu; and pasting.
import type { EventObject, NodeSingular } from 'cytoscape';

import { addByMenu } from './adding';
import { paste } from './clipboard';
import { isTextField, pointIn } from './dom';
import { rename } from './naming';
import type { Performing } from './performing';
import { isFrame, type Point } from './scene';
import type { Sheet } from './sheet';

export class Gestures {
  /** Where the pointer is on the stage. */
  private pointer: Point | null = null;
  private dropped = 0;

  constructor(
    private readonly sheet: Sheet,
    private readonly performing: () => Performing,
    private readonly open: (id: string) => void
  ) {
    const { cy, stage, root } = sheet;
    stage.addEventListener('pointermove', event => (this.pointer = pointIn(stage, event)));
    stage.addEventListener('pointerleave', () => (this.pointer = null));
    stage.addEventListener('pointerdown', () => sheet.notices.hide());
    stage.addEventListener('mousedown', event => {
      if (event.target instanceof HTMLCanvasElement || event.target === stage) {
        stage.focus({ preventScroll: true }); // cytoscape takes the focus away from whatever had it
      }
    });
    stage.addEventListener('contextmenu', event => event.preventDefault());
    root.addEventListener('paste', event => this.paste(event));
    cy.on('dbltap', event => this.doubleClick(event));
    cy.on('cxttap', event => this.contextMenu(event));
    cy.on('dragfree', 'node', () => {
      window.clearTimeout(this.dropped);
      this.dropped = window.setTimeout(() => void this.keepPositions(), 0); // one edit for all that was dragged
    });
  }

  /** Where something new goes: at the pointer, else in the middle. */
  get place(): Point {
    return this.pointer ?? this.sheet.middle;
  }

  /** Keep nodes where a hand or a layout has put them. */
  async keepPositions(): Promise<void> {
    const moved = this.sheet.moved();
    if (!this.sheet.cy.destroyed() && Object.keys(moved).length) {
      await this.sheet.place(moved);
    }
  }

  dispose(): void {
    window.clearTimeout(this.dropped);
  }

  private paste(event: ClipboardEvent): void {
    if (!isTextField(event.target) && !this.sheet.host.readOnly) {
      event.preventDefault();
      void paste(this.sheet, event.clipboardData?.getData('text/plain') ?? '', this.place);
    }
  }

  private doubleClick(event: EventObject): void {
    const at: Point = [event.renderedPosition.x, event.renderedPosition.y];
    const node = event.target === this.sheet.cy ? undefined : this.sheet.node((event.target as NodeSingular).id());
    if (event.target === this.sheet.cy || (node && isFrame(node))) {
      void addByMenu(this.sheet, at);
    } else if (node?.data.kind === 'comment') {
      void rename(this.sheet, node);
    } else if (node?.data.kind === 'group') {
      void this.sheet.edit([{ op: 'collapse', id: node.data.id, collapsed: false }]);
    } else if (node) {
      this.open(node.data.id);
    }
  }

  private contextMenu(event: EventObject): void {
    const { target } = event;
    if (target === this.sheet.cy) {
      this.sheet.select([]);
    } else if (!(target as NodeSingular).selected()) {
      this.sheet.select([(target as NodeSingular).id()]);
    }
    void this.performing().contextMenu([event.renderedPosition.x, event.renderedPosition.y]);
  }
}
