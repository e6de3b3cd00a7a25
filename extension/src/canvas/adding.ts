// New nodes: from a searchable list at the pointer, from the palette or the file browser by drag and drop.
import type { Drag } from '@lumino/dragdrop';

import { freePlace } from './arrange';
import { make, pointIn } from './dom';
import { BOX, signOf } from './faces';
import { ENTRY_MIME } from './host';
import { comment } from './naming';
import { choose } from './popup';
import type { Point } from './scene';
import type { Sheet } from './sheet';

/** JupyterLab's file browser names what is dragged by paths under this type. */
const FILES_MIME = 'application/x-jupyter-icontents';

/** Files that can become nodes. */
const FILES = /\.(ipynb|py|twg\.json)$/i;

/** Choose a component to add at a point of the stage. */
export async function addByMenu(sheet: Sheet, at: Point): Promise<void> {
  if (sheet.host.readOnly) {
    sheet.notices.refuse('This workflow can only be looked at here.', [], at);
    return;
  }
  const { host } = sheet;
  const entries = () =>
    host.catalog.map(entry => ({
      value: () => addEntry(sheet, entry.entry, at),
      label: entry.label,
      detail: entry.description.split('\n')[0],
      section: entry.category,
      icon: signElement(entry.icon, sheet.drawing.palette.dark)
    }));
  const note = {
    value: () => comment(sheet, at),
    label: 'Comment',
    detail: 'a note on the canvas',
    section: 'Canvas',
    icon: make('span', { class: 'tg-sign', 'aria-hidden': 'true' }, '✎')
  };
  const choices = () => [...entries(), note];
  const chosen = await choose(sheet.stage, choices(), {
    title: 'Add to the canvas',
    placeholder: 'Add…',
    at,
    later: host.catalog.length ? undefined : { signal: host.changed, choices } // components are still on their way
  });
  await chosen?.();
}

/** At a point of the stage, else where there is room near the middle of the view. */
export async function addEntry(sheet: Sheet, entry: string, at?: Point): Promise<void> {
  const position = at ? sheet.toSheet(at) : roomInView(sheet);
  const delta = await sheet.edit([{ op: 'add_node', entry, position }], { at, select: true });
  const added = delta?.add.find(element => element.group === 'nodes');
  if (added) {
    sheet.notices.say(`${added.data.id} added`);
  }
}

export async function addFile(sheet: Sheet, path: string, at?: Point): Promise<void> {
  const position = at ? sheet.toSheet(at) : roomInView(sheet);
  await sheet.edit([{ op: 'add_file', path, position }], { at, select: true });
}

function roomInView(sheet: Sheet): Point {
  return freePlace(sheet.toSheet(sheet.middle), BOX, sheet.drawing.boxes());
}

/** A component's letters in its colour. */
export function signElement(icon: string, dark: boolean): HTMLElement {
  const [sign, color] = signOf(icon, dark);
  const element = make('span', { class: 'tg-sign', 'aria-hidden': 'true' }, sign);
  element.style.color = color;
  return element;
}

/** Takes what is dropped on the stage: Lumino's drags (palette, file browser) and the browser's own. */
export class Dropping {
  constructor(private readonly sheet: Sheet) {
    const { stage } = sheet;
    for (const name of ['lm-dragenter', 'lm-dragover', 'lm-dragleave', 'lm-drop']) {
      stage.addEventListener(name, event => this.lumino(event as Drag.Event));
    }
    stage.addEventListener('dragover', event => {
      if (event.dataTransfer?.types.includes(ENTRY_MIME)) {
        event.preventDefault();
        event.dataTransfer.dropEffect = 'copy';
        stage.classList.add('tg-dropping');
      }
    });
    stage.addEventListener('dragleave', () => stage.classList.remove('tg-dropping'));
    stage.addEventListener('drop', event => {
      stage.classList.remove('tg-dropping');
      const entry = event.dataTransfer?.getData(ENTRY_MIME);
      if (entry) {
        event.preventDefault();
        void addEntry(sheet, entry, pointIn(stage, event));
      }
    });
  }

  private lumino(event: Drag.Event): void {
    const { stage } = this.sheet;
    const isEntry = event.mimeData.hasData(ENTRY_MIME);
    const paths = event.mimeData.hasData(FILES_MIME) ? (event.mimeData.getData(FILES_MIME) as string[]) : [];
    const files = paths.filter(path => FILES.test(path));
    if (this.sheet.host.readOnly || !(isEntry || files.length)) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    stage.classList.toggle('tg-dropping', event.type === 'lm-dragenter' || event.type === 'lm-dragover');
    if (event.type === 'lm-dragover') {
      event.dropAction = event.proposedAction === 'none' ? 'copy' : event.proposedAction;
    }
    if (event.type === 'lm-drop') {
      event.dropAction = 'copy';
      const [x, y] = pointIn(stage, event);
      if (isEntry) {
        void addEntry(this.sheet, String(event.mimeData.getData(ENTRY_MIME)), [x, y]);
      }
      void this.addFiles(files, [x, y]);
    }
  }

  private async addFiles(paths: readonly string[], [x, y]: Point): Promise<void> {
    for (const [index, path] of paths.entries()) {
      await addFile(this.sheet, path, [x, y + index * 70]);
    }
  }
}
