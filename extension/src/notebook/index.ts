import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, ISessionContextDialogs } from '@jupyterlab/apputils';
import { CodeCell } from '@jupyterlab/cells';
import { EditorExtensionRegistry, IEditorExtensionRegistry, IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { runIcon } from '@jupyterlab/ui-components';

import { twingraphIcon } from '../icons';
import { isNode, makeNode, runNode } from './acts';
import { showBadges } from './badges';
import { highlighting } from './highlight';
import { CellsLink } from './link';
import { showPictures } from './pictures';

namespace CommandIDs {
  export const makeNode = 'twingraph:make-node';
  export const runNode = 'twingraph:run-node';
}

/** Also the name of `schema/notebook.json`, which puts the commands into toolbar, menu and shortcuts. */
const PLUGIN = 'twingraph-lab:notebook';

/** Cells and canvas in step; cells that become nodes and nodes that run. */
const cells: JupyterFrontEndPlugin<void> = {
  id: PLUGIN,
  description: 'Cells that are nodes: kept in step with the canvas, made and run from their toolbar.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ITranslator, ICommandPalette, ISessionContextDialogs],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    dialogs: ISessionContextDialogs | null
  ) => {
    const language = translator ?? nullTranslator;
    const trans = language.load('twingraph_lab');
    const links = new WeakMap<NotebookPanel, CellsLink>();

    tracker.widgetAdded.connect((_, panel) => {
      const link = new CellsLink(panel, trans);
      links.set(panel, link);
      showBadges(panel, link, trans);
      showPictures(panel.content.rendermime);
    });

    const current = (): { panel: NotebookPanel; cell: CodeCell; link: CellsLink } | null => {
      const panel = tracker.currentWidget;
      const cell = tracker.activeCell;
      const link = panel && links.get(panel);
      return panel && link && cell instanceof CodeCell ? { panel, cell, link } : null;
    };
    const isOf = (node: boolean): boolean => {
      const found = current();
      return !!found && isNode(found.cell.model.sharedModel.source) === node;
    };
    // the toolbar's buttons are for the active cell, and what it is changes as it is typed
    let kind = false;
    const look = (): void => {
      kind = isOf(true);
      app.commands.notifyCommandChanged(CommandIDs.makeNode);
      app.commands.notifyCommandChanged(CommandIDs.runNode);
    };
    tracker.activeCellChanged.connect((_, cell) => {
      look();
      cell?.model.contentChanged.connect(() => {
        if (kind !== isOf(true)) {
          look();
        }
      });
    });

    app.commands.addCommand(CommandIDs.makeNode, {
      label: trans.__('Make This Cell a Node'),
      caption: trans.__('Make this cell a node of the TwinGraph workflow'),
      icon: twingraphIcon,
      isVisible: () => isOf(false),
      isEnabled: () => isOf(false),
      execute: async () => {
        const found = current();
        return found ? makeNode(found.panel, found.cell, dialogs, language) : undefined;
      }
    });
    app.commands.addCommand(CommandIDs.runNode, {
      label: trans.__('Run This Node'),
      caption: trans.__('Run this node and what it needs'),
      icon: runIcon,
      isVisible: () => isOf(true),
      isEnabled: () => isOf(true),
      execute: async () => {
        const found = current();
        return found ? runNode(found.panel, found.cell, found.link, dialogs, language) : undefined;
      }
    });
    const category = trans.__('TwinGraph');
    palette?.addItem({ command: CommandIDs.makeNode, category });
    palette?.addItem({ command: CommandIDs.runNode, category });
  }
};

/** The first line and the body of cells that are nodes, in colours. */
const colours: JupyterFrontEndPlugin<void> = {
  id: 'twingraph-lab:highlighting',
  description: 'Highlights cells that are nodes in the language of their body.',
  autoStart: true,
  requires: [IEditorExtensionRegistry, IEditorLanguageRegistry],
  activate: (_app: JupyterFrontEnd, extensions: IEditorExtensionRegistry, languages: IEditorLanguageRegistry) => {
    extensions.addExtension({
      name: 'twingraph-lab:cells',
      factory: ({ model }) =>
        EditorExtensionRegistry.createImmutableExtension(highlighting(languages, model.sharedModel.source))
    });
  }
};

export const notebookPlugins: JupyterFrontEndPlugin<void>[] = [cells, colours];
