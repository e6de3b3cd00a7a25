// Does what an action's name says, on what is selected.
import type { Edit } from '../schema';

import { actionOf, ACTIONS, keysOf, ORDERING, titleOf, type ActionName } from './actions';
import { addByMenu } from './adding';
import { aligned, distributed, rearranged, type Positions } from './arrange';
import { clipboardText, copy, duplicate, paste } from './clipboard';
import { exportPng, exportSvg } from './exporting';
import type { Finder } from './finder';
import type { Linking } from './linking';
import type { Live } from './live';
import type { Minimap } from './minimap';
import { comment, rename } from './naming';
import { choose } from './popup';
import type { Point } from './scene';
import type { Sheet } from './sheet';

/** The parts of a canvas that actions reach for. */
export interface Parts {
  sheet: Sheet;
  live: Live;
  linking: Linking;
  finder: Finder;
  minimap: Minimap;
  /** Where the pointer is on the stage, or where it was last; else the middle. */
  pointer(): Point;
  toggleProperties(): void;
  open(id: string): void;
}

const OF_SELECTION: readonly ActionName[] = [
  'open',
  'rename',
  'connect',
  'runFrom',
  'runSelected',
  'cut',
  'copy',
  'duplicate',
  'delete',
  'group',
  'ungroup',
  'collapse',
  ...ORDERING
];
const OF_CANVAS: readonly ActionName[] = [
  'add',
  'comment',
  'paste',
  'run',
  'selectAll',
  'arrange',
  'fit',
  'find',
  'help'
];

type Work = (at: Point) => void | Promise<void>;

export class Performing {
  private readonly work: Record<ActionName, Work>;

  constructor(private readonly parts: Parts) {
    this.work = { ...this.running(), ...this.editing(), ...this.placing(), ...this.looking() };
  }

  perform(name: ActionName, at = this.parts.pointer()): void {
    if (this.enabled(name)) {
      void this.work[name](at);
    }
  }

  enabled(name: ActionName): boolean {
    const { sheet, live } = this.parts;
    const nodes = sheet.selectedNodes;
    const underWay = live.progress?.state === 'running' || live.progress?.state === 'requested';
    if (actionOf(name).edits && sheet.host.readOnly) {
      return false;
    }
    switch (name) {
      case 'cancel':
        return underWay;
      case 'resume':
        return live.progress?.state === 'failed' || live.progress?.state === 'cancelled';
      case 'run':
        return !underWay && sheet.size > 0;
      case 'runSelected':
        return !underWay && nodes.some(node => node.data.kind === 'task' || node.data.kind === 'group');
      case 'runFrom':
      case 'connect':
        return nodes.length === 1 && nodes[0].data.kind === 'task' && !(name === 'runFrom' && underWay);
      case 'open':
      case 'rename':
        return nodes.length === 1;
      case 'cut':
      case 'copy':
      case 'duplicate':
        return nodes.length > 0;
      case 'group':
        return nodes.some(node => node.data.kind === 'task');
      case 'ungroup':
      case 'collapse':
        return nodes.some(node => node.data.kind === 'group');
      case 'delete':
        return sheet.selection.length > 0;
      case 'alignLeft':
      case 'alignCenter':
      case 'alignRight':
      case 'alignTop':
      case 'alignMiddle':
      case 'alignBottom':
      case 'arrangeSelection':
        return sheet.selectedBoxes.length > 1;
      case 'distributeX':
      case 'distributeY':
        return sheet.selectedBoxes.length > 2;
      default:
        return true;
    }
  }

  /** Choose from what can be done with the selection, or on the canvas if nothing is selected. */
  contextMenu(at: Point): Promise<void> {
    const names = this.parts.sheet.selection.length ? OF_SELECTION : OF_CANVAS;
    const usable = names.filter(name => this.enabled(name));
    return this.menu(at, usable, 'Commands');
  }

  async menu(at: Point, names: readonly ActionName[], title: string): Promise<void> {
    const choices = names.map(name => ({
      value: name,
      label: actionOf(name).label,
      hint: keysOf(name),
      disabled: !this.enabled(name)
    }));
    const chosen = await choose(this.parts.sheet.stage, choices, { title, at });
    if (chosen) {
      this.perform(chosen, at);
    }
  }

  private running() {
    const { sheet, live } = this.parts;
    const tasks = () =>
      sheet.selectedNodes.flatMap(({ data }) =>
        data.kind === 'group' ? data.members : data.kind === 'task' ? [data.id] : []
      );
    const ask = async (what: 'run' | 'cancel' | 'resume', args: Record<string, unknown> = {}) => {
      await sheet.ask(what, args);
    };
    return {
      run: () => ask('run'),
      runSelected: () => ask('run', { only: tasks() }),
      runFrom: () => ask('run', { start: tasks() }),
      cancel: () => ask('cancel', { run_id: live.progress?.run_id }),
      resume: () => ask('resume', { run_id: live.progress?.run_id })
    };
  }

