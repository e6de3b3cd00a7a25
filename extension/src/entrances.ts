import type { ICommandPalette } from '@jupyterlab/apputils';
import type { ILauncher } from '@jupyterlab/launcher';
import type { IMainMenu } from '@jupyterlab/mainmenu';
import type { ITranslator } from '@jupyterlab/translation';
import type { Widget } from '@lumino/widgets';

import { CommandIDs, type ITwinGraph } from './tokens';

const LAUNCHER_RANK = 0;
const MENU_RANK = 1;

/** Commands that make sense without arguments. */
const ALONE = [
  CommandIDs.openAsText,
  CommandIDs.run,
  CommandIDs.runSelected,
  CommandIDs.runFromHere,
  CommandIDs.cancel,
  CommandIDs.resume,
  CommandIDs.undo,
  CommandIDs.redo,
  CommandIDs.showPanel,
  CommandIDs.showRuns,
  CommandIDs.showInspector,
  CommandIDs.openRun,
  CommandIDs.openLineage
];

/** Launcher card, command palette and the Edit menu; the other menus and the shortcuts are in `schema/plugin.json`. */
export function addEntrances(
  hub: ITwinGraph,
  translator: ITranslator,
  palette: ICommandPalette | null,
  launcher: ILauncher | null,
  menu: IMainMenu | null
): void {
  const trans = translator.load('twingraph_lab');
  const category = trans.__('TwinGraph');
  launcher?.add({ command: CommandIDs.create, category: trans.__('Other'), rank: LAUNCHER_RANK });
  palette?.addItem({ command: CommandIDs.create, category, args: { isPalette: true } });
  ALONE.forEach(command => palette?.addItem({ command, category }));
  menu?.fileMenu.newMenu.addItem({ command: CommandIDs.create, rank: MENU_RANK });
  const isEnabled = (widget: Widget): boolean => hub.documents.has(widget);
  menu?.editMenu.undoers.undo.add({ id: CommandIDs.undo, isEnabled });
  menu?.editMenu.undoers.redo.add({ id: CommandIDs.redo, isEnabled });
}
