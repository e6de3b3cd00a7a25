// What the canvas tells: a toast for refusals, and a live region that a screen reader reads out.
import { make } from './dom';

const SHOWN_MS = 6000;

export class Notices {
  readonly region = make('div', { class: 'tg-live', role: 'status', 'aria-live': 'polite' });
  private readonly toast = make('div', { class: 'tg-toast', role: 'alert', hidden: true });
  private timer = 0;

  constructor(private readonly stage: HTMLElement) {
    stage.append(this.toast);
    this.toast.addEventListener('click', () => this.hide());
  }

  /** Read out, not shown. */
  say(text: string): void {
    this.region.textContent = text;
  }

  /** Show why something did not happen, at a point of the stage or at its top. */
  refuse(message: string, faults: readonly string[] = [], at?: [number, number]): void {
    const further = faults.filter(fault => fault !== message && !message.includes(fault));
    this.toast.replaceChildren(
      make('span', { class: 'tg-toast-sign', 'aria-hidden': 'true' }, '⚠'),
      make('div', {}, make('p', {}, message), ...further.slice(0, 6).map(fault => make('p', {}, fault)))
    );
    this.toast.hidden = false;
    const { clientWidth, clientHeight } = this.stage;
    const [x, y] = at ?? [clientWidth / 2, 12];
    const { offsetWidth, offsetHeight } = this.toast;
    this.toast.style.left = `${Math.max(8, Math.min(x - offsetWidth / 2, clientWidth - offsetWidth - 8))}px`;
    this.toast.style.top = `${Math.max(8, Math.min(y + 14, clientHeight - offsetHeight - 8))}px`;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.hide(), SHOWN_MS);
  }

  hide(): void {
    window.clearTimeout(this.timer);
    this.toast.hidden = true;
  }

  dispose(): void {
    window.clearTimeout(this.timer);
  }
}
