// The typed ports of one node, beside its box: inputs at the left, outputs at the right.
import type { NodeElement, Port } from '../schema';

import { make } from './dom';
import { isFrame } from './scene';
import type { Sheet } from './sheet';

/** Below this zoom there is no room for ports; an edge being drawn shows them all the same. */
const SMALLEST_ZOOM = 0.4;

/** Below this zoom they would cover other nodes: nobody has asked for those of a node that is just selected. */
const SMALLEST_BRIEF_ZOOM = 0.7;

/** Pixels between ports and the border of the stage. */
const EDGE = 6;

export interface PortUse {
  /** A press on an output: an edge may begin. */
  begin(node: string, output: string, event: PointerEvent): void;
}

export class Ports {
  readonly layer = make('div', { class: 'tg-ports', 'aria-hidden': 'true' });
  node: string | null = null;
  private inputs = make('div', { class: 'tg-ports-in' });
  private outputs = make('div', { class: 'tg-ports-out' });
  private timer = 0;

  constructor(
    private readonly sheet: Sheet,
    private readonly use: PortUse
  ) {
    this.layer.append(this.inputs, this.outputs);
    this.layer.hidden = true;
    sheet.stage.append(this.layer);
    sheet.cy.on('viewport resize position', () => this.follow());
    sheet.changed.connect(this.refresh, this);
    this.layer.addEventListener('pointerenter', () => window.clearTimeout(this.timer), true);
    this.layer.addEventListener('pointerleave', () => this.hideSoon());
    this.layer.addEventListener('pointerdown', event => this.press(event));
  }

  /** Show a node's ports, only by name if the node is just selected; with `target` only inputs, those that don't fit an output of this type faded. */
  show(id: string, target?: { type: string }, brief = false): void {
    window.clearTimeout(this.timer);
    const node = this.sheet.node(id);
    if (
      !node ||
      node.data.kind === 'comment' ||
      node.data.kind === 'plain' ||
      isFrame(node) ||
      (this.sheet.cy.zoom() < (brief ? SMALLEST_BRIEF_ZOOM : SMALLEST_ZOOM) && !target)
    ) {
      this.hide();
      return;
    }
    this.node = id;
    this.layer.hidden = false;
    this.layer.classList.toggle('tg-aim', Boolean(target));
    this.layer.classList.toggle('tg-brief', brief);
    this.inputs.replaceChildren(...node.data.inputs.map(port => this.input(node, port, target?.type)));
    this.outputs.replaceChildren(...(target ? [] : this.outgoing(node)));
    this.follow();
  }

  hide(): void {
    window.clearTimeout(this.timer);
    this.node = null;
    this.layer.hidden = true;
  }

  /** After a moment in which the pointer may come back; then those of `instead` are shown. */
  hideSoon(instead?: string): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(
      () => (instead === undefined ? this.hide() : this.show(instead, undefined, true)),
      260
    );
  }

  /** The input at a point of the page. */
  inputAt(clientX: number, clientY: number): string | undefined {
    const row = document.elementFromPoint(clientX, clientY)?.closest<HTMLElement>('.tg-port[data-input]');
    return row && this.layer.contains(row) ? row.dataset.input : undefined;
  }

  /** Mark the input that an edge would lead to. */
  aim(input: string | undefined): void {
    this.inputs.querySelectorAll<HTMLElement>('.tg-port').forEach(row => {
      row.classList.toggle('tg-aimed', row.dataset.input === input);
    });
  }

  dispose(): void {
    window.clearTimeout(this.timer);
    this.sheet.changed.disconnect(this.refresh, this);
  }

  private outgoing(node: NodeElement): HTMLElement[] {
    const ports = node.data.outputs;
    const all = { name: '', type: 'any', required: false, value: '', doc: 'all that the node gives' };
    return (ports.length ? ports : [all]).map(port => {
      const row = make('div', { class: 'tg-port', 'data-output': port.name, title: title(port, 'output') });
      row.append(make('i', { class: 'tg-dot tg-full' }), make('b', {}, port.name || 'output'), type(port));
      return row;
    });
  }

  private input(node: NodeElement, port: Port, wanted: string | undefined): HTMLElement {
    const fed = this.sheet.isFed(node.data.id, port);
    const row = make('div', { class: 'tg-port', 'data-input': port.name, title: title(port, 'input') });
    const value = port.value && !fed ? [make('span', { class: 'tg-port-value' }, `= ${port.value}`)] : [];
    const missing = port.required && !fed && !port.value;
    const dot = make('i', { class: fed ? 'tg-dot tg-full' : missing ? 'tg-dot tg-missing' : 'tg-dot' });
    row.append(make('b', {}, port.name), type(port), ...value, dot);
    row.classList.toggle('tg-unfit', wanted !== undefined && !fits(wanted, port.type));
    return row;
  }

  private follow(): void {
    if (this.node === null || this.sheet.cy.getElementById(this.node).empty()) {
      return;
    }
    const box = this.sheet.boxOf(this.node);
    const middle = (box.top + box.bottom) / 2;
    const left = box.left + 6 - this.inputs.offsetWidth;
    const right = box.right - 6;
    const last = this.sheet.cy.width() - this.outputs.offsetWidth;
    // beside the box; where the view ends there, inputs are below it and outputs above
    this.inputs.style.transform =
      left >= 0
        ? `translate(${left}px, calc(${middle}px - 50%))`
        : `translate(${Math.max(EDGE, box.left)}px, ${box.bottom + EDGE}px)`;
    this.outputs.style.transform =
      right <= last
        ? `translate(${right}px, calc(${middle}px - 50%))`
        : `translate(${last - EDGE}px, calc(${box.top - EDGE}px - 100%))`;
    this.inputs.classList.toggle('tg-below', left < 0);
  }

  private refresh(): void {
    if (this.node !== null && !this.layer.classList.contains('tg-aim')) {
      this.show(this.node, undefined, this.layer.classList.contains('tg-brief'));
    }
  }

  private press(event: PointerEvent): void {
    const row = (event.target as HTMLElement).closest<HTMLElement>('.tg-port[data-output]');
    if (row && this.node !== null && event.button === 0) {
      event.preventDefault();
      event.stopPropagation();
      this.use.begin(this.node, row.dataset.output ?? '', event);
    }
  }
}

/** A hint only, so that the eye finds a likely target: whether an edge is allowed, Python says. */
export function fits(output: string, input: string): boolean {
  return (
    output === input ||
    output === 'any' ||
    input === 'any' ||
    !output ||
    !input ||
    (output === 'integer' && input === 'number')
  );
}

function type(port: Port): HTMLElement {
  return make('span', { class: 'tg-port-type' }, port.type === 'any' ? '' : port.type);
}

function title(port: Port, kind: string): string {
  const parts = [
    `${kind} ${port.name}: ${port.type}`,
    port.required ? 'required' : '',
    port.value && `= ${port.value}`
  ];
  return [parts.filter(Boolean).join(', '), port.doc].filter(Boolean).join('\n');
}
