// A list to choose from with a search field, at a point of the stage: components, ports, commands.
import type { ISignal } from '@lumino/signaling';

import { make } from './dom';

export interface Choice<T> {
  value: T;
  label: string;
  detail?: string;
  /** Small print at the right: a type, keys. */
  hint?: string;
  section?: string;
  icon?: HTMLElement;
  disabled?: boolean;
}

export interface PopupOptions<T> {
  title: string;
  /** Shown in the search field; without it there is none. */
  placeholder?: string;
  at: [number, number];
  /** What to choose from when a signal tells that it isn't what it was. */
  later?: { signal: ISignal<unknown, unknown>; choices(): readonly Choice<T>[] };
}

/** Ask for one of `choices`; null if nothing was chosen. Closes on Escape, on leaving it and on a click elsewhere. */
export function choose<T>(
  stage: HTMLElement,
  choices: readonly Choice<T>[],
  options: PopupOptions<T>
): Promise<T | null> {
  return new Promise(resolve => new Popup(stage, choices, options, resolve));
}

let serial = 0;

class Popup<T> {
  private readonly id = `tg-popup-${++serial}`;
  private readonly field: HTMLInputElement;
  private readonly list: HTMLElement;
  private readonly box: HTMLElement;
  private shown: Choice<T>[] = [];
  private active = 0;
  private done = false;
  private readonly before = document.activeElement;

  constructor(
    private readonly stage: HTMLElement,
    private choices: readonly Choice<T>[],
    private readonly options: PopupOptions<T>,
    private readonly resolve: (value: T | null) => void
  ) {
    this.field = make('input', {
      type: 'text',
      class: options.placeholder ? 'tg-popup-field' : 'tg-popup-field tg-hidden-field',
      role: 'combobox',
      'aria-expanded': 'true',
      'aria-controls': this.id,
      'aria-autocomplete': 'list',
      'aria-label': options.title,
      placeholder: options.placeholder ?? '',
      autocomplete: 'off',
      spellcheck: 'false',
      readonly: !options.placeholder
    });
    this.list = make('div', { class: 'tg-popup-list', role: 'listbox', id: this.id, 'aria-label': options.title });
    this.box = make('div', { class: 'tg-popup' }, this.field, this.list);
    stage.append(this.box);
    this.field.addEventListener('input', () => this.render());
    this.box.addEventListener('keydown', event => this.key(event));
    this.box.addEventListener('mousedown', event => {
      if (event.target !== this.field) {
        event.preventDefault(); // the field keeps the focus
      }
    });
    this.box.addEventListener('focusout', event => {
      if (!this.box.contains(event.relatedTarget as Node | null)) {
        this.close(null, false);
      }
    });
    options.later?.signal.connect(this.renew, this);
    this.render();
    this.place(options.at);
    this.field.focus({ preventScroll: true });
  }

  private renew(): void {
    this.choices = this.options.later?.choices() ?? this.choices;
    this.render();
    this.place(this.options.at);
  }

  private render(): void {
    const words = this.field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const text = (choice: Choice<T>) => `${choice.label} ${choice.detail ?? ''} ${choice.section ?? ''}`.toLowerCase();
    const begins = (choice: Choice<T>) => (words[0] && choice.label.toLowerCase().startsWith(words[0]) ? 0 : 1);
    const found = this.choices.filter(choice => words.every(word => text(choice).includes(word)));
    this.shown = (words.length ? found.sort((a, b) => begins(a) - begins(b)) : found).slice(0, 200);
    this.active = Math.max(
      0,
      this.shown.findIndex(choice => !choice.disabled)
    );
    let section: string | undefined;
    const rows = this.shown.flatMap((choice, index) => {
      const head = choice.section && choice.section !== section && !words.length;
      section = choice.section;
      return [
        ...(head ? [make('div', { class: 'tg-popup-section' }, choice.section ?? '')] : []),
        this.row(choice, index)
      ];
    });
    this.list.replaceChildren(...(rows.length ? rows : [make('div', { class: 'tg-popup-none' }, 'Nothing found')]));
    this.mark();
  }

  private row(choice: Choice<T>, index: number): HTMLElement {
    const row = make(
      'div',
      { class: 'tg-popup-row', role: 'option', id: `${this.id}-${index}`, 'aria-disabled': choice.disabled ?? false },
      ...(choice.icon ? [choice.icon] : []),
      make('span', { class: 'tg-popup-label' }, choice.label),
      ...(choice.detail ? [make('span', { class: 'tg-popup-detail' }, choice.detail)] : []),
      ...(choice.hint ? [make('span', { class: 'tg-popup-hint' }, choice.hint)] : [])
    );
    row.addEventListener('mousemove', () => {
      if (this.active !== index) {
        this.active = index;
        this.mark();
      }
    });
    row.addEventListener('click', () => this.pick(index));
    return row;
  }

  private mark(): void {
    this.list.querySelectorAll('[role="option"]').forEach(row => {
      const on = row.id === `${this.id}-${this.active}`;
      row.setAttribute('aria-selected', String(on));
      if (on) {
        row.scrollIntoView({ block: 'nearest' });
        this.field.setAttribute('aria-activedescendant', row.id);
      }
    });
  }

  private key(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      this.step(event.key === 'ArrowDown' ? 1 : -1);
    } else if (event.key === 'Enter' || (event.key === 'Tab' && this.shown.length === 1)) {
      this.pick(this.active);
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      this.close(null, true);
    } else {
      return;
    }
    event.preventDefault();
  }

  private step(by: number): void {
    for (let tries = 0; tries < this.shown.length; tries++) {
      this.active = (this.active + by + this.shown.length) % this.shown.length;
      if (!this.shown[this.active].disabled) {
        break;
      }
    }
    this.mark();
  }

  private pick(index: number): void {
    const choice = this.shown[index];
    if (choice && !choice.disabled) {
      this.close(choice.value, true);
    }
  }

  private close(value: T | null, refocus: boolean): void {
    if (this.done) {
      return;
    }
    this.done = true;
    this.options.later?.signal.disconnect(this.renew, this);
    this.box.remove();
    if (refocus && this.before instanceof HTMLElement) {
      this.before.focus({ preventScroll: true });
    }
    this.resolve(value);
  }

  private place([x, y]: [number, number]): void {
    const { clientWidth, clientHeight } = this.stage;
    this.box.style.maxHeight = `${Math.max(120, Math.min(360, clientHeight - 16))}px`;
    const { offsetWidth, offsetHeight } = this.box;
    this.box.style.left = `${Math.max(8, Math.min(x, clientWidth - offsetWidth - 8))}px`;
    this.box.style.top = `${Math.max(8, Math.min(y, clientHeight - offsetHeight - 8))}px`;
  }
}
