import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';

import { CanvasPanel } from '../canvas/panel';
import { DocumentHost } from './host';
import { Notice } from './notice';
import { keepFresh } from './reload';
import { beforeSaving } from './saving';
import type { CanvasContext, DocumentServices } from './widget';

/** A canvas on a document, and what to say when there is none to show. */
export class CanvasPage extends Widget {
  readonly host: DocumentHost;
  readonly panel: CanvasPanel;
  private readonly _notice: Notice;
  private readonly _fresh: IDisposable;
  private readonly _saving: IDisposable;
  /** What the canvas is first shown with is what it fits into its view. */
  private _opened = false;

  constructor(
    context: CanvasContext,
    services: DocumentServices,
    trans: TranslationBundle,
    shown: ISignal<unknown, void>
  ) {
    super();
    this.addClass('tg-CanvasPage');
    this.host = new DocumentHost(context, services);
    this.panel = new CanvasPanel(this.host);
    this._notice = new Notice(this.host, () => services.openAsText(context.path), trans);
    const layout = (this.layout = new PanelLayout());
    layout.addWidget(this._notice);
    layout.addWidget(this.panel);
    this.host.conditionChanged.connect(this._show, this);
    this._fresh = keepFresh(context, services.contents, shown);
    this._saving = beforeSaving(context, () => {
      this.panel.flush();
      return this.host.settled();
    });
    this._show();
  }

  /** Nodes of the workflow among what is selected: no edges, groups or comments. */
  get nodesSelected(): readonly string[] {
    const selected = new Set(this.panel.selection);
    return this.host.elements
      .filter(element => element.group === 'nodes' && element.data.kind === 'task' && selected.has(element.data.id))
      .map(element => element.data.id);
  }

  dispose(): void {
    this._fresh.dispose();
    this._saving.dispose();
    super.dispose();
  }

  protected onActivateRequest(): void {
    this.panel.activate();
  }

  private _show(): void {
    const { kind } = this.host.condition;
    this._notice.setHidden(kind === 'ready');
    this._opened ||= kind === 'ready';
    this.panel.setHidden(kind === 'faulty' || !this._opened);
    this.toggleClass('tg-mod-faulty', kind === 'faulty');
    this.node.setAttribute('aria-busy', String(kind === 'opening'));
  }
}
