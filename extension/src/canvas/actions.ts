// All that can be done on a canvas, by name: what toolbar, menus, keys and JupyterLab's commands refer to.
import {
  addIcon,
  deleteIcon,
  downloadIcon,
  editIcon,
  redoIcon,
  runIcon,
  searchIcon,
  undoIcon,
  type LabIcon
} from '@jupyterlab/ui-components';

import * as icons from './icons';

export interface Action {
  label: string;
  /** As a person says them: `Mod` is Ctrl, on a Mac Command. The first is shown. */
  keys?: readonly string[];
  icon?: LabIcon;
  /** Makes no sense where the workflow can't be edited. */
  edits?: boolean;
}

export const ACTIONS = {
  run: { label: 'Run all', keys: ['Mod+Enter'], icon: runIcon },
  runSelected: { label: 'Run selected', keys: ['Shift+Enter'] },
  runFrom: { label: 'Run from here', keys: ['Alt+Enter'] },
  cancel: { label: 'Cancel the run', keys: ['Mod+.'], icon: icons.cancelIcon },
  resume: { label: 'Resume the run' },
  undo: { label: 'Undo', keys: ['Mod+Z'], icon: undoIcon, edits: true },
  redo: { label: 'Redo', keys: ['Mod+Shift+Z', 'Mod+Y'], icon: redoIcon, edits: true },
  add: { label: 'Add a node', keys: ['A', 'Insert'], icon: addIcon, edits: true },
  comment: { label: 'Add a comment', keys: ['C'], icon: icons.commentIcon, edits: true },
  connect: { label: 'Connect to…', keys: ['E'], icon: icons.connectIcon, edits: true },
  open: { label: 'Open', keys: ['O', 'Space'] },
  rename: { label: 'Rename', keys: ['F2', 'Enter'], icon: editIcon, edits: true },
  cut: { label: 'Cut', keys: ['Mod+X'], edits: true },
  copy: { label: 'Copy', keys: ['Mod+C'] },
  paste: { label: 'Paste', keys: ['Mod+V'], edits: true },
  duplicate: { label: 'Duplicate', keys: ['Mod+D'], edits: true },
  delete: { label: 'Delete', keys: ['Delete', 'Backspace'], icon: deleteIcon, edits: true },
  selectAll: { label: 'Select all', keys: ['Mod+A'] },
  group: { label: 'Group', keys: ['Mod+G'], icon: icons.groupIcon, edits: true },
  ungroup: { label: 'Ungroup', keys: ['Mod+Shift+G'], edits: true },
  collapse: { label: 'Collapse or open the group', keys: ['H'], edits: true },
  alignLeft: { label: 'Align left', edits: true },
  alignCenter: { label: 'Align centres', edits: true },
  alignRight: { label: 'Align right', edits: true },
  alignTop: { label: 'Align top', edits: true },
  alignMiddle: { label: 'Align middles', edits: true },
  alignBottom: { label: 'Align bottom', edits: true },
  distributeX: { label: 'Distribute horizontally', edits: true },
  distributeY: { label: 'Distribute vertically', edits: true },
  arrange: { label: 'Arrange all', keys: ['L'], icon: icons.arrangeIcon, edits: true },
  arrangeSelection: { label: 'Arrange selection', keys: ['Shift+L'], edits: true },
  zoomIn: { label: 'Zoom in', keys: ['+', '='], icon: icons.zoomInIcon },
  zoomOut: { label: 'Zoom out', keys: ['-'], icon: icons.zoomOutIcon },
  zoomReset: { label: 'Zoom to 100 %', keys: ['0'] },
  fit: { label: 'Fit to the view', keys: ['F'], icon: icons.fitIcon },
  find: { label: 'Find', keys: ['Mod+F'], icon: searchIcon },
  minimap: { label: 'Minimap', keys: ['M'], icon: icons.minimapIcon },
  properties: { label: 'Properties', keys: ['P'], icon: icons.propertiesIcon },
  png: { label: 'Export as PNG', icon: downloadIcon },
  svg: { label: 'Export as SVG', icon: downloadIcon },
  menu: { label: 'Menu', keys: ['Shift+F10', 'ContextMenu'] },
  help: { label: 'Keyboard shortcuts', keys: ['?'] }
} as const satisfies Record<string, Action>;

export type ActionName = keyof typeof ACTIONS;

/** Those that put what is selected in order. */
export const ORDERING = [
  'alignLeft',
  'alignCenter',
  'alignRight',
  'alignTop',
  'alignMiddle',
  'alignBottom',
  'distributeX',
  'distributeY',
  'arrangeSelection'
] as const satisfies readonly ActionName[];

/** What is to be done, by its name. */
export type Performer = (name: ActionName) => void;

/** An action's facts, without the narrow types of the table. */
export function actionOf(name: ActionName): Action {
  return ACTIONS[name];
}

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/** An action's keys for a tooltip. */
export function keysOf(name: ActionName): string {
  const keys = actionOf(name).keys?.[0] ?? '';
  return IS_MAC ? keys.replace('Mod+', '⌘').replace('Shift+', '⇧').replace('Alt+', '⌥') : keys.replace('Mod', 'Ctrl');
}

/** Label and keys: `Undo (Ctrl+Z)`. */
export function titleOf(name: ActionName): string {
  const keys = keysOf(name);
  return keys ? `${actionOf(name).label} (${keys})` : actionOf(name).label;
}
