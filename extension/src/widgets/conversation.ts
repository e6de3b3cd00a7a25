import type { WidgetModel } from '@jupyter-widgets/base';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';

import { Refusal } from '../canvas/host';
import type { Frame } from '../schema';
import type { Connection } from '../sources';

/** What Python says: `n` is the number of the message that it replies to; without one it speaks unasked. */
export interface Said {
  op: string;
  n?: number;
  [field: string]: unknown;
}

interface Waiting {
  resolve(said: Said): void;
  reject(error: Error): void;
}

const GONE = 'The kernel of this widget is gone: run its cell again to go on.';
const SILENCE_MS = 60_000;

/** Questions and answers over a widget's comm; one for each model, however many views and panels it has. */
export class Conversation {
  private static readonly _all = new WeakMap<WidgetModel, Conversation>();
  private readonly _waiting = new Map<number, Waiting>();
  private readonly _listeners = new Set<(said: Said) => void>();
  // Python answers all pages that show the widget: numbers of two pages must not be the same
  private _n = Math.floor(Math.random() * 2 ** 40);

  static of(model: WidgetModel): Conversation {
    let conversation = Conversation._all.get(model);
    if (!conversation) {
      conversation = new Conversation(model);
      Conversation._all.set(model, conversation);
    }
    return conversation;
  }

  private constructor(private readonly _model: WidgetModel) {
    _model.on('msg:custom', (said: Said) => this._hear(said));
    _model.on('comm_live_update', () => this._live() || this._abandon());
  }

  /** What Python finds for a question. Raises Refusal. */
  async ask<T>(what: string, args: Record<string, unknown> = {}): Promise<T> {
    return (await this.request({ op: 'ask', what, args })).value as T;
  }

  /** Send a message that Python replies to; the whole reply. Raises Refusal. */
  request(message: { op: string; [field: string]: unknown }): Promise<Said> {
    if (!this._live()) {
      return Promise.reject(new Refusal(GONE));
    }
    const n = this._n++;
    return new Promise<Said>((resolve, reject) => {
      const silence = window.setTimeout(() => {
        this._waiting.delete(n);
        reject(new Refusal('The kernel did not answer: it may be busy with a cell. Try again when it is idle.'));
      }, SILENCE_MS);
      this._waiting.set(n, {
        resolve: said => (window.clearTimeout(silence), resolve(said)),
        reject: error => (window.clearTimeout(silence), reject(error))
      });
      this._model.send(JSON.parse(JSON.stringify({ ...message, n }))); // fields without a value are not JSON
    });
  }

  /** Hear what Python says unasked, and what it replies to other pages. */
  hear(listener: (said: Said) => void): IDisposable {
    this._listeners.add(listener);
    return new DisposableDelegate(() => this._listeners.delete(listener));
  }

  /** Hear frames of a run, and whether there will be any. */
  watch(frame: (frame: Frame) => void, connection: (connection: Connection) => void): IDisposable {
    const state = (): void => connection(this._live() ? 'live' : 'lost');
    const hearing = this.hear(said => (said.op === 'frame' ? frame(said.frame as Frame) : undefined));
    this._model.on('comm_live_update', state);
    state();
    return new DisposableDelegate(() => {
      hearing.dispose();
      this._model.off('comm_live_update', state);
    });
  }

  private _live(): boolean {
    return this._model.comm_live;
  }

  private _hear(said: Said): void {
    const waiting = said.n === undefined ? undefined : this._waiting.get(said.n);
    if (!waiting) {
      this._listeners.forEach(listener => listener(said));
      return;
    }
    this._waiting.delete(said.n as number);
    if (said.op === 'refused' || said.op === 'failed') {
      waiting.reject(new Refusal(String(said.message), (said.faults as string[] | undefined) ?? []));
    } else {
      waiting.resolve(said);
    }
  }

  private _abandon(): void {
    this._waiting.forEach(waiting => waiting.reject(new Refusal(GONE)));
    this._waiting.clear();
  }
}
