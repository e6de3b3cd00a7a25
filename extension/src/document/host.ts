import type { IEditorServices } from '@jupyterlab/codeeditor';
import { PathExt } from '@jupyterlab/coreutils';
import type { Contents } from '@jupyterlab/services';
import { Signal, type ISignal } from '@lumino/signaling';

import { postAPI, posted, requestAPI, requestText, ServiceError, withQuery } from '../api';
import { Refusal, type CanvasHost, type Question } from '../canvas/host';
import { HostNews } from '../canvas/news';
import type { CatalogEntry, Delta, Edit, Element, Frame, NodeForm } from '../schema';
import type { Connection } from '../sources';
import { apply, byId, difference, isEmpty, type Elements } from './difference';
import { definesComponents } from './files';
import { Patience } from './patience';
import { DocumentRun } from './run';
import { SharedText } from './text';
import type { CanvasContext, DocumentServices } from './widget';

interface Opened {
  text: string;
  name: string;
  elements: Element[];
  faults: string[];
}

/** How a document stands: `faulty` is text that is no workflow, `waiting` that nobody answers. */
export type Condition =
  | { kind: 'opening' }
  | { kind: 'ready' }
  | { kind: 'faulty'; message: string; faults: readonly string[] }
  | { kind: 'waiting'; reason: string; edits: number };

/**
 * A canvas on a file: the document's text is the truth, the service says what an edit makes of it.
 *
 * Edits wait for each other in one queue. The service keeps nothing of them, so that asking again is safe: an edit is
 * made once, when its answer is written into the text that it was asked for.
 */
export class DocumentHost extends HostNews implements CanvasHost {
  readonly run: DocumentRun;
  catalog: readonly CatalogEntry[] = [];
  faults: readonly string[] = [];
  title = '';

  private readonly _text: SharedText;
  /** The text that `_elements` show. */
  private _drawn: string | null = null;
  private _opened = false;
  /** What an empty file becomes with its first edit: a workflow named after it. */
  private _begun = '';
  private _elements: Elements = new Map();
  private _queue: Promise<unknown> = Promise.resolve();
  private _waiting = 0;
  private _condition: Condition = { kind: 'opening' };
  private readonly _patience = new Patience(reason => this._stand({ kind: 'waiting', reason, edits: this._waiting }));
  private readonly _conditionChanged = new Signal<this, Condition>(this);

  constructor(
    private readonly _context: CanvasContext,
    private readonly _services: DocumentServices
  ) {
    super();
    this._text = new SharedText(_context.model);
    this.run = new DocumentRun();
    this.run.framed.connect((_, frame) => this._frames.emit(frame));
    this.run.changed.connect(() => this._changed.emit());
    _context.model.contentChanged.connect(this._onContentChanged, this);
    _context.model.stateChanged.connect(this._onStateChanged, this);
    _services.contents.fileChanged.connect(this._onFileChanged, this);
    _services.service.need();
    void _context.ready.then(() => this.open());
  }

  get elements(): readonly Element[] {
    return [...this._elements.values()];
  }

  get readOnly(): boolean {
    return this._context.model.readOnly || this._context.contentsModel?.writable === false;
  }

  get editors(): IEditorServices | null {
    return this._services.editors;
  }

  get frame(): Frame | null {
    return this.run.frame;
  }

  get connection(): Connection {
    return this.run.connection;
  }

  get condition(): Condition {
    return this._condition;
  }

  get conditionChanged(): ISignal<this, Condition> {
    return this._conditionChanged;
  }

  /** The folder of the document, below the root that JupyterLab shows. */
  get folder(): string {
    return PathExt.dirname(this._context.localPath);
  }

  protected leave(): void {
    this._patience.dispose();
    this.run.dispose();
    this._context.model.contentChanged.disconnect(this._onContentChanged, this);
    this._context.model.stateChanged.disconnect(this._onStateChanged, this);
    this._services.contents.fileChanged.disconnect(this._onFileChanged, this);
  }

  /** Show what the text says, even if that is not a workflow. */
  async open(): Promise<void> {
    try {
      await this._next(() => this._draw());
    } catch (error) {
      if (error instanceof Refusal) {
        this._stand({ kind: 'faulty', message: error.message, faults: error.faults });
      } else if (!this.isDisposed) {
        throw error;
      }
    }
  }

  /** Ask the service again now, about whatever it did not answer or refused. */
  hurry(): void {
    this._patience.hurry();
    if (this._condition.kind === 'faulty') {
      void this.open();
    }
  }

  edit(edits: readonly Edit[]): Promise<Delta> {
    this._waiting++;
    if (this._condition.kind === 'waiting') {
      this._stand({ ...this._condition, edits: this._waiting });
    }
    return this._next(() => this._edit(edits)).finally(() => this._waiting--);
  }

  /** Until the edits so far are in the text, or wait for a service that doesn't answer. */
  settled(): Promise<void> {
    if (!this._waiting) {
      return Promise.resolve();
    }
    return new Promise(resolve => {
      const look = (): void => {
        if (this._condition.kind === 'waiting') {
          done();
        }
      };
      const done = (): void => {
        this.conditionChanged.disconnect(look);
        resolve();
      };
      this.conditionChanged.connect(look);
      void this._queue.then(done);
      look();
    });
  }

