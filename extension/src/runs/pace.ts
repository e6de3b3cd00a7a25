/** Calls `work` soon after it is asked to, however often, and at most once in `interval_ms`; the last call is never lost. */
export class Paced {
  private _timer = 0;
  private _last = -Infinity;

  constructor(
    private readonly _work: () => void,
    private readonly _interval_ms = 100
  ) {}

  ask(): void {
    if (this._timer) {
      return;
    }
    const wait = Math.max(0, this._last + this._interval_ms - performance.now());
    this._timer = window.setTimeout(() => {
      this._timer = 0;
      this._last = performance.now();
      this._work();
    }, wait);
  }

  stop(): void {
    window.clearTimeout(this._timer);
    this._timer = 0;
  }
}
