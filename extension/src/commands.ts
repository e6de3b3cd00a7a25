import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import {
  fastForwardIcon,
  fileIcon,
  redoIcon,
  runIcon,
  stopIcon,
  undoIcon,
  type LabIcon
} from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { ActionName } from './canvas/actions';
import type { CanvasPage } from './document/page';
import type { CanvasDocument } from './document/widget';
import { canvasIcon } from './icons';
import { CommandIDs, FACTORY, FILE_EXTENSION, type ITwinGraph } from './tokens';

const TEXT_FACTORY = 'Editor';

/** Commands about canvas documents. Those about runs are the panels'. */
export function addCommands(
  app: JupyterFrontEnd,
  hub: ITwinGraph,
  translator: ITranslator,
  browser: IDefaultFileBrowser | null
): void {
  const trans = translator.load('twingraph_lab');
  addFileCommands(app, hub, trans, browser);
  addCanvasCommands(app, hub, trans);
  const { commands } = app;
  const update = (): void => {
    for (const id of Object.values(CommandIDs)) {
      if (commands.hasCommand(id)) {
        commands.notifyCommandChanged(id);
      }
    }
  };
  hub.documents.currentChanged.connect(update);
}

function addFileCommands(
  app: JupyterFrontEnd,
  hub: ITwinGraph,
  trans: TranslationBundle,
  browser: IDefaultFileBrowser | null
): void {
  const { commands } = app;
  const path = (args: ReadonlyPartialJSONObject): string =>
    typeof args.path === 'string' ? args.path : (browser?.selectedItems().next().value?.path ?? '');
  const open = (path: string): Promise<CanvasDocument | undefined> =>
    commands.execute('docmanager:open', { path, factory: FACTORY });

  commands.addCommand(CommandIDs.create, {
    label: args => (args.isPalette ? trans.__('New Canvas') : trans.__('TwinGraph canvas')),
    caption: trans.__('Draw a workflow and run it'),
    icon: args => (args.isPalette ? undefined : canvasIcon),
    execute: async args => {
      const folder = typeof args.cwd === 'string' ? args.cwd : (browser?.model.path ?? '');
      const file = await commands.execute('docmanager:new-untitled', {
        path: folder,
        type: 'file',
        ext: FILE_EXTENSION
      });
      return open(file.path);
    }
  });

  commands.addCommand(CommandIDs.open, {
    label: trans.__('Open in Canvas'),
    icon: canvasIcon,
    execute: args => open(path(args))
  });

  commands.addCommand(CommandIDs.openAsText, {
    label: trans.__('Open as Text'),
    icon: fileIcon,
    isEnabled: args => typeof args.path === 'string' || hub.documents.currentWidget !== null,
    execute: args =>
      commands.execute('docmanager:open', {
        path: typeof args.path === 'string' ? args.path : hub.documents.currentWidget?.context.path,
        factory: TEXT_FACTORY,
        options: { mode: 'split-right' }
      })
  });

  commands.addCommand(CommandIDs.addFile, {
    label: trans.__('Add to Canvas'),
    caption: trans.__('Make nodes of this file on the canvas that was used last'),
    icon: canvasIcon,
    isEnabled: () => hub.documents.currentWidget !== null,
    execute: async args => {
      const file = path(args);
      const page = await drawn(hub.documents.currentWidget);
      if (page) {
        app.shell.activateById(hub.documents.currentWidget?.id ?? '');
        await page.panel.addFile(file);
      }
    }
  });

  commands.addCommand(CommandIDs.runFile, {
    label: trans.__('Run Workflow'),
    caption: trans.__('Open this workflow on a canvas and run it'),
    icon: runIcon,
    execute: async args => {
      const page = await drawn(await open(path(args)));
      page?.panel.perform('run');
    }
  });
}

function addCanvasCommands(app: JupyterFrontEnd, hub: ITwinGraph, trans: TranslationBundle): void {
  const { commands } = app;
  const page = () => hub.documents.currentWidget?.content.page ?? null;
  const isEnabled = (): boolean => page()?.host.condition.kind === 'ready';

  commands.addCommand(CommandIDs.addEntry, {
    label: trans.__('Add Component to Canvas'),
    isVisible: args => typeof args.entry === 'string',
    execute: async args => {
      const document: CanvasDocument | null =
        hub.documents.currentWidget ?? (await commands.execute(CommandIDs.create)) ?? null;
      const page = await drawn(document);
      if (page && document && typeof args.entry === 'string') {
        if (!document.isVisible) {
          app.shell.activateById(document.id); // else the keyboard stays where it is, to add another one
        }
        await page.panel.addEntry(args.entry);
      }
    }
  });

  /** A command that does on the canvas what its toolbar and keys do. */
  const add = (id: string, name: ActionName, label: string, icon: LabIcon | undefined, able: () => boolean): void => {
    commands.addCommand(id, {
      label,
      icon,
      isEnabled: () => isEnabled() && able(),
      execute: () => page()?.panel.perform(name)
    });
  };
  const always = (): boolean => true;
  const anySelected = (): boolean => (page()?.nodesSelected.length ?? 0) > 0;
  const underWay = (): boolean => page()?.host.run.underWay ?? false;
  const resumable = (): boolean => page()?.host.run.resumable ?? false;
  add(CommandIDs.run, 'run', trans.__('Run Workflow'), runIcon, always);
  add(CommandIDs.runSelected, 'runSelected', trans.__('Run Selected Nodes'), undefined, anySelected);
  add(CommandIDs.runFromHere, 'runFrom', trans.__('Run from Selected Nodes On'), undefined, anySelected);
  add(CommandIDs.cancel, 'cancel', trans.__('Cancel Run'), stopIcon, underWay);
  add(CommandIDs.resume, 'resume', trans.__('Resume Run'), fastForwardIcon, resumable);

  commands.addCommand(CommandIDs.undo, {
    label: trans.__('Undo Edit of Canvas'),
    icon: undoIcon,
    isEnabled: () => page()?.host.undoable ?? false,
    execute: () => turn('undo', () => page()?.panel.perform('undo'))
  });
  commands.addCommand(CommandIDs.redo, {
    label: trans.__('Redo Edit of Canvas'),
    icon: redoIcon,
    isEnabled: () => page()?.host.redoable ?? false,
    execute: () => turn('redo', () => page()?.panel.perform('redo'))
  });
}

/** A document's canvas as soon as it shows what the file says. */
async function drawn(document: CanvasDocument | null | undefined): Promise<CanvasPage | null> {
  if (!document) {
    return null;
  }
  await document.context.ready;
  const page = await document.content.ready;
  await page.host.open();
  return page;
}

/** Somebody who types means the text that is typed. */
function turn(name: 'undo' | 'redo', canvas: () => unknown): unknown {
  const typing = document.activeElement?.matches('input, textarea, [contenteditable="true"]') ?? false;
  return typing ? document.execCommand(name) : canvas();
}
