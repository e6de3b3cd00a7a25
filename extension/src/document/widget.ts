import type { IEditorServices } from '@jupyterlab/codeeditor';
import { ABCWidgetFactory, DocumentWidget, type DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Signal, type ISignal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';

import { canvasIcon } from '../icons';
import type { Service } from '../service';
import type { Settings } from '../settings';
import type { CanvasPage } from './page';

export type CanvasContext = DocumentRegistry.IContext<DocumentRegistry.ICodeModel>;

/** What documents get from JupyterLab. */
export interface DocumentServices {
  readonly service: Service;
  readonly settings: Settings;
  readonly contents: Contents.IManager;
  readonly editors: IEditorServices | null;
  openAsText(path: string): void;
}

/** Where a document's canvas appears as soon as its code is there: it is loaded with the first document. */
export class CanvasContent extends Widget {
  readonly ready: Promise<CanvasPage>;
  private _page: CanvasPage | null = null;
  private readonly _shown = new Signal<this, void>(this);

  constructor(context: CanvasContext, services: DocumentServices, trans: TranslationBundle) {
    super();
    this.addClass('tg-Document');
    const layout = (this.layout = new PanelLayout());
    this.ready = import('./page').then(({ CanvasPage }) => {
      const page = new CanvasPage(context, services, trans, this._shown);
      if (this.isDisposed) {
        page.dispose();
      } else {
        this._page = page;
        layout.addWidget(page);
      }
      return page;
    });
  }

  /** Null until its code is loaded. */
  get page(): CanvasPage | null {
    return this._page;
  }

  /** The document came to the front. */
  get shown(): ISignal<this, void> {
    return this._shown;
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._shown.emit();
  }

  protected onActivateRequest(): void {
    void this.ready.then(page => page.activate());
  }
}

/** A `.twg.json` file, opened as a canvas. */
export class CanvasDocument extends DocumentWidget<CanvasContent, DocumentRegistry.ICodeModel> {}

export class CanvasDocumentFactory extends ABCWidgetFactory<CanvasDocument, DocumentRegistry.ICodeModel> {
  constructor(
    options: DocumentRegistry.IWidgetFactoryOptions<CanvasDocument>,
    private readonly _services: DocumentServices
  ) {
    super(options);
  }

  protected createNewWidget(context: CanvasContext): CanvasDocument {
    const content = new CanvasContent(context, this._services, this.translator.load('twingraph_lab'));
    const widget = new CanvasDocument({ content, context });
    widget.title.icon = canvasIcon;
    widget.toolbar.hide(); // the canvas has its own
    return widget;
  }
}
