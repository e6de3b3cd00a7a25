// Icons of the toolbar that JupyterLab doesn't have, in its style: 16 × 16, coloured by the theme.
import { LabIcon } from '@jupyterlab/ui-components';

function drawn(name: string, shapes: string): LabIcon {
  const svgstr =
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16"><g fill="none">' +
    '<g class="jp-icon3" stroke="#616161" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">' +
    `${shapes}</g></g></svg>`;
  return new LabIcon({ name: `twingraph-lab:${name}`, svgstr });
}

export const commentIcon = drawn('comment', '<path d="M2.5 3h11v8h-6L4.5 13.5V11h-2z"/><path d="M5 6h6M5 8.3h4"/>');
export const groupIcon = drawn(
  'group',
  '<rect x="1.7" y="1.7" width="12.6" height="12.6" rx="2" stroke-dasharray="2.4 2"/><rect x="4.2" y="4.5" width="4" height="3" rx="1"/><rect x="7.8" y="9" width="4" height="3" rx="1"/>'
);
export const connectIcon = drawn(
  'connect',
  '<circle cx="3.2" cy="4" r="1.8"/><circle cx="12.8" cy="12" r="1.8"/><path d="M5 4c6 0 0 8 6 8"/>'
);
export const alignIcon = drawn(
  'align',
  '<path d="M2 1.8v12.4"/><rect x="4.5" y="3" width="9" height="3.4" rx="1"/><rect x="4.5" y="9.6" width="5.5" height="3.4" rx="1"/>'
);
export const arrangeIcon = drawn(
  'arrange',
  '<rect x="1.5" y="6.2" width="4" height="3.6" rx="1"/><rect x="10.5" y="1.8" width="4" height="3.6" rx="1"/><rect x="10.5" y="10.6" width="4" height="3.6" rx="1"/><path d="M5.5 8c3 0 2-4.4 5-4.4M5.5 8c3 0 2 4.4 5 4.4"/>'
);
export const zoomInIcon = drawn('zoom-in', '<circle cx="7" cy="7" r="4.8"/><path d="M10.6 10.6L14 14M5 7h4M7 5v4"/>');
export const zoomOutIcon = drawn('zoom-out', '<circle cx="7" cy="7" r="4.8"/><path d="M10.6 10.6L14 14M5 7h4"/>');
export const fitIcon = drawn(
  'fit',
  '<path d="M2 5.5V2h3.5M10.5 2H14v3.5M14 10.5V14h-3.5M5.5 14H2v-3.5"/><rect x="5.2" y="5.7" width="5.6" height="4.6" rx="1"/>'
);
export const minimapIcon = drawn(
  'minimap',
  '<rect x="1.7" y="2.7" width="12.6" height="10.6" rx="1.5"/><rect x="7.6" y="7.4" width="5" height="4.2" rx=".6"/>'
);
export const propertiesIcon = drawn(
  'properties',
  '<rect x="1.7" y="2.2" width="12.6" height="11.6" rx="1.5"/><path d="M9.2 2.2v11.6M11 5.2h1.8M11 8h1.8M11 10.8h1.8"/>'
);
export const cancelIcon = drawn('cancel', '<rect x="3.4" y="3.4" width="9.2" height="9.2" rx="1.2"/>');
