// Drawing an edge: with the mouse from an output to a node or an input, with the keyboard by choosing from lists.
import type { NodeElement, Port } from '../schema';

import { pointIn } from './dom';
import { choose } from './popup';
import { fits, type Ports } from './ports';
import { isFrame, type Point } from './scene';
import type { Sheet } from './sheet';

const SVG = 'http://www.w3.org/2000/svg';

/** Pixels from the stage's border within which the view moves along. */
const MARGIN = 28;

interface Drag {
  source: string;
  output: string;
  type: string;
  path: SVGPathElement;
  svg: SVGSVGElement;
  over: string | null;
  input: string | undefined;
  at: Point;
  client: Point;
  scroll: number;
}

export class Linking {
  private drag: Drag | null = null;
  private readonly move = (event: PointerEvent) => this.follow(event);
  private readonly up = (event: PointerEvent) => void this.drop(event);
  private readonly key = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      this.end();
    }
  };

  constructor(
    private readonly sheet: Sheet,
    private readonly ports: () => Ports
  ) {}

  get active(): boolean {
    return this.drag !== null;
  }

  /** Begin an edge with the mouse at an output. */
  begin(source: string, output: string, event: PointerEvent): void {
    if (this.sheet.host.readOnly) {
      return;
    }
    this.sheet.notices.hide();
    const svg = document.createElementNS(SVG, 'svg');
    svg.setAttribute('class', 'tg-link');
    const path = document.createElementNS(SVG, 'path');
    svg.append(path);
    this.sheet.stage.append(svg);
    const type = this.sheet.node(source)?.data.outputs.find(port => port.name === output)?.type ?? 'any';
    const at = pointIn(this.sheet.stage, event);
    const client: Point = [event.clientX, event.clientY];
    this.drag = { source, output, type, path, svg, at, client, over: null, input: undefined, scroll: 0 };
    this.sheet.stage.classList.add('tg-linking');
    this.dim(source, type);
    window.addEventListener('pointermove', this.move);
    window.addEventListener('pointerup', this.up);
    window.addEventListener('keydown', this.key, true);
    this.draw();
  }

  /** Choose a target for the selected node, from lists. */
  async byKeyboard(source: NodeElement, at: Point): Promise<void> {
    const outputs = source.data.outputs;
    const output =
      outputs.length > 1
        ? await choose(this.sheet.stage, outputs.map(choiceOf), { title: `Output of ${source.data.label}`, at })
        : (outputs[0] ?? null);
    if (outputs.length > 1 && !output) {
      return;
    }
    const before = this.upstream(source.data.id);
    const targets = [...this.sheet.scene.nodes.values()].filter(
      node => node.data.kind !== 'comment' && !isFrame(node) && !before.has(node.data.id)
    );
    const fit = ({ data }: NodeElement) => data.inputs.some(port => fits(output?.type ?? 'any', port.type));
    const target = await choose(
      this.sheet.stage,
      [...targets.filter(fit), ...targets.filter(node => !fit(node))].map(node => ({
        value: node,
        label: node.data.label,
        detail: node.data.component
      })),
      { title: 'Connect to', placeholder: `Connect ${source.data.label} to…`, at }
    );
    if (target) {
      await this.link(source.data.id, output?.name ?? '', target, undefined, at, false);
    }
  }

  end(): void {
    const drag = this.drag;
    if (!drag) {
      return;
    }
    this.drag = null;
    window.removeEventListener('pointermove', this.move);
    window.removeEventListener('pointerup', this.up);
    window.removeEventListener('keydown', this.key, true);
    cancelAnimationFrame(drag.scroll);
    drag.svg.remove();
    this.sheet.stage.classList.remove('tg-linking');
    this.sheet.cy.batch(() => this.sheet.cy.elements('.tg-dim, .tg-target').removeClass('tg-dim tg-target'));
    this.ports().hide();
  }

  private follow(event: PointerEvent): void {
    const drag = this.drag;
    if (!drag) {
      return;
    }
    drag.client = [event.clientX, event.clientY];
    drag.at = pointIn(this.sheet.stage, event);
    this.look();
    this.draw();
    if (!drag.scroll) {
      this.scroll();
    }
  }

  /** What is under the pointer: an input's row, or a node. */
  private look(): void {
    const drag = this.drag as Drag;
    drag.input = this.ports().inputAt(...drag.client);
    const over = drag.input === undefined ? (this.sheet.nodeAt(drag.at)?.data.id ?? null) : this.ports().node;
    const near = over ?? (this.isNearPorts(drag.at) ? this.ports().node : null);
    if (near !== drag.over) {
      drag.over = near;
      this.sheet.cy.nodes('.tg-target').removeClass('tg-target');
      if (near && near !== drag.source) {
        this.sheet.cy.getElementById(near).addClass('tg-target');
        this.ports().show(near, { type: drag.type });
      } else {
        this.ports().hide();
      }
    }
    this.ports().aim(drag.input);
  }

  /** Ports stay while the pointer is on its way to them. */
  private isNearPorts([x, y]: Point): boolean {
    const node = this.ports().node;
    if (node === null || !this.drag || node === this.drag.source) {
      return false;
    }
    const box = this.sheet.boxOf(node);
    const room = Math.max(30, (this.sheet.node(node)?.data.inputs.length ?? 0) * 13);
    return x > box.left - 170 && x < box.right + 10 && y > box.top - room && y < box.bottom + room;
  }

  private async drop(event: PointerEvent): Promise<void> {
    const drag = this.drag as Drag;
    this.follow(event);
    const { source, output, input, at } = drag;
    const over = input === undefined ? this.sheet.nodeAt(at) : drag.over ? this.sheet.node(drag.over) : undefined;
    this.end();
    if (over && over.data.id !== source && over.data.kind !== 'comment') {
      await this.link(source, output, over, input, at, event.shiftKey);
    }
  }

  /** Make the edge; where it is in doubt which input is meant, ask. */
  private async link(
    source: string,
    output: string,
    target: NodeElement,
    input: string | undefined,
    at: Point,
    after: boolean
  ): Promise<void> {
    const to = target.data.id;
    let port = input;
    const type = this.sheet.node(source)?.data.outputs.find(one => one.name === output)?.type ?? 'any';
    if (!after && port === undefined) {
      const free = target.data.inputs.filter(one => !this.sheet.isFed(to, one) && fits(type, one.type));
      if (free.length > 1) {
        const chosen = await this.chooseInput(target, type, at);
        if (!chosen) {
          return;
        }
        [port, after] = [chosen.input, chosen.after];
      } else {
        port = free[0]?.name ?? '';
      }
    }
    const edge = after ? { output: '', input: '', after: true } : { output, input: port ?? '' };
    const delta = await this.sheet.edit([{ op: 'add_edge', source, target: to, ...edge }], { at });
    if (delta) {
      this.sheet.notices.say(`${source} connected to ${to}${port ? `, input ${port}` : ''}`);
    }
  }

  private chooseInput({ data }: NodeElement, type: string, at: Point) {
    const ports = [...data.inputs].sort((a, b) => Number(fits(type, b.type)) - Number(fits(type, a.type)));
    const choices = ports.map(port => ({
      value: { input: port.name, after: false },
      label: port.name,
      hint: port.type,
      detail: this.sheet.isFed(data.id, port) ? 'replaces an edge' : port.value && `= ${port.value}`
    }));
    const wait = { value: { input: '', after: true }, label: 'only wait for it', hint: 'after', detail: '' };
    return choose(this.sheet.stage, [...choices, wait], { title: `Input of ${data.label}`, at });
  }

  /** What an edge can't lead to fades: the node itself, what comes before it, and nodes without a fitting input. */
  private dim(source: string, type: string): void {
    const before = this.upstream(source);
    this.sheet.cy.batch(() => {
      for (const { data } of this.sheet.scene.nodes.values()) {
        const open = data.kind !== 'comment' && data.inputs.length === 0;
        const fit = open || data.inputs.some(port => fits(type, port.type));
        if (data.id !== source && (before.has(data.id) || !fit)) {
          this.sheet.cy.getElementById(data.id).addClass('tg-dim');
        }
      }
    });
  }

  private upstream(id: string): Set<string> {
    const node = this.sheet.cy.getElementById(id);
    return new Set([id, ...node.predecessors('node').map(one => one.id())]);
  }

  private draw(): void {
    const { source, at, path } = this.drag as Drag;
    const box = this.sheet.boxOf(source);
    const [x1, y1] = [box.right, (box.top + box.bottom) / 2];
    const [x2, y2] = at;
    const reach = Math.max(30, Math.abs(x2 - x1) / 2);
    path.setAttribute('d', `M${x1},${y1} C${x1 + reach},${y1} ${x2 - reach},${y2} ${x2},${y2}`);
  }

  /** Near the border the view moves along, so that targets out of sight can be reached. */
  private scroll(): void {
    const drag = this.drag;
    if (!drag) {
      return;
    }
    const { clientWidth, clientHeight } = this.sheet.stage;
    const pull = (at: number, size: number) =>
      at < MARGIN ? MARGIN - at : at > size - MARGIN ? size - MARGIN - at : 0;
    const [x, y] = [pull(drag.at[0], clientWidth), pull(drag.at[1], clientHeight)];
    drag.scroll = 0;
    if (x || y) {
      const limit = (value: number) => Math.max(-14, Math.min(14, value / 2));
      this.sheet.cy.panBy({ x: limit(x), y: limit(y) });
      this.draw();
      drag.scroll = requestAnimationFrame(() => this.scroll());
    }
  }
}

function choiceOf(port: Port) {
  return { value: port, label: port.name, hint: port.type };
}
