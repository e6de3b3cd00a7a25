import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';
import { PanelWithToolbar, SidePanel } from '@jupyterlab/ui-components';
import type { AccordionPanel, Widget } from '@lumino/widgets';

import { RestSource } from '../runs/rest';
import { CommandIDs, type ITwinGraph } from '../tokens';
import { Components } from './components';
import { History } from './history';
import { Palette } from './palette';
import { RunList } from './runlist';

const COMPONENTS = 0;
const RUNS = 1;

/** Components above, runs below. */
export class SidePanels extends SidePanel {
  private readonly _palette: Palette;
  private readonly _history: History;

  constructor(app: JupyterFrontEnd, hub: ITwinGraph, trans: TranslationBundle) {
    super();
    this.addClass('tg-SidePanels');
    hub.service.need();
    const run = (command: string, args = {}): void => void app.commands.execute(command, args);
    this._palette = new Palette({
      components: new Components(hub, app.serviceManager.contents),
      trans,
      add: entry => run(CommandIDs.addEntry, { entry: entry.entry })
    });
    this._history = new History({
      list: new RunList(hub.service),
      source: new RestSource(),
      trans,
      open: runId => run(CommandIDs.openRun, { runId }),
      openLineage: runId => run(CommandIDs.openLineage, { runId }),
      create: () => run(CommandIDs.create)
    });
    this._add(trans.__('Components'), this._palette);
    this._add(trans.__('Runs'), this._history);
  }

  showComponents(): void {
    this._reveal(COMPONENTS, this._palette);
  }

  showRuns(): void {
    this._reveal(RUNS, this._history);
  }

  private _add(title: string, widget: Widget): void {
    const section = new PanelWithToolbar();
    section.title.label = title;
    section.addWidget(widget);
    this.addWidget(section);
  }

  private _reveal(index: number, widget: Widget): void {
    (this.content as AccordionPanel).expand(index);
    widget.node.querySelector<HTMLElement>('input')?.focus();
  }
}
