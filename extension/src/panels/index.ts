import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';

import { inspectorIcon, twingraphIcon } from '../icons';
import { CommandIDs, type ITwinGraph } from '../tokens';
import { LazyPanel } from './lazy';
import type { SidePanels } from './side';
import { followSelection } from './subject';
import { addViews } from './views';

const SIDE_RANK = 350;
const INSPECTOR_RANK = 350;

/** Components and runs on the left, the inspector on the right, views of runs and lineage in the main area. */
export function addPanels(
  app: JupyterFrontEnd,
  hub: ITwinGraph,
  translator: ITranslator,
  restorer: ILayoutRestorer | null
): void {
  const trans = translator.load('twingraph_lab');
  const side = new LazyPanel<SidePanels>(async () => new (await import('./side')).SidePanels(app, hub, trans));
  place(side, 'twingraph-side', twingraphIcon, trans.__('TwinGraph'), trans.__('TwinGraph components and runs'));
  app.shell.add(side, 'left', { rank: SIDE_RANK });
  restorer?.add(side, side.id);

  const openRun = (runId: string): void => void app.commands.execute(CommandIDs.openRun, { runId });
  const inspector = new LazyPanel(async () => new (await import('./inspector')).InspectorPanel(hub, trans, openRun));
  place(inspector, 'twingraph-inspector', inspectorIcon, trans.__('Node'), trans.__('TwinGraph node inspector'));
  app.shell.add(inspector, 'right', { rank: INSPECTOR_RANK });
  restorer?.add(inspector, inspector.id);

  followSelection(hub, () => app.shell.activateById(inspector.id));
  addPanelCommands(app, trans, side, inspector);
  addViews(app, hub, trans, restorer);
}

function place(widget: LazyPanel, id: string, icon: LabIcon, label: string, caption: string): void {
  widget.id = id;
  widget.title.icon = icon;
  widget.title.caption = caption;
  widget.node.setAttribute('role', 'region');
  widget.node.setAttribute('aria-label', label);
}

function addPanelCommands(
  app: JupyterFrontEnd,
  trans: TranslationBundle,
  side: LazyPanel<SidePanels>,
  inspector: LazyPanel
): void {
  const { commands, shell } = app;
  const reveal = async (show: (panels: SidePanels) => void): Promise<void> => {
    shell.activateById(side.id);
    show(await side.content());
  };
  commands.addCommand(CommandIDs.showPanel, {
    label: trans.__('Show Components'),
    icon: twingraphIcon,
    execute: () => reveal(panels => panels.showComponents())
  });
  commands.addCommand(CommandIDs.showRuns, {
    label: trans.__('Show Runs'),
    execute: () => reveal(panels => panels.showRuns())
  });
  commands.addCommand(CommandIDs.showInspector, {
    label: trans.__('Show Node Inspector'),
    icon: inspectorIcon,
    execute: () => shell.activateById(inspector.id)
  });
}
