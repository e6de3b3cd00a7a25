import type { IDisposable } from '@lumino/disposable';

import { openSocket } from '../api';

/** What a steady socket tells. `path` is asked for at every opening, so that it can name a cursor. */
export interface Steady {
  path(): string;
  message(text: string): void;
  /** False while nobody answers. */
  connected(connected: boolean): void;
  /** The other side said all there is, or won't say anything. */
  closed(): void;
}

const NORMAL_CLOSURE = 1000;
/** The service's codes are 4000 and the status that it would answer a request with. */
const REFUSED = { first: 4400, last: 4499, later: 4429 } as const;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;

/** A WebSocket that is opened again, after growing pauses, until the other side closes it normally or refuses. */
export class SteadySocket implements IDisposable {
  private _socket: WebSocket | null = null;
  private _timer = 0;
  private _pause_ms = FIRST_PAUSE_MS;
  private _disposed = false;

  constructor(private readonly _steady: Steady) {
    this._open();
    window.addEventListener('online', this._hurry);
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    window.clearTimeout(this._timer);
    window.removeEventListener('online', this._hurry);
    this._socket?.close();
    this._socket = null;
  }

  private _open(): void {
    const socket = openSocket(this._steady.path());
    this._socket = socket;
    socket.onopen = () => !this._disposed && this._steady.connected(true);
    socket.onmessage = (event: MessageEvent<string>) => {
      this._pause_ms = FIRST_PAUSE_MS; // an opening alone proves nothing: a proxy opens before it finds nobody behind it
      if (!this._disposed) {
        this._steady.message(event.data);
      }
    };
    socket.onclose = event => this._ended(event.code);
  }

  private _ended(code: number): void {
    this._socket = null;
    if (this._disposed) {
      return;
    }
    const refused = code >= REFUSED.first && code <= REFUSED.last && code !== REFUSED.later;
    if (code === NORMAL_CLOSURE || refused) {
      this.dispose();
      this._steady.closed();
      return;
    }
    this._steady.connected(false);
    this._timer = window.setTimeout(() => this._open(), this._pause_ms * (0.75 + Math.random() / 2));
    this._pause_ms = Math.min(this._pause_ms * 2, LONGEST_PAUSE_MS);
  }

  private _hurry = (): void => {
    if (!this._socket && !this._disposed) {
      window.clearTimeout(this._timer);
      this._open();
    }
  };
}
