import { DOMWidgetModel, DOMWidgetView, JupyterLuminoPanelWidget } from '@jupyter-widgets/base';
import type { Widget } from '@lumino/widgets';

import { CommSource } from '../sources';
import { Conversation } from './conversation';

const MODULE = { name: 'twingraph-lab', version: '0.1.0' } as const;

/** The defaults of a model whose view is called as it is. */
export function named(model: string, view: string): Record<string, string> {
  return {
    _model_name: model,
    _model_module: MODULE.name,
    _model_module_version: MODULE.version,
    _view_name: view,
    _view_module: MODULE.name,
    _view_module_version: MODULE.version
  };
}

/** A widget about a run; `node` is the one that is selected. */
export class SubjectModel extends DOMWidgetModel {
  get runId(): string {
    return this.get('run_id') as string;
  }

  get nodeId(): string {
    return this.get('node') as string;
  }
}

/** A panel in the output of a cell. */
export abstract class EmbeddedView<P extends Widget> extends DOMWidgetView {
  declare model: SubjectModel;
  protected panel!: P;

  render(): void {
    super.render();
    this.el.classList.add('tg-Embedded');
    // arrow keys and Enter belong to the panel: JupyterLab would go to another cell
    this.el.dataset.lmSuppressShortcuts = 'true';
    this.panel = this.made(new CommSource(Conversation.of(this.model)));
    (this.luminoWidget as JupyterLuminoPanelWidget).addWidget(this.panel);
    this.listenTo(this.model, 'change:run_id change:node', () => this.follow());
  }

  _createElement(): HTMLElement {
    this.luminoWidget = new JupyterLuminoPanelWidget({ view: this });
    return this.luminoWidget.node;
  }

  _setElement(element: HTMLElement): void {
    this.el = element;
  }

  /** What a person did, for Python. */
  protected tell(what: { run_id?: string; node?: string }): void {
    this.model.set(what);
    this.touch();
  }

  /** Make the panel. */
  protected abstract made(source: CommSource): P;

  /** Python said to show something else. */
  protected abstract follow(): void;
}
