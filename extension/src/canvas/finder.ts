// Find nodes by what is written on them: hits are marked, the others fade.
import { caretDownIcon, caretUpIcon, closeIcon } from '@jupyterlab/ui-components';

import { iconButton, make } from './dom';
import type { Sheet } from './sheet';

export class Finder {
  private readonly bar: HTMLElement;
  private readonly field: HTMLInputElement;
  private readonly count = make('span', { class: 'tg-find-count', role: 'status' });
  private hits: string[] = [];
  private at = -1;

  constructor(private readonly sheet: Sheet) {
    this.field = make('input', {
      type: 'search',
      placeholder: 'Find on the canvas',
      'aria-label': 'Find on the canvas'
    });
    this.bar = make(
      'div',
      { class: 'tg-find', role: 'search', hidden: true },
      this.field,
      this.count,
      iconButton(caretUpIcon, 'Previous (Shift+Enter)', () => this.step(-1)),
      iconButton(caretDownIcon, 'Next (Enter)', () => this.step(1)),
      iconButton(closeIcon, 'Close (Escape)', () => this.close())
    );
    sheet.stage.append(this.bar);
    this.field.addEventListener('input', () => this.look());
    this.bar.addEventListener('keydown', event => {
      event.stopPropagation();
      if (event.key === 'Enter' && event.target === this.field) {
        this.step(event.shiftKey ? -1 : 1);
      } else if (event.key === 'Escape') {
        this.close();
      } else if (!(event.key === 'f' && (event.ctrlKey || event.metaKey))) {
        return;
      }
      event.preventDefault();
    });
    sheet.changed.connect(() => void (this.isOpen && this.look()));
  }

  get isOpen(): boolean {
    return !this.bar.hidden;
  }

  open(): void {
    this.bar.hidden = false;
    this.field.focus({ preventScroll: true });
    this.field.select();
    this.look();
  }

  close(): void {
    if (!this.isOpen) {
      return;
    }
    this.bar.hidden = true;
    this.hits = [];
    this.sheet.cy.batch(() => this.sheet.cy.elements('.tg-hit, .tg-dim').removeClass('tg-hit tg-dim'));
    this.sheet.stage.focus({ preventScroll: true });
  }

  private look(): void {
    const words = this.field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const nodes = [...this.sheet.scene.nodes.values()];
    const text = ({ data }: (typeof nodes)[number]) =>
      [data.label, data.id, data.component, data.description, ...data.faults].join(' ').toLowerCase();
    const found = words.length ? nodes.filter(node => words.every(word => text(node).includes(word))) : [];
    this.hits = found.map(node => node.data.id);
    this.at = -1;
    const hits = new Set(this.hits);
    const { cy } = this.sheet;
    cy.batch(() => {
      cy.elements('.tg-hit, .tg-dim').removeClass('tg-hit tg-dim');
      if (words.length) {
        nodes.forEach(({ data }) => cy.getElementById(data.id).addClass(hits.has(data.id) ? 'tg-hit' : 'tg-dim'));
      }
    });
    this.count.textContent = words.length ? `${hits.size} found` : '';
  }

  private step(by: number): void {
    if (this.hits.length === 0) {
      return;
    }
    this.at = (this.at + by + this.hits.length) % this.hits.length;
    const id = this.hits[this.at];
    this.count.textContent = `${this.at + 1} of ${this.hits.length}`;
    this.sheet.select([id]);
    this.sheet.cy.center(this.sheet.cy.getElementById(id));
  }
}
