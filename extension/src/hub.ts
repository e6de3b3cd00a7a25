import type { IWidgetTracker } from '@jupyterlab/apputils';
import { JSONExt, type PartialJSONValue } from '@lumino/coreutils';
import { Signal, type ISignal } from '@lumino/signaling';

import type { CanvasDocument } from './document/widget';
import type { Service } from './service';
import type { Settings } from './settings';
import type { ITwinGraph, Subject } from './tokens';

/** What the parts of the extension share. */
export class Hub implements ITwinGraph {
  private _subject: Subject | null = null;
  private readonly _subjectChanged = new Signal<ITwinGraph, Subject | null>(this);

  constructor(
    readonly service: Service,
    readonly settings: Settings,
    readonly documents: IWidgetTracker<CanvasDocument>
  ) {}

  get subject(): Subject | null {
    return this._subject;
  }

  get subjectChanged(): ISignal<ITwinGraph, Subject | null> {
    return this._subjectChanged;
  }

  inspect(subject: Subject | null): void {
    const same = JSONExt.deepEqual(
      this._subject as unknown as PartialJSONValue,
      subject as unknown as PartialJSONValue
    );
    if (!same) {
      this._subject = subject;
      this._subjectChanged.emit(subject);
    }
  }
}
