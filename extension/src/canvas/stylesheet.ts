// The canvas' own cytoscape style. What is added by ipycytoscape's graph API is of the kind `plain`.
import type { EdgeSingular, NodeSingular, StylesheetJson } from 'cytoscape';

import { bend } from './bending';
import { BOX } from './faces';
import type { Palette } from './palette';

/** Number of nodes from which drawing is simplified, and from which it is simplified further. */
export const MANY = 1000;
export const MASSES = 3000;

export function stylesheet(palette: Palette, nodes: number, reducedMotion: boolean): StylesheetJson {
  return [...boxes(palette, nodes), ...groups(palette), ...lines(palette, nodes), ...marks(palette, reducedMotion)];
}

/** What comes before the styles of those who have drawn something beside the workflow: theirs have the last word. */
export function plain(palette: Palette, nodes: number): StylesheetJson {
  return [
    {
      selector: 'node[kind = "plain"]',
      style: {
        ...box(palette, nodes),
        'text-halign': 'center',
        'text-margin-x': 0,
        'text-margin-y': 0,
        'text-max-width': `${BOX.width - 24}px`
      }
    },
    {
      selector: 'node[kind = "plain"]:parent',
      style: { 'background-opacity': 0.3, 'background-image-opacity': 0, 'text-valign': 'top', padding: '22px' }
    },
    { selector: 'edge[kind = "plain"]', style: { ...line(palette, nodes), 'target-arrow-shape': 'none' } },
    { selector: 'edge[kind = "plain"].directed', style: { 'target-arrow-shape': 'triangle' } }
  ] as StylesheetJson;
}

function box(palette: Palette, nodes: number): object {
  return {
    shape: 'round-rectangle',
    'corner-radius': '10px',
    width: BOX.width,
    height: BOX.height,
    'background-color': palette.box,
    'background-image': 'data(face)',
    'background-width': '100%',
    'background-height': '100%',
    'border-width': 1.6,
    'border-color': palette.border,
    label: 'data(label)',
    color: palette.text,
    'font-family': palette.font,
    'font-size': 12.5,
    'font-weight': 600,
    'text-valign': 'center',
    'text-halign': 'right', // begins where its margin says: inside of the box, beside the icon
    'text-margin-x': -(BOX.width - 46),
    'text-margin-y': -7,
    'text-wrap': 'ellipsis',
    'text-max-width': `${BOX.width - 76}px`,
    'min-zoomed-font-size': nodes > MANY ? 8 : 6
  };
}

function boxes(palette: Palette, nodes: number): StylesheetJson {
  const states = Object.entries(palette.hues).map(([hue, color]) => ({
    selector: `node.tg-${hue}`,
    style: { 'border-color': color } // not the width: that would be a new size, and new ends for all edges
  }));
  return [
    { selector: 'node[kind = "task"], node.tg-collapsed', style: box(palette, nodes) },
    { selector: 'node[kind = "task"][?alone]', style: { 'text-margin-y': 0 } },
    {
      selector: 'node[kind = "task"][?progress]',
      style: {
        // a bar along the lower edge; widths are percent of the box
        'background-image': (node: NodeSingular) => [node.data('face'), node.data('bar')],
        'background-width': (node: NodeSingular) => ['100%', `${node.data('progress')}%`],
        'background-height': ['100%', '4px'],
        'background-position-x': ['50%', '0%'],
        'background-position-y': ['50%', '100%']
      } as object
    },
    ...states,
    {
      selector: 'node.tg-faulty',
      style: { 'border-color': palette.fault, 'border-style': 'dashed' }
    },
    { selector: 'node.tg-opaque', style: { 'border-style': 'dotted' } },
    {
      selector: 'node[kind = "comment"]',
      style: {
        shape: 'round-rectangle',
        'corner-radius': '4px',
        width: 'data(width)',
        height: 'data(height)',
        'background-color': palette.note,
        'border-width': 0,
        label: 'data(label)',
        color: palette.noteText,
        'font-family': palette.font,
        'font-size': 12,
        'line-height': 1.3,
        'text-valign': 'center',
        'text-halign': 'right', // begins inside of the box
        'text-margin-x': 'data(indent)',
        'text-wrap': 'wrap',
        'text-justification': 'left',
        'text-max-width': 'data(room)',
        'min-zoomed-font-size': 6
      } as object
    }
  ];
}

