import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { LogLine } from '../schema';
import { told } from './format';
import type { LiveRun } from './live';
import { Paced } from './pace';
import { underWay } from './states';

const PAGE = 1_000;
const POLL_MS = 700;
/** More lines than this aren't kept in the page: the oldest give way. */
export const KEPT = 200_000;

/** Which lines: of one node, of at least a level; empty means all. */
export interface Wanted {
  node: string;
  level: string;
}

/** The lines that a run, or a node of it, has written: read page by page, and on while it writes. */
export class LogFeed implements IDisposable {
  private readonly _changed = new Signal<this, void>(this);
  private readonly _tell = new Paced(() => this._changed.emit());
  private readonly _timer: number;
  private _lines: LogLine[] = [];
  private _dropped = 0;
  private _after = 0;
  private _reading = false;
  private _read = false;
  private _complete = false;
  private _error = '';
  private _disposed = false;
  private _paused = false;

  constructor(
    private readonly _live: LiveRun,
    readonly wanted: Wanted
  ) {
    this._timer = window.setInterval(() => void this._pull(), POLL_MS);
    void this._pull();
  }

  /** There are more lines, or the first answer came; at most ten times a second. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get lines(): readonly LogLine[] {
    return this._lines;
  }

  /** How many lines gave way. */
  get dropped(): number {
    return this._dropped;
  }

  /** False until the first answer. */
  get read(): boolean {
    return this._read;
  }

  /** Whether pages are still being read. */
  get reading(): boolean {
    return this._reading;
  }

  get error(): string {
    return this._error;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Nobody looks: don't ask. */
  set paused(paused: boolean) {
    this._paused = paused;
    if (!paused) {
      void this._pull();
    }
  }

  dispose(): void {
    this._disposed = true;
    window.clearInterval(this._timer);
    this._tell.stop();
    Signal.clearData(this);
  }

  private async _pull(): Promise<void> {
    const over = this._live.state !== '' && !underWay(this._live.state);
    if (this._reading || this._paused || this._disposed || (this._complete && over)) {
      return;
    }
    this._reading = true;
    try {
      let more = true;
      while (more && !this._paused && !this._disposed) {
        more = await this._page();
      }
      this._complete = over && !more;
      this._error = '';
    } catch (error) {
      this._error = told(error);
      this._tell.ask();
    }
    this._reading = false;
  }

  private async _page(): Promise<boolean> {
    const page = await this._live.source.log(this._live.runId, { ...this._query(), after: this._after, limit: PAGE });
    this._after = page.after;
    if (page.lines.length || !this._read) {
      this._read = true;
      page.lines.forEach(line => this._lines.push(...rows(line)));
      if (this._lines.length > KEPT) {
        const dropped = this._lines.length - KEPT;
        this._lines = this._lines.slice(dropped);
        this._dropped += dropped;
      }
      this._tell.ask();
    }
    return page.more;
  }

  private _query(): Partial<Wanted> {
    const { node, level } = this.wanted;
    return { ...(node && { node }), ...(level && { level }) };
  }
}

/** A log record of several lines takes as many rows. */
function rows(line: LogLine): LogLine[] {
  return line.text.includes('\n') ? line.text.split('\n').map(text => ({ ...line, text })) : [line];
}
