// The row of buttons above the canvas, and how the run is doing.
import { caretDownIcon, downloadIcon } from '@jupyterlab/ui-components';

import { CONNECTIONS } from '../sources';

import { actionOf, ORDERING, titleOf, type ActionName } from './actions';
import { iconButton, make } from './dom';
import { alignIcon } from './icons';
import type { Live } from './live';
import type { Performing } from './performing';
import type { Point } from './scene';
import type { Sheet } from './sheet';
import { lookOf } from './states';

interface Menu {
  title: string;
  icon: typeof caretDownIcon;
  items: readonly ActionName[];
}

const RUN: Menu = { title: 'Run…', icon: caretDownIcon, items: ['run', 'runSelected', 'runFrom', 'resume'] };
const ALIGN: Menu = { title: 'Align and distribute', icon: alignIcon, items: ORDERING };
const EXPORT: Menu = { title: 'Export a picture', icon: downloadIcon, items: ['png', 'svg'] };

const ROW: readonly (ActionName | Menu | '|')[] = [
  'run',
  RUN,
  'cancel',
  '|',
  'undo',
  'redo',
  '|',
  'add',
  'connect',
  'comment',
  'group',
  'delete',
  '|',
  'arrange',
  ALIGN,
  '|',
  'zoomOut',
  'zoomIn',
  'fit',
  '|',
  'find',
  'minimap',
  'properties',
  EXPORT
];

export class Toolbar {
  readonly element = make('div', { class: 'tg-toolbar', role: 'toolbar', 'aria-label': 'Canvas' });
  private readonly buttons = new Map<ActionName, HTMLButtonElement>();
  private readonly zoom = make('button', { type: 'button', class: 'tg-button tg-zoom' });
  private readonly notice = make('span', { class: 'tg-notice', role: 'status' });
  private readonly status = make('div', { class: 'tg-run' });
  private readonly faults = make('button', { type: 'button', class: 'tg-button tg-faults', hidden: true });

  constructor(
    private readonly sheet: Sheet,
    private readonly live: Live,
    private readonly performing: Performing
  ) {
    for (const item of ROW) {
      this.element.append(this.item(item));
    }
    this.zoom.title = titleOf('zoomReset');
    this.zoom.addEventListener('click', () => performing.perform('zoomReset'));
    this.buttons.get('zoomOut')?.after(this.zoom);
    this.faults.addEventListener('click', () => sheet.notices.refuse(this.faultsTitle(), sheet.faults));
    this.element.append(make('div', { class: 'tg-spacer' }), this.faults, this.notice, this.status);
    this.element.addEventListener('keydown', event => this.rove(event));
    sheet.cy.on('zoom', () => this.showZoom());
    sheet.selectionChanged.connect(this.refresh, this);
    sheet.changed.connect(this.refresh, this);
    this.showZoom();
    this.refresh();
    this.showRun();
  }

  /** Which buttons can be pressed now. */
  refresh(): void {
    for (const [name, button] of this.buttons) {
      button.disabled = !this.performing.enabled(name);
    }
    const count = this.sheet.faults.length;
    this.faults.hidden = count === 0;
    this.faults.textContent = `⚠ ${count}`;
    this.faults.title = this.faultsTitle();
    this.focusable();
  }

  /** How the run is doing: in words, by a sign and as a bar; and if that may not be the latest. */
  showRun(): void {
    const run = this.live.progress;
    this.status.hidden = run === null;
    this.notice.textContent = run ? CONNECTIONS[this.sheet.host.connection] : '';
    if (run) {
      const look = lookOf(run.state);
      const share = run.total ? Math.round((100 * run.done) / run.total) : 0;
      const bar = make('progress', {
        class: `tg-is-${look.hue}`,
        max: Math.max(run.total, 1),
        value: run.done,
        'aria-label': 'Progress of the run'
      });
      const text = `${look.glyph} ${look.label} · ${run.done} of ${run.total}`;
      this.status.replaceChildren(make('span', { class: `tg-run-text tg-is-${look.hue}` }, text), bar);
      this.status.title = run.error || `${share} % of the nodes are done`;
    }
    this.refresh();
  }

  pressed(name: ActionName, on: boolean): void {
    this.buttons.get(name)?.setAttribute('aria-pressed', String(on));
  }

  private item(item: ActionName | Menu | '|'): HTMLElement {
    if (item === '|') {
      return make('span', { class: 'tg-separator', role: 'separator' });
    }
    if (typeof item === 'object') {
      const button = iconButton(item.icon, item.title, () => {
        void this.performing.menu(this.below(button), item.items, item.title);
      });
      button.setAttribute('aria-haspopup', 'listbox');
      button.classList.toggle('tg-caret', item.icon === caretDownIcon);
      return button;
    }
    const button = iconButton(actionOf(item).icon ?? caretDownIcon, titleOf(item), () => {
      this.performing.perform(item, item === 'add' || item === 'comment' ? this.sheet.middle : undefined);
    });
    button.dataset.action = item;
    this.buttons.set(item, button);
    return button;
  }

  private below(button: HTMLElement): Point {
    return [button.getBoundingClientRect().left - this.sheet.stage.getBoundingClientRect().left, 4];
  }

  private showZoom(): void {
    const percent = `${Math.round(this.sheet.cy.zoom() * 100)} %`;
    this.zoom.textContent = percent;
    this.zoom.setAttribute('aria-label', `Zoom ${percent}. ${titleOf('zoomReset')}`);
  }

  private faultsTitle(): string {
    const count = this.sheet.faults.length;
    return count === 1 ? 'The workflow has a fault' : `The workflow has ${count} faults`;
  }

  /** One stop for Tab; arrow keys go from button to button. */
  private rove(event: KeyboardEvent): void {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const buttons = this.usable();
    const at = buttons.findIndex(button => button === document.activeElement);
    if (by && at >= 0) {
      event.preventDefault();
      event.stopPropagation();
      const next = buttons[(at + by + buttons.length) % buttons.length];
      buttons.forEach(button => (button.tabIndex = button === next ? 0 : -1));
      next.focus();
    }
  }

  private focusable(): void {
    const buttons = this.usable();
    if (!buttons.some(button => button.tabIndex === 0)) {
      buttons.forEach((button, index) => (button.tabIndex = index === 0 ? 0 : -1));
    }
  }

  private usable(): HTMLButtonElement[] {
    return [...this.element.querySelectorAll('button')].filter(button => !button.disabled && !button.hidden);
  }
}
