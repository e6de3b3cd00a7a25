// Keys on the canvas. JupyterLab keeps those that the canvas has no use for.
import { ACTIONS, actionOf, type ActionName, type Performer } from './actions';
import { isTextField } from './dom';
import type { Point } from './scene';
import type { Sheet } from './sheet';

/** Pixels that an arrow key moves nodes by; with Shift the larger one. */
const NUDGE = { small: 5, large: 40 } as const;

/** How long arrow keys are gathered into one edit. */
const PAUSE_MS = 350;

const ARROWS: Record<string, Point> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const BY_KEYS = new Map<string, ActionName>(
  (Object.keys(ACTIONS) as ActionName[]).flatMap(name =>
    (actionOf(name).keys ?? []).map((keys): [string, ActionName] => [keys.toLowerCase(), name])
  )
);

export class Keys {
  private timer = 0;
  private readonly guard = (event: KeyboardEvent) => this.share(event);

  constructor(
    private readonly sheet: Sheet,
    private readonly perform: Performer,
    private readonly escape: () => void
  ) {
    sheet.root.addEventListener('keydown', event => this.press(event));
    // JupyterLab listens at the document, before the canvas does: it is told here which keys are the canvas' own
    window.addEventListener('keydown', this.guard, true);
  }

  dispose(): void {
    window.removeEventListener('keydown', this.guard, true);
    window.clearTimeout(this.timer);
  }

  private share(event: KeyboardEvent): void {
    if (event.target instanceof Node && this.sheet.root.contains(event.target)) {
      const mine = isTextField(event.target)
        ? !(event.ctrlKey || event.metaKey) || isEditing(event)
        : this.isMine(event);
      this.sheet.root.toggleAttribute('data-lm-suppress-shortcuts', mine);
    }
  }

  private isMine(event: KeyboardEvent): boolean {
    return BY_KEYS.has(nameOf(event)) || event.key in ARROWS || ['Tab', 'Escape'].includes(event.key) || isPlain(event);
  }

  private press(event: KeyboardEvent): void {
    if (event.defaultPrevented || isTextField(event.target)) {
      return;
    }
    const onButton = event.target instanceof HTMLElement && event.target.closest('button, [role="toolbar"], .tg-side');
    if (onButton && !(event.ctrlKey || event.metaKey)) {
      return;
    }
    if (this.handle(event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  private handle(event: KeyboardEvent): boolean {
    if (event.key === 'Escape') {
      this.escape();
      return true;
    }
    if (event.key === 'Tab') {
      return this.step(event.shiftKey ? -1 : 1);
    }
    const arrow = ARROWS[event.key];
    if (arrow && !(event.ctrlKey || event.metaKey || event.altKey)) {
      this.arrow(arrow, event.shiftKey ? NUDGE.large : NUDGE.small);
      return true;
    }
    const name = BY_KEYS.get(nameOf(event));
    if (!name || name === 'paste') {
      return false; // pasting is an event of its own, with the clipboard's contents
    }
    this.perform(name);
    return true;
  }

  /** Select the next node from left to right; beyond the last one the focus leaves the canvas. */
  private step(by: number): boolean {
    const boxes = this.sheet.drawing.boxes().sort((a, b) => a.x - b.x || a.y - b.y);
    const selected = this.sheet.selectedNodes.map(node => node.data.id);
    const at = boxes.findIndex(box => box.id === selected[selected.length - 1]);
    const next = at < 0 ? boxes[by > 0 ? 0 : boxes.length - 1] : boxes[at + by];
    if (!next) {
      return false;
    }
    this.sheet.select([next.id]);
    this.sheet.reveal(next.id);
    return true;
  }

  /** Move what is selected, else the view. */
  private arrow([x, y]: Point, by: number): void {
    const boxes = this.sheet.selectedBoxes;
    if (boxes.length === 0) {
      this.sheet.cy.panBy({ x: -x * NUDGE.large, y: -y * NUDGE.large });
      return;
    }
    if (this.sheet.host.readOnly) {
      return;
    }
    this.sheet.cy.batch(() => {
      boxes.forEach(box => this.sheet.cy.getElementById(box.id).position({ x: box.x + x * by, y: box.y + y * by }));
    });
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      void this.sheet.place(this.sheet.moved());
    }, PAUSE_MS);
  }
}

/** `mod+shift+z`, as the table writes them. Signs are named without the Shift that types them. */
function nameOf(event: KeyboardEvent): string {
  const key = event.key === ' ' ? 'space' : event.key.toLowerCase();
  const sign = key.length === 1 && key.toUpperCase() === key && !/[0-9]/.test(key);
  return [
    event.ctrlKey || event.metaKey ? 'mod+' : '',
    event.altKey ? 'alt+' : '',
    event.shiftKey && !sign ? 'shift+' : '',
    key
  ].join('');
}

function isPlain(event: KeyboardEvent): boolean {
  return !(event.ctrlKey || event.metaKey || event.altKey) && event.key.length === 1;
}

function isEditing(event: KeyboardEvent): boolean {
  return ['a', 'c', 'v', 'x', 'y', 'z', 'f', 'd', 'enter', '/', ']', '['].includes(event.key.toLowerCase());
}
