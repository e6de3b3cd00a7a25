// The panel at the right: form and source of the selected node, or of the workflow if nothing is selected.
import { closeIcon, ReactWidget } from '@jupyterlab/ui-components';
import { JSONExt, type ReadonlyJSONObject } from '@lumino/coreutils';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import type { RJSFSchema } from '@rjsf/utils';
import React from 'react';

import type { JsonValue, NodeForm } from '../schema';

import { Code } from './code';
import { iconButton, make } from './dom';
import { Form } from './form';
import { pruned } from './forming';
import type { Sheet } from './sheet';

const PAUSE_MS = 500;

type Fields = Record<string, JsonValue>;

export class Properties {
  readonly element: HTMLElement;
  private readonly title = make('h2', {});
  private readonly subtitle = make('p', { class: 'tg-side-subtitle' });
  private readonly place = make('div', { class: 'tg-form' });
  private readonly source = make('div', { class: 'tg-source', hidden: true });
  private readonly view = new FormView(data => this.changed(data));
  private form: NodeForm | null = null;
  private code: Code | null = null;
  private data: Fields = {};
  private timer = 0;
  /** A person has done something in the form; before, it only changes what it was given by itself. */
  private touched = false;
  private asked = 0;

  constructor(
    private readonly sheet: Sheet,
    close: () => void
  ) {
    this.element = make('aside', { class: 'tg-side', 'aria-label': 'Properties', hidden: true });
    const head = make('header', {}, make('div', {}, this.title, this.subtitle), iconButton(closeIcon, 'Close', close));
    this.element.append(head, this.source, this.place);
    this.place.addEventListener('focusout', () => this.flushFields());
    this.place.addEventListener('keydown', event => void (event.key === 'Enter' && this.flushFields()));
    for (const name of ['input', 'change', 'click', 'keydown'] as const) {
      this.place.addEventListener(name, () => (this.touched = true), true);
    }
    sheet.selectionChanged.connect(this.refresh, this);
    sheet.changed.connect(this.refresh, this);
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  toggle(on = !this.isOpen): void {
    this.flush();
    this.element.hidden = !on;
    this.attach();
    this.refresh();
  }

  /** The form is a root of its own: it has to be told when the canvas gets into the page and leaves it. */
  attach(): void {
    if (this.isOpen && !this.view.isAttached && this.place.isConnected) {
      Widget.attach(this.view, this.place);
    }
  }

  detach(): void {
    if (this.view.isAttached) {
      Widget.detach(this.view);
    }
  }

  focus(): void {
    this.element.querySelector<HTMLElement>('.tg-form input, .tg-form select, .tg-form textarea')?.focus();
  }

  dispose(): void {
    window.clearTimeout(this.timer);
    this.code?.dispose();
    if (this.view.isAttached) {
      // not `Widget.detach`: a notebook takes an output off the page before it disposes of what is in it
      MessageLoop.sendMessage(this.view, Widget.Msg.BeforeDetach);
      MessageLoop.sendMessage(this.view, Widget.Msg.AfterDetach);
    }
    this.view.dispose();
    this.sheet.selectionChanged.disconnect(this.refresh, this);
    this.sheet.changed.disconnect(this.refresh, this);
  }

  /** What the panel is about: a node's id, '' for the workflow, null for several things or an edge. */
  private get subject(): string | null {
    const selection = this.sheet.selection;
    if (selection.length === 0) {
      return '';
    }
    const node = selection.length === 1 ? this.sheet.node(selection[0]) : undefined;
    return node?.data.kind === 'task' ? node.data.id : null;
  }

  private async load(id: string): Promise<void> {
    const number = ++this.asked;
    const form = await this.sheet.ask<NodeForm>('form', { id });
    if (number !== this.asked || !form || this.sheet.cy.destroyed()) {
      return; // something else was selected meanwhile
    }
    const same = this.form?.id === form.id;
    if (same && this.timer) {
      return; // somebody is writing; the next answer will have it
    }
    this.form = form;
    this.data = form.data;
    this.touched &&= same;
    this.show(same);
  }

  private refresh(): void {
    if (!this.isOpen) {
      return;
    }
    const subject = this.subject;
    if (subject !== this.form?.id) {
      this.flush();
    }
    if (subject === null) {
      this.asked++;
      this.form = null;
      this.describe();
    } else {
      void this.load(subject);
    }
  }

  private show(same: boolean): void {
    const form = this.form as NodeForm;
    const node = this.sheet.node(form.id);
    this.title.textContent = form.id || this.sheet.host.title || 'Workflow';
    this.subtitle.textContent = node ? node.data.component : 'Workflow';
    this.place.hidden = false;
    this.showCode(form, same);
    this.render();
  }

  private showCode(form: NodeForm, same: boolean): void {
    if (same && this.code && form.code !== null) {
      this.code.update(form.code);
      return;
    }
    this.code?.dispose();
    this.code = null;
    this.source.hidden = form.code === null;
    if (form.code !== null) {
      const readOnly = this.readOnly;
      this.code = new Code(form.code, form.language, this.sheet.host.editors, readOnly, code => {
        void this.sheet.edit([{ op: 'set_node', id: form.id, fields: { code } }]);
      });
      this.source.replaceChildren(make('h3', {}, form.language || 'Source'), this.code.element);
    }
  }

  /** For what has no form: several nodes, edges, groups. */
  private describe(): void {
    this.code?.dispose();
    this.code = null;
    this.source.hidden = true;
    this.place.hidden = true;
    const ids = this.sheet.selection;
    const edge = ids.length === 1 ? this.sheet.scene.edges.get(ids[0])?.data : undefined;
    const node = this.sheet.node(ids[0])?.data;
    this.title.textContent = edge ? 'Edge' : (node?.label ?? '');
    this.subtitle.textContent = edge
      ? `${edge.source}${edge.output && `.${edge.output}`} → ${edge.target}${edge.input && `.${edge.input}`}`
      : node?.kind === 'group'
        ? `group of ${node.members.join(', ')}`
        : (node?.kind ?? '');
    if (ids.length > 1) {
      this.title.textContent = `${ids.length} selected`;
      this.subtitle.textContent = '';
    }
  }

  private get readOnly(): boolean {
    return this.sheet.host.readOnly || (this.form ? (this.sheet.node(this.form.id)?.data.opaque ?? false) : true);
  }

  private render(faults: readonly string[] = this.form?.faults ?? []): void {
    if (this.form) {
      this.view.display({
        id: this.form.id,
        schema: this.form.schema,
        data: this.data,
        faults,
        readOnly: this.readOnly
      });
    }
  }

  private changed(data: ReadonlyJSONObject): void {
    this.data = data as Fields;
    if (!this.touched && this.form) {
      this.form = { ...this.form, data: this.data };
      return;
    }
    this.render();
    window.clearTimeout(this.timer);
    const renamed = this.data.id !== this.form?.data.id; // a name is sent when it is written, not while it is
    this.timer = renamed ? -1 : window.setTimeout(() => this.flushFields(), PAUSE_MS);
  }

  /** Send what is written, of the code and of the fields, and other than Python has it. */
  flush(): void {
    this.code?.flush();
    this.flushFields();
  }

  private flushFields(): void {
    window.clearTimeout(this.timer);
    const pending = this.timer;
    this.timer = 0;
    const form = this.form;
    if (!pending || !form || this.readOnly) {
      return;
    }
    const fields = difference(form.data, this.data);
    if (Object.keys(fields).length) {
      this.form = { ...form, data: this.data };
      void this.send(form, fields);
    }
  }

  private async send(form: NodeForm, fields: Fields): Promise<void> {
    const edit = form.id
      ? ({ op: 'set_node', id: form.id, fields } as const)
      : ({ op: 'set_workflow', fields } as const);
    const delta = await this.sheet.edit([edit], {
      refused: faults => {
        if (this.form?.id === form.id) {
          this.form = form; // what was refused can be mended, and is sent again with the next change
          this.render(faults);
        } else {
          this.sheet.notices.refuse(faults[0], faults);
        }
      }
    });
    if (delta && form.id && typeof fields.id === 'string') {
      this.sheet.select([fields.id]);
    }
  }
}

/** Fields to set, and those taken away as null. */
function difference(before: Fields, after: Fields): Fields {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const meant = Object.fromEntries([...names].map(name => [name, pruned(after[name], before[name]) as JsonValue]));
  const changed = [...names].filter(name => !JSONExt.deepEqual(meant[name] ?? null, before[name] ?? null));
  return Object.fromEntries(changed.map(name => [name, meant[name] ?? null]));
}

interface Shown {
  id: string;
  schema: RJSFSchema;
  data: Fields;
  faults: readonly string[];
  readOnly: boolean;
}

class FormView extends ReactWidget {
  private shown: Shown | null = null;

  constructor(private readonly change: (data: ReadonlyJSONObject) => void) {
    super();
  }

  display(shown: Shown): void {
    this.shown = shown;
    this.update();
  }

  protected render(): JSX.Element | null {
    return this.shown && <Form {...this.shown} change={this.change} />;
  }
}
