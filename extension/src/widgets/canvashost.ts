import type { IEditorServices } from '@jupyterlab/codeeditor';

import type { CanvasHost, Question } from '../canvas/host';
import { HostNews } from '../canvas/news';
import type { CatalogEntry, Delta, Edit, Element, Frame } from '../schema';
import type { Connection } from '../sources';
import type { CanvasModel } from './canvas';
import { Conversation } from './conversation';

/** A canvas in the output of a cell: Python is at the other end of the widget's comm. One for each view. */
export class WidgetHost extends HostNews implements CanvasHost {
  constructor(
    private readonly _model: CanvasModel,
    readonly editors: IEditorServices | null
  ) {
    super();
    _model.on('twingraph:delta', this._onDelta, this);
    _model.on('twingraph:frame', this._onFrame, this);
    _model.on('change:elements', this._onElements, this);
    _model.on('change:title change:read_only change:catalog change:status comm_live_update', this._onChanged, this);
  }

  get elements(): readonly Element[] {
    return this._model.get('elements') as Element[];
  }

  get faults(): readonly string[] {
    return this._model.get('faults') as string[];
  }

  get title(): string {
    return this._model.get('title') as string;
  }

  get readOnly(): boolean {
    return this._model.get('read_only') as boolean;
  }

  get catalog(): readonly CatalogEntry[] {
    return this._model.get('catalog') as CatalogEntry[];
  }

  get frame(): Frame | null {
    const frame = this._model.get('status') as Partial<Frame>;
    return frame.run_id ? (frame as Frame) : null;
  }

  get connection(): Connection {
    return this._model.comm_live ? 'live' : 'lost';
  }

  protected leave(): void {
    this._model.off(undefined, undefined, this); // all that this host listens to
  }

  async edit(edits: readonly Edit[]): Promise<Delta> {
    const said = await Conversation.of(this._model).request({ op: 'edits', edits });
    const delta = said.delta as Delta;
    this._model.accept(delta, this);
    return delta;
  }

  ask(what: Question, args: Record<string, unknown> = {}): Promise<unknown> {
    return Conversation.of(this._model).ask(what, args);
  }

  async undo(): Promise<void> {
    await Conversation.of(this._model).ask('undo');
  }

  async redo(): Promise<void> {
    await Conversation.of(this._model).ask('redo');
  }

  private _onDelta(delta: Delta, from: WidgetHost | null): void {
    if (from !== this) {
      this._deltas.emit(delta);
    }
  }

  private _onFrame(frame: Frame): void {
    this._frames.emit(frame);
  }

  private _onElements(): void {
    this._reset.emit();
  }

  private _onChanged(): void {
    this._changed.emit();
  }
}
