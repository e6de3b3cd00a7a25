import type { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';

/** A place for a widget whose code is loaded when somebody first looks. */
export class LazyPanel<T extends Widget = Widget> extends Widget {
  private _content: Promise<T> | null = null;

  constructor(private readonly _load: () => Promise<T>) {
    super();
    this.addClass('tg-LazyPanel');
    this.layout = new PanelLayout();
  }

  /** The widget, loaded if need be. */
  content(): Promise<T> {
    this._content ??= this._load().then(content => {
      if (this.isDisposed) {
        content.dispose();
      } else {
        (this.layout as PanelLayout).addWidget(content);
      }
      return content;
    });
    return this._content;
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) {
      void this.content();
    }
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    void this.content();
  }

  protected onActivateRequest(): void {
    void this.content().then(content => content.activate());
  }
}
