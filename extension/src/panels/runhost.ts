import { apiPath, postAPI, posted, requestAPI, requestText } from '../api';
import { Refusal, type CanvasHost, type Question } from '../canvas/host';
import { HostNews } from '../canvas/news';
import { apply, byId, difference, isEmpty, type Elements } from '../document/difference';
import { DocumentRun } from '../document/run';
import type { CatalogEntry, Delta, Element, Frame, NodeForm } from '../schema';
import type { Connection } from '../sources';

/** The workflow of a run, to be looked at: what ran is past and can't be edited. */
export class RunHost extends HostNews implements CanvasHost {
  readonly readOnly = true;
  readonly catalog: readonly CatalogEntry[] = [];
  readonly faults: readonly string[] = [];
  readonly editors = null;
  readonly title = '';
  /** The graph is there. */
  readonly ready: Promise<void>;

  private readonly _run = new DocumentRun();
  private _elements: Elements = new Map();
  private _text: Promise<string> | null = null;
  private _fetching = false;

  constructor(private readonly _runId: string) {
    super();
    this._run.framed.connect((_, frame) => {
      this._frames.emit(frame);
      if (Object.keys(frame.nodes).some(node => !this._elements.has(node))) {
        this._fetch().catch(() => undefined); // a program adds nodes as it runs; the next frame asks again
      }
    });
    this._run.changed.connect(() => this._changed.emit());
    this.ready = this._fetch();
    this.ready.then(
      () => this._run.follow(_runId),
      () => undefined // who waits for it is told
    );
  }

  get elements(): readonly Element[] {
    return [...this._elements.values()];
  }

  get frame(): Frame | null {
    return this._run.frame;
  }

  get connection(): Connection {
    return this._run.connection;
  }

  protected leave(): void {
    this._run.dispose();
  }

  edit(): Promise<Delta> {
    return Promise.reject(new Refusal('A run can not be edited. Open its workflow to change it.'));
  }

  async undo(): Promise<void> {
    // nothing was edited
  }

  async redo(): Promise<void> {
    // nothing was edited
  }

  async ask(what: Question, args: Record<string, unknown> = {}): Promise<unknown> {
    switch (what) {
      case 'form':
        return postAPI<NodeForm>('canvas/form', { text: await this._document(), ...args });
      case 'clip':
        return (await postAPI<{ clipping: string }>('canvas/clip', { text: await this._document(), ...args })).clipping;
      case 'picture':
        return requestText('canvas/picture', posted({ text: await this._document() }));
      case 'cancel':
        return this._run.cancel();
      case 'resume':
        return this._run.resume();
      default:
        throw new Refusal('“Run again” above starts this workflow once more.');
    }
  }

  private _document(): Promise<string> {
    this._text ??= requestText(apiPath('runs', this._runId, 'document'));
    return this._text;
  }

  private async _fetch(): Promise<void> {
    if (this._fetching) {
      return;
    }
    this._fetching = true;
    try {
      const path = apiPath('runs', this._runId, 'elements');
      const found = byId((await requestAPI<{ elements: Element[] }>(path)).elements);
      const first = this._elements.size === 0;
      const delta = difference(this._elements, found, []);
      apply(this._elements, delta);
      if (first) {
        this._reset.emit();
      } else if (!isEmpty(delta)) {
        this._text = null;
        this._deltas.emit(delta);
      }
    } finally {
      this._fetching = false;
    }
  }
}
