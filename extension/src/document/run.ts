import { UUID } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import { postAPI, requestAPI, withQuery } from '../api';
import { RestSource } from '../runs/rest';
import type { Frame, JsonValue, RunSummary } from '../schema';
import { underWay } from '../runs/states';
import type { Connection } from '../sources';

/** States of a run that ended before all was done. */
const GOES_ON: ReadonlySet<string> = new Set(['failed', 'cancelled']);

/** What of a workflow to run: all of it, from `start` on, or `only` these nodes. */
export interface RunRequest {
  start?: readonly string[];
  only?: readonly string[];
  parameters?: Record<string, JsonValue>;
}

/** The run that is shown on a document's canvas. */
export class DocumentRun implements IDisposable {
  private _frame: Frame | null = null;
  private _runId = '';
  private _connection: Connection = 'ended';
  private _watch: IDisposable | null = null;
  private _disposed = false;
  private _started = false;
  private readonly _source = new RestSource();
  private readonly _framed = new Signal<this, Frame>(this);
  private readonly _changed = new Signal<this, void>(this);

  /** The empty string as long as there is none. */
  get runId(): string {
    return this._runId;
  }

  /** Whether it is to end yet. */
  get underWay(): boolean {
    return this._frame !== null && underWay(this._frame.state);
  }

  /** Whether it ended early and can go on. */
  get resumable(): boolean {
    return this._frame !== null && GOES_ON.has(this._frame.state);
  }

  /** All that is known of the nodes. */
  get frame(): Frame | null {
    return this._frame;
  }

  get connection(): Connection {
    return this._connection;
  }

  get framed(): ISignal<this, Frame> {
    return this._framed;
  }

  /** Another run, or other news of how it is followed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    this._watch?.dispose();
    Signal.clearData(this);
  }

  async start(text: string, folder: string, path: string, request: RunRequest): Promise<RunSummary> {
    const { start, only, parameters } = request;
    this._started = true;
    const run = await postAPI<RunSummary>('runs', {
      workflow: JSON.parse(text) as JsonValue,
      idempotency_key: UUID.uuid4(),
      folder,
      path,
      start,
      only,
      parameters
    });
    this.follow(run.run_id);
    return run;
  }

  /**
   * Take up the latest run of the document again, whoever started it: a browser was reloaded, or it is another one. A run
   * that was started here meanwhile comes first.
   */
  async attach(workflow: string, path: string): Promise<void> {
    const { runs } = await requestAPI<{ runs: RunSummary[] }>(withQuery('runs', { workflow, limit: 20 }));
    const latest = runs.find(run => run.source === path);
    if (latest && !this._runId && !this._started) {
      this.follow(latest.run_id);
    }
  }

  follow(runId: string): void {
    if (this._disposed || runId === this._runId) {
      return;
    }
    this._watch?.dispose();
    this._runId = runId;
    this._frame = null;
    this._connection = 'live';
    this._changed.emit();
    this._watch = this._source.watch(runId, {
      frame: frame => {
        this._frame = this._frame ? merged(this._frame, frame) : frame;
        this._framed.emit(frame);
      },
      connection: connection => {
        if (connection !== this._connection) {
          this._connection = connection;
          this._changed.emit();
        }
      }
    });
  }

  async cancel(): Promise<void> {
    await this._source.cancel(this._runId);
  }

  async resume(): Promise<void> {
    await this._source.resume(this._runId);
  }
}

function merged(before: Frame, news: Frame): Frame {
  return {
    ...news,
    nodes: { ...before.nodes, ...news.nodes },
    values: { ...before.values, ...news.values }
  };
}
