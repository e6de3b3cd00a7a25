import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import { allowRequests, requestAPI, withQuery } from './api';
import { SteadySocket } from './runs/socket';
import type { RunSummary } from './schema';
import type { Settings } from './settings';

/** `unused`: nobody needed it yet, so it was not started. `off`: by the settings. */
export type ServiceState = 'unused' | 'off' | 'connecting' | 'ready' | 'unreachable';

/** What of the answer to a request for the service's health matters here: the cursor of its latest event. */
interface Health {
  seq: number;
}

/** States in which a run is still to end. */
const UNDER_WAY = ['running', 'requested'];
const GATHER_MS = 300;
const MOST_COUNTED = 100;

/** The service as JupyterLab sees it: whether it is there, and that something happened to runs. */
export class Service implements IDisposable {
  private _state: ServiceState = 'unused';
  private _underWay = 0;
  private _cursor = 0;
  private _needed = false;
  private _socket: SteadySocket | null = null;
  private _gathering = 0;
  private _disposed = false;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _runsChanged = new Signal<this, void>(this);

  constructor(private readonly _settings: Settings) {
    _settings.changed.connect(this._onSettings, this);
  }

  get state(): ServiceState {
    return this._state;
  }

  /** How many runs are to end yet. */
  get underWay(): number {
    return this._underWay;
  }

  /** `state` or `underWay` is another. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Runs came, went on or ended; told a few times a second at most. */
  get runsChanged(): ISignal<this, void> {
    return this._runsChanged;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    this._disconnect();
    Signal.clearData(this);
  }

  /** Something is shown that needs the service: have it started, and listen to it from now on. */
  need(): void {
    this._needed = true;
    if (!this._socket && this._state !== 'connecting' && !this._disposed) {
      void this._connect();
    }
  }

  private async _connect(): Promise<void> {
    if (!this._settings.values.service) {
      this._stand('off');
      return;
    }
    this._stand('connecting');
    try {
      this._cursor = (await requestAPI<Health>('health')).seq;
    } catch {
      this._stand('unreachable');
      return;
    }
    if (this._disposed || !this._settings.values.service) {
      return;
    }
    this._stand('ready');
    this._listen();
    this._gather();
  }

  private _listen(): void {
    this._socket = new SteadySocket({
      path: () => withQuery('events', { after: this._cursor }),
      message: text => {
        const events = JSON.parse(text) as { seq: number; type: string }[] | { error: string };
        if (!Array.isArray(events)) {
          return; // why it closes: the store is another one, say, and the cursor beyond its end
        }
        this._cursor = Math.max(this._cursor, ...events.map(event => event.seq));
        this._stand('ready');
        if (events.some(event => event.type.startsWith('run.'))) {
          this._gather();
        }
      },
      connected: connected => {
        this._stand(connected ? 'ready' : 'unreachable');
        if (connected) {
          this._gather();
        }
      },
      closed: () => {
        this._socket = null; // it stopped because nobody had anything to do for it; who needs it again starts it
        this._stand('unused');
      }
    });
  }

  private _disconnect(): void {
    window.clearTimeout(this._gathering);
    this._gathering = 0;
    this._socket?.dispose();
    this._socket = null;
  }

  private _gather(): void {
    this._gathering ||= window.setTimeout(() => {
      this._gathering = 0;
      this._runsChanged.emit();
      void this._count();
    }, GATHER_MS);
  }

  private async _count(): Promise<void> {
    try {
      const pages = await Promise.all(
        UNDER_WAY.map(state => requestAPI<{ runs: RunSummary[] }>(withQuery('runs', { state, limit: MOST_COUNTED })))
      );
      const count = pages.reduce((sum, page) => sum + page.runs.length, 0);
      if (count !== this._underWay) {
        this._underWay = count;
        this._changed.emit();
      }
    } catch {
      // the socket tells that the service is away
    }
  }

  private _stand(state: ServiceState): void {
    if (state !== this._state) {
      this._state = state;
      this._changed.emit();
    }
  }

  private _onSettings(): void {
    allowRequests(this._settings.values.service);
    if (!this._settings.values.service) {
      this._disconnect();
      this._stand('off');
    } else if (this._state === 'off') {
      this._stand('unused');
      if (this._needed) {
        this.need();
      }
    }
  }
}
