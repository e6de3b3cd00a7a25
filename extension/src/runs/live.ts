import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Frame, NodeStatus, NodeSummary, RunDetail } from '../schema';
import type { Connection, Source } from '../sources';
import { told } from './format';
import { Paced } from './pace';
import { underWay } from './states';

/** A node as it is now: what the run's record says of it, and how far it says it is. */
export type LiveNode = NodeSummary & Pick<NodeStatus, 'fraction' | 'note'>;

const REFRESH_MS = 1_500;
const TICK_MS = 1_000;
/** Nobody tells that whoever drove a run is gone: it is read now and then, even if nothing happens. */
const SILENCE_MS = 10_000;

/** A run kept up to date: frames change it at once, its record is read again now and then. */
export class LiveRun implements IDisposable {
  private readonly _nodes = new Map<string, LiveNode>();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _tell = new Paced(() => this._changed.emit());
  private readonly _refresh: Paced;
  private _watch: IDisposable;
  private readonly _tick: number;
  private _detail: RunDetail | null = null;
  private _read_ms = 0;
  private _readings = 0;
  private _connection: Connection = 'live';
  private _state = '';
  private _error = '';
  // frames that came while the record was being read are newer than it
  private _newer: Frame[] = [];
  private _reading = false;
  private _disposed = false;

  constructor(
    readonly source: Source,
    readonly runId: string
  ) {
    this._refresh = new Paced(() => void this.read(), REFRESH_MS);
    this._watch = this._follow();
    this._tick = window.setInterval(() => this._ticked(), TICK_MS);
    this._refresh.ask();
    window.addEventListener('focus', this._focused);
  }

  /** Something is different; at most ten times a second. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What is known of the run, null before the first answer. */
  get detail(): RunDetail | null {
    return this._detail;
  }

  /** Its nodes in the document's order. */
  get nodes(): readonly LiveNode[] {
    return [...this._nodes.values()];
  }

  /** How often the record was read: what is read beside it is read again with it. */
  get readings(): number {
    return this._readings;
  }

  /** The state that a frame told; what else is known of the run may come later, when a busy kernel answers. */
  get state(): string {
    return this._detail?.state ?? this._state;
  }

  get connection(): Connection {
    return this._connection;
  }

  /** Why nothing can be shown. */
  get error(): string {
    return this._error;
  }

  get underWay(): boolean {
    return this._detail !== null && underWay(this._detail.state) && !this._detail.orphaned;
  }

  /** Seconds in which somebody drove the run, until now. */
  get active_s(): number {
    const until = this._detail?.active_s ?? 0;
    return this.underWay && this._connection === 'live' ? until + (performance.now() - this._read_ms) / 1000 : until;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  node(id: string): LiveNode | undefined {
    return this._nodes.get(id);
  }

  /** How many nodes are in each state. */
  counts(): Map<string, number> {
    const counts = new Map<string, number>();
    this._nodes.forEach(node => counts.set(look(node), (counts.get(look(node)) ?? 0) + 1));
    return counts;
  }

  dispose(): void {
    this._disposed = true;
    this._watch.dispose();
    this._tell.stop();
    this._refresh.stop();
    window.clearInterval(this._tick);
    window.removeEventListener('focus', this._focused);
    Signal.clearData(this);
  }

  /** Read the run's record now. */
  async read(): Promise<void> {
    if (this._reading || this._disposed) {
      return;
    }
    this._reading = true;
    this._newer = [];
    try {
      this._take(await this.source.run(this.runId));
      this._error = '';
    } catch (error) {
      this._error = this._detail ? '' : told(error);
    }
    this._reading = false;
    if (!this._disposed) {
      this._tell.ask();
    }
  }

  private _take(detail: RunDetail): void {
    this._read_ms = performance.now();
    this._readings += 1;
    this._detail = detail;
    const before = new Map(this._nodes);
    this._nodes.clear();
    for (const node of detail.tasks) {
      const { fraction = null, note = '' } = before.get(node.id) ?? {};
      this._nodes.set(node.id, { ...node, fraction, note });
    }
    this._newer.forEach(frame => this._apply(frame));
    if (this.underWay && this._connection === 'ended') {
      this._watch.dispose(); // somebody elsewhere resumed it
      this._watch = this._follow();
    }
  }

  private _follow(): IDisposable {
    return this.source.watch(this.runId, {
      frame: frame => this._frame(frame),
      connection: connection => this._connected(connection)
    });
  }

  private _ticked(): void {
    if (this._detail && underWay(this._detail.state)) {
      this._tell.ask();
      if (performance.now() - this._read_ms > SILENCE_MS) {
        this._refresh.ask();
      }
    }
  }

  private _focused = (): void => {
    if (!this.underWay) {
      this._refresh.ask(); // it may have been resumed elsewhere
    }
  };

  private _frame(frame: Frame): void {
    if (this._reading) {
      this._newer.push(frame);
    }
    this._apply(frame);
    this._refresh.ask();
    this._tell.ask();
  }

  private _apply(frame: Frame): void {
    for (const [id, status] of Object.entries(frame.nodes)) {
      this._nodes.set(id, { ...(this._nodes.get(id) ?? unread(id)), ...status });
    }
    this._state = frame.state;
    if (this._detail) {
      this._detail = { ...this._detail, state: frame.state, error: frame.error || this._detail.error };
    }
  }

  private _connected(connection: Connection): void {
    if (connection === 'live' && this._connection !== 'live') {
      this._refresh.ask(); // what happened meanwhile
    }
    this._connection = connection;
    this._tell.ask();
  }
}

/** The state that a node's sign shows: one whose outputs were found is told from one that ran. */
export function look(node: Pick<NodeSummary, 'state' | 'cached_from'>): string {
  return node.state === 'completed' && node.cached_from ? 'cached' : node.state;
}

/** Seconds that a node has taken, until now if it runs. */
export function taken_s(node: NodeSummary): number {
  return node.state === 'running' && node.started
    ? Math.max(0, (Date.now() - Date.parse(node.started)) / 1000)
    : node.wall_s;
}

function unread(id: string): LiveNode {
  return {
    id,
    state: 'pending',
    attempt: 0,
    started: null,
    finished: null,
    wall_s: 0,
    cpu_s: 0,
    peak_memory_bytes: 0,
    platform: '',
    worker: '',
    cached_from: '',
    error: '',
    fraction: null,
    note: ''
  };
}
