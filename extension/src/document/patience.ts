import { PromiseDelegate } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';

import { UnreachableError } from '../api';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;

/** Asks until somebody answers, after growing pauses or when a person says so. Only for questions that change nothing. */
export class Patience implements IDisposable {
  private _again = new PromiseDelegate<void>();
  private _disposed = false;

  /** `waits` is told, at every pause, why there was no answer. */
  constructor(private readonly _waits: (reason: string) => void) {}

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    this._again.resolve();
  }

  /** Ask now. */
  hurry(): void {
    this._again.resolve();
  }

  /** The answer. Refusals are thrown; so is UnreachableError once nobody waits any more. */
  async ask<T>(question: () => Promise<T>): Promise<T> {
    for (let pause_ms = FIRST_PAUSE_MS; ; pause_ms = Math.min(pause_ms * 2, LONGEST_PAUSE_MS)) {
      try {
        return await question();
      } catch (error) {
        if (!(error instanceof UnreachableError) || this._disposed) {
          throw error;
        }
        this._waits(error.message);
        this._again = new PromiseDelegate();
        const timer = window.setTimeout(this._again.resolve.bind(this._again), pause_ms);
        await this._again.promise;
        window.clearTimeout(timer);
      }
    }
  }
}
