import { IJupyterWidgetRegistry } from '@jupyter-widgets/base';
import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { IMainMenu } from '@jupyterlab/mainmenu';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { addCommands } from './commands';
import { registerDocuments } from './document';
import { addEntrances } from './entrances';
import { Hub } from './hub';
import { notebookPlugins } from './notebook';
import { addPanels } from './panels';
import { addStatus } from './panels/status';
import { Service } from './service';
import { Settings } from './settings';
import { CommandIDs, ITwinGraph, PLUGIN } from './tokens';

// Nothing here may pull in the canvas or the run views: their code is loaded when the first of them is shown.

const START = 'twingraph-lab:activate';

/** Widgets of kernels: `Canvas`, `RunView`, `Inspector`, `LineageView`. */
const widgets: JupyterFrontEndPlugin<void> = {
  id: 'twingraph-lab:widgets',
  description: 'Canvas and run widgets of notebooks.',
  autoStart: true,
  optional: [IJupyterWidgetRegistry, IEditorServices],
  activate: (_app, registry: IJupyterWidgetRegistry | null, editors: IEditorServices | null) => {
    const exports = async () => {
      const found = await import('./widgets');
      found.CanvasView.editors = editors;
      return found;
    };
    registry?.registerWidget({ name: 'twingraph-lab', version: '0.1.0', exports });
  }
};

/** Canvas documents, and everything that is the same wherever the extension is used. */
const core: JupyterFrontEndPlugin<ITwinGraph> = {
  id: PLUGIN,
  description: 'Workflow documents on a canvas, commands, and the service behind them.',
  autoStart: true,
  provides: ITwinGraph,
  optional: [
    ITranslator,
    ISettingRegistry,
    IEditorServices,
    ILayoutRestorer,
    IDefaultFileBrowser,
    ICommandPalette,
    ILauncher,
    IMainMenu
  ],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    registry: ISettingRegistry | null,
    editors: IEditorServices | null,
    restorer: ILayoutRestorer | null,
    browser: IDefaultFileBrowser | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    menu: IMainMenu | null
  ): ITwinGraph => {
    performance.mark(START);
    const language = translator ?? nullTranslator;
    const settings = new Settings();
    void registry?.load(PLUGIN).then(loaded => settings.follow(loaded));
    const service = new Service(settings);
    const { contents } = app.serviceManager;
    const openAsText = (path: string): void => void app.commands.execute(CommandIDs.openAsText, { path });
    const documents = registerDocuments(app, { service, settings, contents, editors, openAsText }, language);
    const hub = new Hub(service, settings, documents);
    addCommands(app, hub, language, browser);
    addEntrances(hub, language, palette, launcher, menu);
    void restorer?.restore(documents, {
      command: CommandIDs.open,
      args: document => ({ path: document.context.path }),
      name: document => document.context.path
    });
    performance.measure(START, START);
    return hub;
  }
};

/** Components and runs on the left, the inspector on the right. */
const panels: JupyterFrontEndPlugin<void> = {
  id: 'twingraph-lab:panels',
  description: 'Palette of components, history of runs, inspector of nodes.',
  autoStart: true,
  requires: [ITwinGraph],
  optional: [ITranslator, ILayoutRestorer],
  activate: (app: JupyterFrontEnd, hub: ITwinGraph, translator: ITranslator | null, restorer: ILayoutRestorer | null) =>
    addPanels(app, hub, translator ?? nullTranslator, restorer)
};

/** What the service is doing. */
const status: JupyterFrontEndPlugin<void> = {
  id: 'twingraph-lab:status',
  description: 'The state of the service and the runs under way in the status bar.',
  autoStart: true,
  requires: [ITwinGraph],
  optional: [IStatusBar, ITranslator],
  activate: (app: JupyterFrontEnd, hub: ITwinGraph, bar: IStatusBar | null, translator: ITranslator | null) => {
    if (bar) {
      addStatus(app, hub, bar, translator ?? nullTranslator);
    }
  }
};

const plugins: JupyterFrontEndPlugin<unknown>[] = [widgets, core, panels, status, ...notebookPlugins];
export default plugins;
