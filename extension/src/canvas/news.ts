import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import type { Delta, Frame } from '../schema';

/** What all hosts of a canvas have in common: the signals by which they tell it what is new, until they are disposed. */
export abstract class HostNews implements IDisposable {
  private _disposed = false;
  protected readonly _deltas = new Signal<this, Delta>(this);
  protected readonly _frames = new Signal<this, Frame>(this);
  protected readonly _reset = new Signal<this, void>(this);
  protected readonly _changed = new Signal<this, void>(this);

  get deltas(): ISignal<this, Delta> {
    return this._deltas;
  }

  get frames(): ISignal<this, Frame> {
    return this._frames;
  }

  get reset(): ISignal<this, void> {
    return this._reset;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this.leave();
      Signal.clearData(this);
    }
  }

  /** Stop listening to others. */
  protected abstract leave(): void;
}