function groups(palette: Palette): StylesheetJson {
  return [
    {
      selector: 'node[kind = "group"]:parent, node[kind = "group"]:childless[!collapsed]',
      style: {
        shape: 'round-rectangle',
        'corner-radius': '14px',
        'background-color': palette.group,
        'background-opacity': 0.09,
        'border-width': 1.5,
        'border-style': 'dashed',
        'border-color': palette.group,
        padding: '22px',
        label: 'data(label)',
        color: palette.faint,
        'font-family': palette.font,
        'font-size': 13,
        'font-weight': 600,
        'text-valign': 'top',
        'text-halign': 'center',
        'text-margin-y': -11,
        'min-zoomed-font-size': 6
      } as object
    },
    {
      selector: 'node.tg-collapsed',
      style: { 'border-width': 4, 'border-style': 'double', 'border-color': palette.group }
    }
  ];
}

function line(palette: Palette, nodes: number): object {
  const curve =
    nodes > MASSES
      ? { 'curve-style': 'haystack', 'haystack-radius': 0 }
      : nodes > MANY
        ? { 'curve-style': 'straight', 'target-arrow-shape': 'triangle' }
        : {
            'curve-style': 'unbundled-bezier',
            'edge-distances': 'endpoints',
            'source-endpoint': '50% 0%',
            'target-endpoint': '-50% 0%',
            'control-point-weights': (edge: EdgeSingular) => bend(edge).map(([weight]) => weight),
            'control-point-distances': (edge: EdgeSingular) => bend(edge).map(([, distance]) => distance),
            'target-arrow-shape': 'triangle'
          };
  return {
    ...curve,
    width: 1.8,
    'line-color': palette.line,
    'target-arrow-color': palette.line,
    'arrow-scale': 0.9
  };
}

function lines(palette: Palette, nodes: number): StylesheetJson {
  return [
    { selector: 'edge[kind = "data"], edge[kind = "after"]', style: line(palette, nodes) },
    {
      selector: 'edge[value], edge.tg-told',
      style: {
        'font-family': palette.font,
        'font-size': 10,
        color: palette.faint,
        'text-background-color': palette.canvas,
        'text-background-opacity': 0.92,
        'text-background-padding': '2px',
        'text-background-shape': 'round-rectangle',
        'text-max-width': '130px',
        'text-wrap': 'ellipsis',
        'min-zoomed-font-size': 7
      } as object
    },
    { selector: 'edge[value]', style: { label: 'data(value)' } },
    { selector: 'edge[kind = "after"]', style: { 'line-style': 'dashed', 'target-arrow-shape': 'vee' } },
    {
      selector: 'edge.tg-faulty',
      style: { 'line-color': palette.fault, 'target-arrow-color': palette.fault, 'line-style': 'dashed' }
    },
    { selector: 'edge.tg-told', style: { label: 'data(ports)', 'z-index': 10, color: palette.text } }
  ];
}

function marks(palette: Palette, reducedMotion: boolean): StylesheetJson {
  const soft = reducedMotion ? 0 : 120; // milliseconds
  return [
    { selector: 'node[kind]:active, edge[kind]:active', style: { 'overlay-opacity': 0 } },
    {
      selector: 'node[kind]:selected',
      style: {
        'outline-width': 3,
        'outline-color': palette.accent,
        'outline-offset': 2,
        'outline-opacity': 1
      } as object
    },
    {
      selector: 'edge[kind]:selected',
      style: { width: 3.2, 'line-color': palette.accent, 'target-arrow-color': palette.accent, 'z-index': 20 }
    },
    {
      selector: 'node.tg-focus',
      style: { 'underlay-color': palette.accent, 'underlay-opacity': 0.28, 'underlay-padding': 9 }
    },
    { selector: 'node.tg-hit', style: { 'underlay-color': '#ffc107', 'underlay-opacity': 0.5, 'underlay-padding': 8 } },
    {
      selector: '.tg-dim',
      style: { opacity: 0.28, 'transition-property': 'opacity', 'transition-duration': soft }
    },
    {
      selector: 'node.tg-target',
      style: { 'underlay-color': palette.accent, 'underlay-opacity': 0.3, 'underlay-padding': 6 }
    }
  ] as StylesheetJson;
}
