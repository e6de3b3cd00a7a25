import type { DocumentRegistry } from '@jupyterlab/docregistry';

/** The text of a document that several views, or several people, may write at once. */
export class SharedText {
  constructor(private readonly _model: DocumentRegistry.ICodeModel) {}

  get value(): string {
    return this._shared.getSource();
  }

  /** Write what differs and nothing else, so that what others write elsewhere in the text stays; one step to undo. */
  replace(text: string): void {
    const before = this.value;
    if (text === before) {
      return;
    }
    const shorter = Math.min(before.length, text.length);
    let start = 0;
    while (start < shorter && before[start] === text[start]) {
      start++;
    }
    let kept = 0;
    while (kept < shorter - start && before[before.length - 1 - kept] === text[text.length - 1 - kept]) {
      kept++;
    }
    this._endStep();
    this._shared.updateSource(start, before.length - kept, text.slice(start, text.length - kept));
    this._endStep();
  }

  undo(): void {
    this._shared.undo();
  }

  redo(): void {
    this._shared.redo();
  }

  get undoable(): boolean {
    return this._shared.canUndo();
  }

  get redoable(): boolean {
    return this._shared.canRedo();
  }

  private get _shared(): DocumentRegistry.ICodeModel['sharedModel'] {
    return this._model.sharedModel;
  }

  /** What is typed within half a second is one step for the shared model; an edit on a canvas is one of its own. */
  private _endStep(): void {
    (this._model.sharedModel as { undoManager?: { stopCapturing(): void } }).undoManager?.stopCapturing();
  }
}