  async undo(): Promise<void> {
    await this._next(() => this._step(() => this._text.undo()));
  }

  async redo(): Promise<void> {
    await this._next(() => this._step(() => this._text.redo()));
  }

  get undoable(): boolean {
    return this._text.undoable;
  }

  get redoable(): boolean {
    return this._text.redoable;
  }

  async ask(what: Question, args: Record<string, unknown> = {}): Promise<unknown> {
    await this._queue.catch(() => undefined); // the question is about what the edits before it made
    switch (what) {
      case 'form':
        return postAPI<NodeForm>('canvas/form', { text: this._text.value, folder: this.folder, ...args });
      case 'clip':
        return (await postAPI<{ clipping: string }>('canvas/clip', { text: this._text.value, ...args })).clipping;
      case 'picture':
        return requestText('canvas/picture', posted({ text: this._text.value }));
      case 'run':
        return this.run.start(this._text.value, this.folder, this._context.localPath, args);
      case 'cancel':
        return this.run.cancel();
      case 'resume':
        return this.run.resume();
    }
  }

  private async _step(turn: () => void): Promise<void> {
    if (!this.readOnly) {
      turn();
      await this._draw();
    }
  }

  private async _edit(edits: readonly Edit[]): Promise<Delta> {
    if (this.readOnly) {
      throw new Refusal('This file can only be read.');
    }
    for (;;) {
      await this._draw();
      const text = this._text.value;
      const sheet = { text: text.trim() ? text : this._begun, folder: this.folder, edits };
      const answer = await this._reach(() => postAPI<{ text: string; delta: Delta }>('canvas/edit', sheet));
      if (text !== this._text.value) {
        continue; // written by another hand while the service thought: the edit is asked for again, of the new text
      }
      this._drawn = answer.text;
      this._text.replace(answer.text);
      apply(this._elements, answer.delta);
      this.faults = answer.delta.faults;
      if (edits.some(edit => edit.op === 'set_workflow')) {
        this._entitle((JSON.parse(answer.text) as { name: string }).name);
      }
      return answer.delta;
    }
  }

  /** Draw the text unless that is done already. */
  private async _draw(): Promise<void> {
    const text = this._text.value;
    if (text === this._drawn) {
      this._stand({ kind: 'ready' });
      return;
    }
    const first = !this._opened;
    const opened = await this._reach(() =>
      postAPI<Opened>('canvas/open', { text, folder: this.folder, path: this._context.localPath })
    );
    const after = byId(opened.elements);
    const delta = difference(this._elements, after, opened.faults);
    const faultsChanged = this.faults.join('\n') !== opened.faults.join('\n');
    this._elements = after;
    this._opened = true;
    this._drawn = text;
    this._begun = opened.text;
    this.faults = opened.faults;
    if (first) {
      this._reset.emit();
    } else if (!isEmpty(delta) || faultsChanged) {
      this._deltas.emit(delta);
    }
    this._stand({ kind: 'ready' });
    this._entitle(opened.name);
    if (first) {
      void this._fetchCatalog();
      if (this._services.settings.values.lastRun) {
        this.run.attach(this.title, this._context.localPath).catch(() => undefined); // the canvas is of use without it
      }
    }
  }

  /** Ask until somebody answers. What the service refuses is a Refusal. */
  private async _reach<T>(ask: () => Promise<T>): Promise<T> {
    try {
      const answer = await this._patience.ask(ask);
      if (this._condition.kind === 'waiting') {
        this._services.service.need();
        this._stand({ kind: this._opened ? 'ready' : 'opening' });
      }
      return answer;
    } catch (error) {
      throw refused(error);
    }
  }

  private _next<T>(job: () => Promise<T>): Promise<T> {
    const result = this._queue.then(job);
    this._queue = result.catch(() => undefined);
    return result;
  }

  private async _fetchCatalog(): Promise<void> {
    const path = withQuery('components', { folder: this.folder });
    try {
      this.catalog = (await requestAPI<{ entries: CatalogEntry[] }>(path)).entries;
      this._changed.emit();
    } catch {
      this.catalog = []; // the canvas works without; the palette says why there is nothing to choose from
    }
  }

  private _entitle(title: string): void {
    if (title !== this.title) {
      this.title = title;
      this._changed.emit();
    }
  }

  private _stand(condition: Condition): void {
    if (JSON.stringify(condition) !== JSON.stringify(this._condition)) {
      this._condition = condition;
      this._conditionChanged.emit(condition);
    }
  }

  private _onContentChanged(): void {
    if (!this._opened && this._condition.kind === 'opening') {
      return; // `open` is on its way
    }
    if (this._text.value !== this._drawn || this._condition.kind === 'faulty') {
      void this.open();
    }
  }

  /** What the nodes are made of may be another: their ports and faults with it. */
  private _onFileChanged(_: Contents.IManager, change: Contents.IChangedArgs): void {
    if (this._opened && definesComponents(change)) {
      this._drawn = null;
      void this._fetchCatalog();
      void this.open();
    }
  }

  private _onStateChanged(): void {
    this._changed.emit();
  }
}

function refused(error: unknown): unknown {
  return error instanceof ServiceError
    ? new Refusal(
        error.message,
        error.faults.map(fault => fault.message)
      )
    : error;
}
