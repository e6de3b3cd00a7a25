// The whole workflow small, in a corner, with a frame around what is seen. Click or drag to go there.
import { make } from './dom';
import { lookOf } from './states';
import type { Sheet } from './sheet';

const SIZE = { width: 184, height: 116, room: 6 } as const;

interface Extent {
  left: number;
  top: number;
  scale: number;
}

export class Minimap {
  readonly element = make('div', { class: 'tg-minimap', 'aria-hidden': 'true' });
  private readonly canvas = make('canvas', {});
  private readonly frame = make('div', { class: 'tg-minimap-frame' });
  private extent: Extent = { left: 0, top: 0, scale: 1 };
  private drawing = 0;
  private stale = true;

  constructor(private readonly sheet: Sheet) {
    this.element.append(this.canvas, this.frame);
    sheet.stage.append(this.element);
    this.canvas.style.width = `${SIZE.width}px`;
    this.canvas.style.height = `${SIZE.height}px`;
    sheet.cy.on('viewport resize', () => this.soon(false));
    sheet.cy.on('position data add remove', () => this.soon(true));
    this.element.addEventListener('pointerdown', event => {
      event.preventDefault();
      event.stopPropagation();
      this.element.setPointerCapture(event.pointerId);
      this.go(event);
    });
    this.element.addEventListener('pointermove', event => {
      if (this.element.hasPointerCapture(event.pointerId)) {
        this.go(event);
      }
    });
  }

  get visible(): boolean {
    return !this.element.hidden;
  }

  toggle(on = !this.visible): void {
    this.element.hidden = !on;
    this.soon(true);
  }

  /** Draw anew: with `all` also the nodes, else only the frame. */
  soon(all: boolean): void {
    this.stale ||= all;
    if (this.visible && !this.drawing) {
      this.drawing = requestAnimationFrame(() => {
        this.drawing = 0;
        if (!this.sheet.cy.destroyed()) {
          this.draw();
        }
      });
    }
  }

  private draw(): void {
    if (this.stale) {
      this.stale = false;
      this.drawNodes();
    }
    const { x1, y1, w, h } = this.sheet.cy.extent();
    const { left, top, scale } = this.extent;
    const style = this.frame.style;
    style.transform = `translate(${(x1 - left) * scale}px, ${(y1 - top) * scale}px)`;
    style.width = `${w * scale}px`;
    style.height = `${h * scale}px`;
  }

  private drawNodes(): void {
    const boxes = this.sheet.drawing.boxes();
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = SIZE.width * ratio;
    this.canvas.height = SIZE.height * ratio;
    const context = this.canvas.getContext('2d');
    if (!context || boxes.length === 0) {
      return;
    }
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const box of boxes) {
      left = Math.min(left, box.x - box.width / 2);
      right = Math.max(right, box.x + box.width / 2);
      top = Math.min(top, box.y - box.height / 2);
      bottom = Math.max(bottom, box.y + box.height / 2);
    }
    const { width, height, room } = SIZE;
    const scale = Math.min((width - 2 * room) / (right - left), (height - 2 * room) / (bottom - top), 0.25);
    const middle = { x: (left + right) / 2, y: (top + bottom) / 2 };
    this.extent = { left: middle.x - width / 2 / scale, top: middle.y - height / 2 / scale, scale };
    context.scale(ratio * scale, ratio * scale);
    context.translate(-this.extent.left, -this.extent.top);
    const { palette } = this.sheet.drawing;
    for (const box of boxes) {
      const state = this.sheet.drawing.statusOf(box.id)?.state;
      const note = this.sheet.node(box.id)?.data.kind === 'comment';
      context.fillStyle = note ? palette.note : palette.hues[state ? lookOf(state).hue : 'idle'];
      context.fillRect(box.x - box.width / 2, box.y - box.height / 2, box.width, box.height);
    }
  }

  private go(event: PointerEvent): void {
    const bounds = this.element.getBoundingClientRect();
    const { left, top, scale } = this.extent;
    const x = (event.clientX - bounds.left) / scale + left;
    const y = (event.clientY - bounds.top) / scale + top;
    const { cy } = this.sheet;
    cy.pan({ x: cy.width() / 2 - x * cy.zoom(), y: cy.height() / 2 - y * cy.zoom() });
  }
}
