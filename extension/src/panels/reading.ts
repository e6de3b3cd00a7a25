import { Signal, type ISignal } from '@lumino/signaling';

import { told } from '../runs/format';

/** What a panel reads from the service, again and again. */
export abstract class Reading {
  private _error = '';
  private _fetched = false;
  private _asked = 0;
  private readonly _changed = new Signal<this, void>(this);

  /** Why there is nothing. */
  get error(): string {
    return this._error;
  }

  /** Whether an answer came. */
  get fetched(): boolean {
    return this._fetched;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Take what is answered, unless something else was asked since. */
  protected async _read<T>(question: Promise<T>, take: (found: T) => void): Promise<void> {
    const n = ++this._asked;
    try {
      const found = await question;
      if (n !== this._asked) {
        return;
      }
      take(found);
      this._fetched = true;
      this._error = '';
    } catch (error) {
      this._error = told(error);
    }
    this._changed.emit();
  }
}