  private editing() {
    const { sheet, linking } = this.parts;
    const remove = async () => {
      const ids = [...sheet.selection];
      if (await sheet.edit([{ op: 'remove', ids }])) {
        sheet.notices.say(ids.length === 1 ? `${ids[0]} removed` : `${ids.length} removed`);
      }
    };
    const fold = async () => {
      const groups = sheet.selectedNodes.filter(node => node.data.kind === 'group');
      const edits = groups.map(({ data }): Edit => ({ op: 'collapse', id: data.id, collapsed: !data.collapsed }));
      await sheet.edit([...sheet.keepPlaces(), ...edits]);
    };
    return {
      undo: () => sheet.host.undo(),
      redo: () => sheet.host.redo(),
      add: (at: Point) => addByMenu(sheet, at),
      comment: (at: Point) => comment(sheet, at),
      connect: () => {
        const node = sheet.selectedNodes[0];
        const box = sheet.boxOf(node.data.id);
        return linking.byKeyboard(node, [box.right + 8, box.top]);
      },
      rename: () => rename(sheet, sheet.selectedNodes[0]),
      copy: async () => void (await copy(sheet)),
      cut: async () => {
        if (await copy(sheet)) {
          await remove();
        }
      },
      paste: async (at: Point) => paste(sheet, await clipboardText(), at),
      duplicate: () => duplicate(sheet),
      delete: remove,
      group: async () => {
        const ids = sheet.selectedNodes.filter(node => node.data.kind === 'task').map(node => node.data.id);
        await sheet.edit([...sheet.keepPlaces(), { op: 'group', ids }], { select: true });
      },
      ungroup: async () => {
        const groups = sheet.selectedNodes.filter(node => node.data.kind === 'group');
        await sheet.edit([{ op: 'remove', ids: groups.map(node => node.data.id) }]);
      },
      collapse: fold
    };
  }

  private placing() {
    const { sheet } = this.parts;
    const edges = () => [...sheet.scene.edges.values()].map(edge => edge.data);
    const place = (positions: Positions) => sheet.place(positions);
    return {
      alignLeft: () => place(aligned(sheet.selectedBoxes, 'left')),
      alignCenter: () => place(aligned(sheet.selectedBoxes, 'center')),
      alignRight: () => place(aligned(sheet.selectedBoxes, 'right')),
      alignTop: () => place(aligned(sheet.selectedBoxes, 'top')),
      alignMiddle: () => place(aligned(sheet.selectedBoxes, 'middle')),
      alignBottom: () => place(aligned(sheet.selectedBoxes, 'bottom')),
      distributeX: () => place(distributed(sheet.selectedBoxes, 'x')),
      distributeY: () => place(distributed(sheet.selectedBoxes, 'y')),
      arrange: async () => {
        const boxes = sheet.drawing.boxes().filter(box => sheet.node(box.id)?.data.kind !== 'comment');
        if (boxes.length) {
          await place(rearranged(boxes, edges()));
          fit(sheet);
        }
      },
      arrangeSelection: () => place(rearranged(sheet.selectedBoxes, edges()))
    };
  }

  private looking() {
    const { sheet, finder, minimap, open, toggleProperties } = this.parts;
    const { cy } = sheet;
    const zoom = (level: number) => {
      const [x, y] = sheet.middle;
      cy.zoom({ level, renderedPosition: { x, y } });
    };
    return {
      open: () => open(sheet.selectedNodes[0].data.id),
      selectAll: () => sheet.select([...sheet.scene.nodes.keys()]),
      zoomIn: () => zoom(cy.zoom() * 1.25),
      zoomOut: () => zoom(cy.zoom() / 1.25),
      zoomReset: () => zoom(1),
      fit: () => void fit(sheet),
      find: () => finder.open(),
      minimap: () => minimap.toggle(),
      properties: () => toggleProperties(),
      png: () => exportPng(sheet),
      svg: () => exportSvg(sheet),
      menu: (at: Point) => this.contextMenu(at),
      help: async (at: Point) => {
        const names = (Object.keys(ACTIONS) as ActionName[]).filter(name => keysOf(name));
        const more = [
          { value: null, label: 'Next, previous node', hint: 'Tab, Shift+Tab' },
          { value: null, label: 'Move what is selected, else the view', hint: 'Arrows (far: Shift)' },
          { value: null, label: 'Select an area', hint: 'Shift+drag' }
        ];
        const rows = names.map(name => ({ value: name, label: actionOf(name).label, hint: keysOf(name) }));
        const chosen = await choose<ActionName | null>(sheet.stage, [...rows, ...more], {
          title: titleOf('help'),
          placeholder: 'Keyboard shortcuts',
          at
        });
        if (chosen) {
          this.perform(chosen);
        }
      }
    };
  }
}

/** Room around what is fitted into the view, in pixels: beside it, ports have to be seen too. */
const MARGIN = 40;
const PORTS = 90;

/** All in view, without making a small workflow huge. */
export function fit(sheet: Sheet): void {
  const { cy } = sheet;
  if (sheet.size === 0) {
    cy.zoom(1);
    cy.pan({ x: 0, y: 0 });
    return;
  }
  const { x1, y1, w, h } = cy.elements().boundingBox();
  const [width, height] = [cy.width(), cy.height()];
  const level = Math.min(1, (width - 2 * Math.min(PORTS, width * 0.1)) / w, (height - 2 * MARGIN) / h);
  const zoom = Math.max(level, cy.minZoom());
  cy.viewport({ zoom, pan: { x: width / 2 - zoom * (x1 + w / 2), y: height / 2 - zoom * (y1 + h / 2) } });
}

/** Whether all is in view. */
export function isWhole(sheet: Sheet): boolean {
  const { x1, y1, x2, y2 } = sheet.cy.extent();
  return sheet.drawing
    .boxes()
    .every(
      ({ x, y, width, height }) =>
        x - width / 2 >= x1 && x + width / 2 <= x2 && y - height / 2 >= y1 && y + height / 2 <= y2
    );
}
